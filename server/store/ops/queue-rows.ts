/** Rows of the queue as values, and how a message comes into it and leaves it. */

import { queueIdOf } from "../queue-id.ts";
import { queuedMessageOf } from "../queued.ts";
import type { Acceptance, ContentId, Notify, QueuedMessage, QueuedRecipient, RecipientState } from "../store.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";

export const states = ["scheduled", "leased", "held"] as const satisfies readonly RecipientState[];
export const [scheduled, leased, held] = [0, 1, 2] as const;
/** What the sender asked of TLS. */
const [requireTls, tlsOptional] = [1, 2] as const;

function notifyBits(notify: Notify | undefined): number | null {
  if (notify === undefined) return null;
  return (notify.never ? 1 : 0) + (notify.success ? 2 : 0) + (notify.failure ? 4 : 0) + (notify.delay ? 8 : 0);
}

function notifyOf(bits: number | null): Notify | undefined {
  if (bits === null) return undefined;
  return { never: (bits & 1) !== 0, success: (bits & 2) !== 0, failure: (bits & 4) !== 0, delay: (bits & 8) !== 0 };
}

type MessageRow = {
  readonly id: number;
  readonly envelope_from: string;
  readonly envid: string | null;
  readonly ret: "full" | "hdrs" | null;
  readonly smtputf8: number;
  readonly body: QueuedMessage["body"];
  readonly require_tls: number;
  readonly account: number | null;
  readonly stream: string;
  readonly created_at: number;
  readonly not_before: number;
  readonly expires_at: number;
  readonly size: number;
  readonly tenant: string;
  readonly campaign: string;
  readonly author: string;
  readonly counted: number;
  readonly template: number | null;
} & Row;

export type RecipientRow = {
  readonly queue: number;
  readonly id: number;
  readonly address: string;
  readonly domain: string;
  readonly orcpt: string | null;
  readonly notify: number | null;
  readonly state: number;
  readonly attempts: number;
  readonly next_at: number;
  readonly delay_warned: number;
  readonly last_reply: string | null;
  readonly lease_owner: string | null;
  readonly lease_token: number;
  readonly park: string;
  readonly urgency: number;
  readonly told_as: string | null;
  readonly until: number | null; // of the owner
} & Row;

export const recipientColumns = `r.queue, r.id, r.address, r.domain, r.orcpt, r.notify, r.state, r.attempts, r.next_at, r.delay_warned,
  r.last_reply, r.lease_owner, r.lease_token, r.park, r.urgency, r.told_as, o.until`;

function messageOf(row: MessageRow, recipients: readonly RecipientRow[]): QueuedMessage {
  return {
    id: queueIdOf(row.id),
    content: row.id,
    ...(row.template === null ? {} : { template: row.template }),
    sizeBytes: row.size,
    envelopeFrom: row.envelope_from,
    envid: row.envid ?? undefined,
    ret: row.ret ?? undefined,
    smtputf8: row.smtputf8 !== 0,
    body: row.body,
    requireTls: row.require_tls === requireTls,
    ...(row.require_tls === tlsOptional ? { tlsOptional: true } : {}),
    account: row.account ?? undefined,
    stream: row.stream,
    ...(row.tenant === "" ? {} : { tenant: row.tenant }),
    ...(row.campaign === "" ? {} : { campaign: row.campaign }),
    ...(row.author === "" ? {} : { author: row.author }),
    ...(row.counted === 0 ? {} : { counted: true }),
    createdAt: row.created_at,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    recipients: recipients.map(recipientOf),
  };
}

function recipientOf(row: RecipientRow): QueuedRecipient {
  const owner = row.lease_owner;
  return {
    id: row.id,
    address: row.address,
    domain: row.domain,
    orcpt: row.orcpt ?? undefined,
    notify: notifyOf(row.notify),
    state: states[row.state] as RecipientState,
    attempts: row.attempts,
    nextAt: row.next_at,
    delayWarned: row.delay_warned !== 0,
    lastReply: row.last_reply ?? undefined,
    ...(row.park === "" ? {} : { park: row.park }),
    ...(row.urgency === 0 ? {} : { urgency: row.urgency }),
    ...(row.told_as === null ? {} : { toldAs: row.told_as }),
    lease: owner === null ? undefined : { owner, until: row.until ?? 0, token: row.lease_token },
  };
}

/** Recipients (in any order) with their messages, in the order of their first recipient. */
export function* withMessages(recipients: readonly RecipientRow[]): Op<readonly QueuedMessage[]> {
  const byQueue = Map.groupBy(recipients, (row) => row.queue);
  if (byQueue.size === 0) return [];
  const found = yield* all<MessageRow>(
    "SELECT * FROM queue_messages WHERE id IN {list $1}",
    JSON.stringify([...byQueue.keys()]),
  );
  const messages = new Map(found.map((row) => [row.id, row]));
  return [...byQueue].flatMap(([queue, rows]) => {
    const row = messages.get(queue);
    return row === undefined
      ? []
      : [
          messageOf(
            row,
            rows.sort((a, b) => a.id - b.id),
          ),
        ];
  });
}

// ---------------------------------------------------------------- in and out

/** The rows of a message whose content has been stored (with a reference for the queue). */
export function* enqueue(
  content: ContentId,
  sizeBytes: number,
  queue: NonNullable<Acceptance["queue"]>,
  template?: ContentId,
): Op<QueuedMessage> {
  const message = queuedMessageOf(content, sizeBytes, queue, template);
  yield* run(
    `INSERT INTO queue_messages (id, envelope_from, envid, ret, smtputf8, body, require_tls, account, stream, created_at,
       not_before, expires_at, size, tenant, campaign, author, template, waits, counted)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
    content,
    message.envelopeFrom,
    message.envid ?? null,
    message.ret ?? null,
    message.smtputf8 ? 1 : 0,
    message.body,
    message.requireTls ? requireTls : message.tlsOptional === true ? tlsOptional : 0,
    message.account ?? null,
    message.stream,
    message.createdAt,
    message.notBefore,
    message.expiresAt,
    sizeBytes,
    message.tenant ?? "",
    message.campaign ?? "",
    message.author ?? "",
    template ?? null,
    message.recipients.some(({ park }) => park !== undefined) ? 1 : 0,
    message.counted === true ? 1 : 0,
  );
  const taken = queue.held ? undefined : queue.lease;
  if (taken !== undefined) yield* holdLease(taken.owner, taken.until);
  for (const recipient of message.recipients)
    yield* run(
      `INSERT INTO queue_recipients (queue, id, address, domain, orcpt, notify, state, attempts, next_at, delay_warned,
         last_reply, lease_owner, lease_token, park, urgency, told_as) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 0, NULL, $9, $10, $11, $12, $13)`,
      content,
      recipient.id,
      recipient.address,
      recipient.domain,
      recipient.orcpt ?? null,
      notifyBits(recipient.notify),
      states.indexOf(recipient.state),
      message.notBefore,
      taken?.owner ?? null,
      taken?.token ?? 0,
      recipient.park ?? "",
      recipient.urgency ?? 0,
      recipient.toldAs ?? null,
    );
  if (taken === undefined) yield* publish({ kind: "queue" });
  return message;
}

/** A message without recipients leaves the queue and gives its content, and its template, back. */
export function* dropEmpty(content: ContentId): Op<void> {
  const gone = yield* one<{ template: number | null }>(
    "DELETE FROM queue_messages WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM queue_recipients WHERE queue = $1) RETURNING template",
    content,
  );
  if (gone === undefined) return;
  yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", content);
  if (gone.template !== null) yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", gone.template);
}

/** All leases of an owner end together, and no lease ever ends earlier than was promised. */
export function* holdLease(owner: string, until: number): Op<void> {
  // Looked at first: in PostgreSQL an upsert would make all that queue mail wait for one row.
  const held = yield* one<{ until: number }>("SELECT until FROM queue_owners WHERE owner = $1", owner);
  if (held !== undefined && held.until >= until) return;
  yield* run(
    `INSERT INTO queue_owners (owner, until) VALUES ($1, $2)
     ON CONFLICT (owner) DO UPDATE SET until = excluded.until WHERE queue_owners.until < excluded.until`,
    owner,
    until,
  );
}
