/** The queue at work: leases taken and given back, attempts settled. */

import { contentOfQueueId } from "../queue-id.ts";
import type { Accepted, ContentId, QueuedMessage, SettleResult, StoreWriter } from "../store.ts";
import { note } from "./journey.ts";
import type { KeptJourneyEntry, KeptSendingEvent, KeptSettleRequest } from "./kept.ts";
import { removeListPost } from "./lists.ts";
import { accept } from "./place.ts";
import {
  dropEmpty,
  holdLease,
  leased,
  type RecipientRow,
  recipientColumns,
  scheduled,
  withMessages,
} from "./queue-rows.ts";
import { strike, suppress, urgencies } from "./sending.ts";
import { remember } from "./sieve.ts";
import { all, type Op, one, publish, run } from "./tx.ts";

const claimedColumns = recipientColumns.replace("o.until", "CAST($4 AS BIGINT) AS until").replaceAll("r.", "");

/**
 * Leases what `due` finds to $1. Materialized: PostgreSQL may look for it once for each row otherwise, finds others each
 * time, since the former are locked, and takes more than was asked for.
 */
const takes = (due: string): string =>
  `WITH due AS MATERIALIZED (${due})
   UPDATE queue_recipients SET state = ${leased}, lease_owner = $1, lease_token = lease_token + 1
   FROM due WHERE queue = due_queue AND id = due_id`;

export function* claim(request: Parameters<StoreWriter["claim"]>[0]): Op<readonly QueuedMessage[]> {
  const { owner, now, until, limit, exceptDomains = [], park } = request;
  // Leases that have run out (a node died) are anyone's; the owner's row goes, so that this is looked for only then.
  const ended = yield* all<{ owner: string }>("DELETE FROM queue_owners WHERE until < $1 RETURNING owner", now);
  for (const lost of ended) yield* unlease(lost.owner);
  yield* holdLease(owner, until);
  if (park !== undefined) return yield* claimParked({ ...request, park });
  const free = exceptDomains.length === 0 ? "" : " AND domain NOT IN {texts $5}";
  const taken = yield* all<RecipientRow>(
    `${takes(
      `SELECT queue AS due_queue, id AS due_id FROM queue_recipients
       WHERE state = ${scheduled} AND park = '' AND next_at <= $2${free} ORDER BY next_at LIMIT $3 {skip_locked}`,
    )} RETURNING ${claimedColumns}`,
    owner,
    now,
    limit,
    until,
    ...(exceptDomains.length === 0 ? [] : [JSON.stringify(exceptDomains)]),
  );
  return yield* withMessages([...taken].sort((a, b) => a.next_at - b.next_at || a.queue - b.queue));
}

/** The most urgent that are due of one park, or those of one urgency. */
function* claimParked(
  request: Parameters<StoreWriter["claim"]>[0] & { readonly park: string },
): Op<readonly QueuedMessage[]> {
  const { owner, now, until, limit, park, urgency: only } = request;
  const taken: RecipientRow[] = [];
  for (const urgency of only === undefined ? urgencies : [only]) {
    if (taken.length >= limit) break;
    taken.push(
      ...(yield* all<RecipientRow>(
        `${takes(
          `SELECT queue AS due_queue, id AS due_id FROM queue_recipients
           WHERE state = ${scheduled} AND park = $5 AND park <> '' AND urgency = $6 AND next_at <= $2
           ORDER BY next_at LIMIT $3 {skip_locked}`,
        )} RETURNING ${claimedColumns}`,
        owner,
        now,
        limit - taken.length,
        until,
        park,
        urgency,
      )),
    );
  }
  return yield* withMessages(taken);
}

/** Tenants' mail whose time is over, of what waits in a park or has. */
export function* claimExpired(request: Parameters<StoreWriter["claimExpired"]>[0]): Op<readonly QueuedMessage[]> {
  const { owner, now, until, limit } = request;
  yield* holdLease(owner, until);
  const taken = yield* all<RecipientRow>(
    `${takes(
      `SELECT r.queue AS due_queue, r.id AS due_id FROM queue_messages q {cross} queue_recipients r
       WHERE q.waits = 1 AND q.expires_at <= $2 AND r.queue = q.id AND r.state = ${scheduled} LIMIT $3`,
    )} RETURNING ${claimedColumns}`,
    owner,
    now,
    limit,
    until,
  );
  return yield* withMessages(taken);
}

/** What an owner held is due again, at its own time. */
function* unlease(owner: string): Op<number> {
  return yield* run(
    `UPDATE queue_recipients SET state = ${scheduled}, lease_owner = NULL WHERE state = ${leased} AND lease_owner = $1`,
    owner,
  );
}

export function* renewLeases(owner: string, until: number): Op<void> {
  yield* holdLease(owner, until);
}

export function* releaseLeases(owner: string): Op<void> {
  yield* run("DELETE FROM queue_owners WHERE owner = $1", owner);
  if ((yield* unlease(owner)) > 0) yield* publish({ kind: "queue" });
}

// ---------------------------------------------------------------- settling

export function* settle(request: KeptSettleRequest): Op<SettleResult> {
  for (const [index, post] of (request.letThrough ?? []).entries())
    if ((yield* removeListPost(post)) === "missing" && index === 0) return { stale: 1, accepted: [] };
  const accepted: Accepted[] = [];
  if (request.ifTaken !== undefined) {
    if (!(yield* holdsAll(request.settlements))) return { stale: request.settlements.length, accepted };
    for (const notice of request.notices.slice(0, request.ifTaken)) accepted.push(yield* accept(notice));
    if (accepted.length > 0 && accepted.every(({ content }) => content === 0)) return { stale: 0, accepted };
  }
  let stale = 0;
  const lost = new Set<string>();
  const touched = new Set<ContentId>();
  const events: KeptSendingEvent[] = [];
  for (const { queue, recipient, token, outcome, reply, event } of request.settlements) {
    const content = contentOfQueueId(queue) ?? -1;
    let rows: number;
    if (outcome.kind === "later") {
      if (outcome.park !== undefined)
        yield* run("UPDATE queue_messages SET waits = 1 WHERE id = $1 AND waits = 0", content);
      rows = yield* run(
        `UPDATE queue_recipients SET state = ${scheduled}, lease_owner = NULL, next_at = $4, delay_warned = $5,
           attempts = attempts + $6, last_reply = $7, park = $8
         WHERE queue = $1 AND id = $2 AND state = ${leased} AND lease_token = $3`,
        content,
        recipient,
        token,
        outcome.nextAt,
        outcome.delayWarned ? 1 : 0,
        outcome.countsAsAttempt ? 1 : 0,
        reply.replaceAll("\0", "?"),
        outcome.park ?? "",
      );
    } else {
      rows = yield* run(
        `DELETE FROM queue_recipients WHERE queue = $1 AND id = $2 AND state = ${leased} AND lease_token = $3`,
        content,
        recipient,
        token,
      );
      touched.add(content);
    }
    // Who has lost a lease has not seen what became of the recipient: somebody else tells it.
    if (rows === 0) {
      stale++;
      lost.add(`${queue} ${recipient}`);
    }
    if (rows > 0 && event !== undefined) events.push(event);
  }
  for (const content of touched) yield* dropEmpty(content);
  // Where the whole request is stale somebody else settles it: its notices are theirs.
  if (stale < request.settlements.length || stale === 0)
    for (const notice of request.notices.slice(accepted.length)) accepted.push(yield* accept(notice));
  if (request.remember !== undefined) yield* remember(request.remember);
  const isOurs = stale === 0 || stale < request.settlements.length;
  if (isOurs && request.events !== undefined) events.push(...request.events);
  const untold = ({ told, ...entry }: KeptJourneyEntry): KeptJourneyEntry =>
    told === undefined || lost.has(`${entry.trace} ${told.n}`) ? entry : { ...entry, told };
  yield* note(stale === 0 ? request.journey : request.journey.map(untold), "", events);
  if (isOurs) {
    if (request.suppress !== undefined) yield* suppress(request.suppress);
    if (request.strikes !== undefined) yield* strike(request.strikes);
  }
  return { stale, accepted };
}

/** Whether these recipients are still ours; nobody else takes them before the commit. */
function* holdsAll(settlements: KeptSettleRequest["settlements"]): Op<boolean> {
  for (const { queue, recipient, token } of settlements) {
    const row = yield* one(
      `SELECT 1 AS found FROM queue_recipients
       WHERE queue = $1 AND id = $2 AND state = ${leased} AND lease_token = $3 {for_update}`,
      contentOfQueueId(queue) ?? -1,
      recipient,
      token,
    );
    if (row === undefined) return false;
  }
  return true;
}
