/** Messages come in: accepted for people here and elsewhere, or appended by their owner. */

import { queueIdOf } from "../queue-id.ts";
import {
  type Accepted,
  type AccountId,
  type ContentId,
  type EmailId,
  Flag,
  type FlagBits,
  type MailboxId,
  type Placed,
  type Placement,
  type StoreWriter,
  type Target,
} from "../store.ts";
import { keepTurn } from "./audit.ts";
import { insertContent } from "./contents.ts";
import { note } from "./journey.ts";
import type { KeptAcceptance, KeptAppend, KeptCopies, KeptMessage, KeptSendingEvent } from "./kept.ts";
import { adoptKeywords, keywordText } from "./keywords.ts";
import { keepListPosts } from "./lists.ts";
import { atPath, inboxId, isRoleTaken, lockAccount, mailboxRow, makePath, parsePath } from "./mailbox-tree.ts";
import { keepQuarantined, takeFromQuarantine } from "./quarantine.ts";
import { enqueue } from "./queue-rows.ts";
import { joinThread, threadHashes } from "./threads.ts";
import { changed, now, type Op, publish, rowChange, run } from "./tx.ts";

// ---------------------------------------------------------------- accept

type Room = {
  readonly kind: "room";
  readonly placement: Placement;
  readonly mailbox: MailboxId;
  readonly uid: number;
  readonly uidValidity: number;
  readonly email: EmailId;
  readonly modseq: number;
  readonly keywords: string;
};

/**
 * Files the message for its placements, queues it, notes its journey. Where nobody could take it (all over quota or gone)
 * nothing is kept, `content` is 0 and no journey is noted.
 */
export function* accept(acceptance: KeptAcceptance, template?: Template): Op<Accepted> {
  const { message, queue, under } = acceptance;
  if (under !== undefined) yield* keepTurn(under);
  // Rows of accounts are locked in one order everywhere, so that two deliveries never wait for each other.
  const order = acceptance.placements.map((_, index) => index);
  if (order.length > 1) order.sort((a, b) => acceptance.placements[a]!.account - acceptance.placements[b]!.account);
  const rooms: (Room | Placed)[] = [];
  const quarantine = acceptance.quarantine ?? [];
  let filed = 0;
  for (const index of order) {
    const room = yield* makeRoom(acceptance.placements[index]!, message.stored.sizeBytes);
    if (room.kind === "room") filed++;
    rooms[index] = room;
  }
  const listPosts = acceptance.listPosts ?? [];
  const refs = filed + (queue === undefined ? 0 : 1) + quarantine.length + listPosts.length;
  if (refs === 0) return { content: 0, placed: rooms as Placed[], queued: undefined };

  const content = yield* insertContent(message, refs, filed > 0);
  const savedAt = yield* now();
  const hashes = threadHashes(message.facts);
  const placed: Placed[] = [];
  const rowsOf = (account: AccountId) =>
    rooms.filter((room) => room.kind === "room" && room.placement.account === account).length;
  const emails = new Map<AccountId, { readonly email: EmailId; readonly thread: number }>();
  for (const index of order) {
    const room = rooms[index]!;
    if (room.kind !== "room") {
      placed[index] = room;
      continue;
    }
    const { account, marks, receivedAt } = room.placement;
    // Two mailboxes of one account: two copies of one email.
    let identity = emails.get(account);
    if (identity === undefined) {
      identity = { email: room.email, thread: yield* joinThread(account, room.email, hashes) };
      emails.set(account, identity);
    }
    const { email, thread } = identity;
    yield* insertMessage(
      account,
      room.mailbox,
      room.uid,
      email,
      thread,
      content,
      marks.flags,
      room.keywords,
      room.modseq,
      receivedAt,
      savedAt,
      message.stored.sizeBytes,
      rooms.length > 1 && rowsOf(account) > 1 ? 1 : 0,
    );
    placed[index] = {
      kind: "placed",
      account,
      mailbox: room.mailbox,
      uid: room.uid,
      uidValidity: room.uidValidity,
      email,
      thread,
      modseq: room.modseq,
    };
    yield* publish({ kind: "mail", account, mailbox: room.mailbox, modseq: room.modseq });
  }
  const sizeBytes = message.stored.sizeBytes + (template?.sizeBytes ?? 0);
  const queued = queue && (yield* enqueue(content, sizeBytes, queue, template?.content));
  if (quarantine.length > 0) yield* keepQuarantined(content, message.stored.sizeBytes, quarantine);
  if (listPosts.length > 0) yield* keepListPosts(content, message.stored.sizeBytes, listPosts);
  if (acceptance.released !== undefined) yield* takeFromQuarantine(acceptance.released);
  const id = queued === undefined ? "" : queueIdOf(content);
  const { journey, events } = filed === order.length ? acceptance : asFiled(acceptance, placed);
  yield* note(journey, id === "" ? `m${content}` : id, events, id);
  return { content, placed, queued };
}

/** What is told of a message for which not everybody had room. */
function asFiled(
  { journey, events, here = [] }: KeptAcceptance,
  placed: readonly Placed[],
): Pick<KeptAcceptance, "journey"> & { readonly events?: readonly KeptSendingEvent[] | undefined } {
  const lost = new Set(placed.map(({ account }) => account));
  for (const { kind, account } of placed) if (kind === "placed") lost.delete(account);
  const without = new Set(here.filter(([, accounts]) => accounts.every((one) => lost.has(one))).map(([name]) => name));
  return {
    journey: journey.flatMap((entry) => {
      if (entry.stage !== "filed") return [entry];
      const detail = typeof entry.detail === "string" ? JSON.parse(entry.detail) : entry.detail;
      if (!Array.isArray(detail.accounts)) return [entry];
      const accounts = detail.accounts.filter((one: AccountId) => !lost.has(one));
      return accounts.length === 0 ? [] : [{ ...entry, detail: { ...detail, accounts } }];
    }),
    events: events?.filter(({ type, recipient }) => type !== "delivered" || !without.has(recipient)),
  };
}

type Template = { readonly content: ContentId; readonly sizeBytes: number };

/** Messages that are made from one template when they are sent. */
export function* acceptCopies({ template, known, copies }: KeptCopies): Op<readonly Accepted[]> {
  const of = { content: yield* templateOf(template, known, copies.length), sizeBytes: template.stored.sizeBytes };
  const accepted: Accepted[] = [];
  for (const copy of copies) accepted.push(yield* accept(copy, of));
  return accepted;
}

/** Numbers of contents may come again: the one that is known must still be what it was, by the digest that stands as its Message-ID. */
function* templateOf(template: KeptMessage, known: ContentId | undefined, refs: number): Op<ContentId> {
  if (known !== undefined) {
    const found = yield* run(
      "UPDATE contents SET refs = refs + $2 WHERE id = $1 AND refs > 0 AND message_id = $3",
      known,
      refs,
      template.facts.messageId ?? "",
    );
    if (found > 0) return known;
  }
  return yield* insertContent(template, refs, false);
}

/** Room for $3 messages of $2 bytes together; $4 is 1 where the quota does not count. */
const takeQuota = rowChange({
  table: "accounts",
  set: "used_bytes = used_bytes + $2, used_messages = used_messages + $3, modseq = modseq + 1, next_email = next_email + $3",
  key: "id = $1",
  where: "(quota_bytes = 0 OR used_bytes + $2 <= quota_bytes OR $4 = 1)",
  columns: "modseq, next_email",
});

/** Takes quota, a UID and a mod-sequence for one placement. */
function* makeRoom(placement: Placement, size: number): Op<Room | Placed> {
  const { account, target, marks } = placement;
  const owner = yield* changed<{ modseq: number; next_email: number }>(
    takeQuota,
    account,
    size,
    1,
    placement.overQuota === true ? 1 : 0,
  );
  if (owner === undefined) return { kind: (yield* lockAccount(account)) ? "over-quota" : "no-account", account };
  let modseq = owner.modseq;
  let taken = yield* takeUid(account, target, marks.flags, size, modseq);
  if (taken === undefined && "path" in target && target.create) {
    const names = parsePath(target.path);
    const { specialUse } = target;
    const role = specialUse !== undefined && (yield* isRoleTaken(account, specialUse)) ? undefined : specialUse;
    const made = names === undefined ? "too-many" : yield* makePath(account, names, role);
    if (made !== "too-many") {
      modseq = Math.max(modseq, made.modseq);
      taken = yield* takeUid(account, { id: made.id }, marks.flags, size, modseq);
    }
  }
  if (taken === undefined) {
    yield* run(
      "UPDATE accounts SET used_bytes = used_bytes - $2, used_messages = used_messages - 1 WHERE id = $1",
      account,
      size,
    );
    return { kind: "no-mailbox", account };
  }
  // A keyword too many is no reason to lose a message: it comes in without.
  const keywords = yield* adoptKeywords(account, taken.id, marks.keywords);
  return {
    kind: "room",
    placement,
    mailbox: taken.id,
    uid: taken.uidnext - 1,
    uidValidity: taken.uidvalidity,
    email: owner.next_email - 1,
    modseq,
    keywords: keywords === "too-many" ? "" : keywordText(keywords),
  };
}

const takeBy = (key: string) =>
  rowChange({
    table: "mailboxes",
    set: `uidnext = uidnext + 1, messages = messages + 1, unseen = unseen + $3, deleted = deleted + $4,
      size = size + $5, modseq = $6`,
    key,
    columns: "id, uidnext, uidvalidity",
  });
const takeById = takeBy("account = $1 AND id = $2");
const takeByRole = takeBy("account = $1 AND role = $2");

/** Takes one UID of a mailbox. */
function* takeUid(
  account: AccountId,
  target: Target,
  flags: FlagBits,
  size: number,
  modseq: number,
): Op<{ readonly id: MailboxId; readonly uidnext: number; readonly uidvalidity: number } | undefined> {
  const unseen = (flags & Flag.seen) === 0 ? 1 : 0;
  const deleted = (flags & Flag.deleted) === 0 ? 0 : 1;
  if ("role" in target && target.role !== "inbox")
    return yield* changed(takeByRole, account, target.role, unseen, deleted, size, modseq);
  let id = "id" in target ? target.id : "role" in target ? inboxId : undefined;
  if (id === undefined && "path" in target) {
    const names = parsePath(target.path);
    id = names && (yield* atPath(account, names))?.id;
  }
  if (id === undefined) return undefined;
  return yield* changed(takeById, account, id, unseen, deleted, size, modseq);
}

const insertText = `INSERT INTO messages (account, mailbox, uid, email, thread, content, flags, keywords, modseq, created_modseq,
    received_at, saved_at, size, shared) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13)`;

/** The last value is 1 where the email has more than one row. */
export function insertMessage(
  ...values: [number, number, number, number, number, number, number, string, ...number[]]
) {
  return run(insertText, ...values);
}

// ---------------------------------------------------------------- append

/** All or none. */
export function* append(
  account: AccountId,
  where: MailboxId | string,
  messages: readonly KeptAppend[],
): Op<Awaited<ReturnType<StoreWriter["append"]>>> {
  if (!(yield* lockAccount(account))) return { kind: "no-mailbox" };
  const row = yield* typeof where === "number" ? mailboxRow(account, where) : atPath(account, parsePath(where) ?? []);
  if (row === undefined) return { kind: "no-mailbox" };
  const mailbox = row.id;
  const size = messages.reduce((sum, message) => sum + message.stored.sizeBytes, 0);
  const owner = yield* changed<{ modseq: number; next_email: number }>(takeQuota, account, size, messages.length, 0);
  if (owner === undefined) return { kind: "over-quota" };
  const { modseq } = owner;
  const count = (flag: number) => messages.filter(({ marks }) => (marks.flags & flag) !== 0).length;
  yield* run(
    `UPDATE mailboxes SET uidnext = uidnext + $3, messages = messages + $3, unseen = unseen + $4, deleted = deleted + $5,
       size = size + $6, modseq = $7 WHERE account = $1 AND id = $2`,
    account,
    mailbox,
    messages.length,
    messages.length - count(Flag.seen),
    count(Flag.deleted),
    size,
    modseq,
  );
  const savedAt = yield* now();
  const uids: number[] = [];
  const emails: EmailId[] = [];
  for (const message of messages) {
    const uid = row.uidnext + uids.length;
    const email = owner.next_email - messages.length + emails.length;
    const content = yield* insertContent(message satisfies KeptMessage, 1);
    const thread = yield* joinThread(account, email, threadHashes(message.facts));
    const { flags } = message.marks;
    const adopted = yield* adoptKeywords(account, mailbox, message.marks.keywords);
    const keywords = adopted === "too-many" ? "" : keywordText(adopted);
    const { sizeBytes } = message.stored;
    yield* insertMessage(
      account,
      mailbox,
      uid,
      email,
      thread,
      content,
      flags,
      keywords,
      modseq,
      message.receivedAt,
      savedAt,
      sizeBytes,
      0,
    );
    uids.push(uid);
    emails.push(email);
  }
  yield* publish({ kind: "mail", account, mailbox, modseq });
  return { kind: "done", mailbox, uidValidity: row.uidvalidity, uids, emails, modseq };
}
