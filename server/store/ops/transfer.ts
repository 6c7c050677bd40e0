/** Messages go from one mailbox to another of the same account, or out of it. */
import {
  type AccountId,
  type CopyResult,
  type ExpungeResult,
  Flag,
  type MailboxId,
  type StoreWriter,
  type UidRange,
} from "../store.ts";
import type { KeptAppend } from "./kept.ts";
import { parseKeywordList, usedKeywords } from "./keywords.ts";
import { lockAccount, type MailboxRow, mailboxRow, nextModseq } from "./mailbox-tree.ts";
import { append } from "./place.ts";
import { clamp, type Within, within } from "./ranges.ts";
import { now, type Op, publish, rows, run } from "./tx.ts";

/** What leaves a mailbox: its UIDs, ascending, and what the counters lose. */
export type Taken = {
  readonly uids: readonly number[];
  readonly size: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Some of them have copies in other mailboxes. */
  readonly shared?: boolean;
};

export function* look(part: Within, condition = ""): Op<Taken> {
  const found = yield* rows(
    `SELECT m.uid, m.size, m.flags, m.shared FROM ${part.from} WHERE ${part.where}${condition}`,
    ...part.params,
  );
  const uids: number[] = [];
  let [size, unseen, deleted] = [0, 0, 0];
  let shared = false;
  for (const [uid, bytes, flags, copies] of found as readonly (readonly [number, number, number, number])[]) {
    uids.push(uid);
    if (copies === 1) shared = true;
    size += bytes;
    if ((flags & Flag.seen) === 0) unseen++;
    if ((flags & Flag.deleted) !== 0) deleted++;
  }
  return { uids: uids.sort((a, b) => a - b), size, unseen, deleted, shared };
}

/** Adds (sign 1) or takes away (-1) from the counters of a mailbox. */
function* count(row: MailboxRow, sign: 1 | -1, taken: Taken, modseq: number): Op<void> {
  yield* run(
    `UPDATE mailboxes SET messages = messages + $3, unseen = unseen + $4, deleted = deleted + $5, size = size + $6,
       modseq = $7, uidnext = uidnext + $8 WHERE account = $1 AND id = $2`,
    row.account,
    row.id,
    sign * taken.uids.length,
    sign * taken.unseen,
    sign * taken.deleted,
    sign * taken.size,
    modseq,
    sign === 1 ? taken.uids.length : 0,
  );
}

/**
 * Emails with copies elsewhere: whether they are unread there depends on the copies here (RFC 8621 §2), so that those mailboxes
 * have changed too. Answers nothing where no copy is shared.
 */
export function* touchOthers(part: Within, modseq: number, condition = ""): Op<void> {
  const [account] = part.params as readonly AccountId[] as [AccountId];
  const others = yield* rows(
    `SELECT DISTINCT o.mailbox FROM ${part.from} {cross} messages o {by_email}
     WHERE ${part.where}${condition} AND m.shared = 1 AND o.account = m.account AND o.email = m.email AND o.mailbox <> $2`,
    ...part.params,
  );
  for (const [other] of others as readonly (readonly [MailboxId])[]) yield* touchMailbox(account, other, modseq);
}

export function* touchMailbox(account: AccountId, mailbox: MailboxId, modseq: number): Op<void> {
  yield* run("UPDATE mailboxes SET modseq = $3 WHERE account = $1 AND id = $2", account, mailbox, modseq);
  yield* publish({ kind: "mail", account, mailbox, modseq });
}

/**
 * Messages that are \Deleted no more: for JMAP their emails have come back. That is noted beside the tombstones, under the UID with
 * its sign turned, which no reader of UIDs sees.
 */
export function* noteBack(part: Within, modseq: number): Op<void> {
  yield* run(
    `INSERT INTO expunged (account, mailbox, modseq, uid, email, thread)
     SELECT m.account, m.mailbox, $5, -m.uid, m.email, m.thread FROM ${part.from} WHERE ${part.where}`,
    ...part.params,
    modseq,
  );
}

/** Removes messages and leaves tombstones. */
export function* remove(row: MailboxRow, part: Within, condition: string, taken: Taken, modseq: number): Op<void> {
  if (taken.shared === true) yield* touchOthers(part, modseq, condition);
  yield* run(
    `INSERT INTO expunged (account, mailbox, modseq, uid, email, thread)
     SELECT m.account, m.mailbox, $5, m.uid, m.email, m.thread FROM ${part.from} WHERE ${part.where}${condition}`,
    ...part.params,
    modseq,
  );
  yield* run(`DELETE FROM messages WHERE ${part.own}${condition.replace("m.", "")}`, ...part.params);
  yield* count(row, -1, taken, modseq);
}

export function* transfer(
  account: AccountId,
  from: MailboxId,
  uids: readonly UidRange[],
  to: MailboxId,
  how: "copy" | "move",
): Op<CopyResult> {
  if (!(yield* lockAccount(account))) return { kind: "no-mailbox" };
  const source = yield* mailboxRow(account, from);
  if (source === undefined) return { kind: "no-mailbox" };
  const target = yield* mailboxRow(account, to);
  if (target === undefined) return { kind: "no-target" };
  const part = within(account, from, clamp(uids, source.uidnext));
  const taken = yield* look(part);
  const uidValidity = target.uidvalidity;
  if (taken.uids.length === 0) return { kind: "done", uidValidity, from: [], to: [], modseq: source.modseq };
  if (how === "copy") {
    const paid = yield* run(
      `UPDATE accounts SET used_bytes = used_bytes + $2, used_messages = used_messages + $3
       WHERE id = $1 AND (quota_bytes = 0 OR used_bytes + $2 <= quota_bytes)`,
      account,
      taken.size,
      taken.uids.length,
    );
    if (paid === 0) return { kind: "over-quota" };
    yield* run(
      `UPDATE contents SET refs = refs + d.n
       FROM (SELECT m.content, count(*) AS n FROM ${part.from} WHERE ${part.where} GROUP BY m.content) AS d
       WHERE contents.id = d.content`,
      ...part.params,
    );
    yield* run(`UPDATE messages SET shared = 1 WHERE ${part.own} AND shared = 0`, ...part.params);
  }
  const modseq = yield* nextModseq(account);
  yield* run(
    `INSERT INTO messages (account, mailbox, uid, email, thread, content, flags, keywords, modseq, created_modseq,
       received_at, saved_at, size, shared)
     SELECT m.account, $5, $6 + row_number() OVER (ORDER BY m.uid) - 1, m.email, m.thread, m.content, m.flags, m.keywords,
       $7, $7, m.received_at, $8, m.size, m.shared FROM ${part.from} WHERE ${part.where}`,
    ...part.params,
    to,
    target.uidnext,
    modseq,
    yield* now(),
  );
  if (source.keywords !== "[]" && from !== to) yield* carryKeywords(target, source);
  if (how === "move") yield* remove(source, part, "", taken, modseq);
  yield* count(target, 1, taken, modseq);
  if (how === "move") yield* publish({ kind: "mail", account, mailbox: from, modseq });
  if (how === "copy" || from !== to) yield* publish({ kind: "mail", account, mailbox: to, modseq });
  return { kind: "done", uidValidity, from: taken.uids, to: taken.uids.map((_, i) => target.uidnext + i), modseq };
}

/** The target knows the keywords that have come with the messages. */
function* carryKeywords(target: MailboxRow, source: MailboxRow): Op<void> {
  const known = parseKeywordList(target.keywords);
  const seen = new Set(known.map((keyword) => keyword.toLowerCase()));
  const fresh = parseKeywordList(source.keywords).filter((keyword) => !seen.has(keyword.toLowerCase()));
  if (fresh.length === 0) return;
  const used = new Set(yield* usedKeywords(target.account, target.id));
  const come = fresh.filter((keyword) => used.has(keyword));
  if (come.length === 0) return;
  yield* run(
    "UPDATE mailboxes SET keywords = $3 WHERE account = $1 AND id = $2",
    target.account,
    target.id,
    JSON.stringify([...known, ...come]),
  );
}

export function copy(account: AccountId, from: MailboxId, uids: readonly UidRange[], to: MailboxId): Op<CopyResult> {
  return transfer(account, from, uids, to, "copy");
}

/** RFC 6851. */
export function move(account: AccountId, from: MailboxId, uids: readonly UidRange[], to: MailboxId): Op<CopyResult> {
  return transfer(account, from, uids, to, "move");
}

export function* expunge(
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[] | undefined,
  force = false,
): Op<ExpungeResult> {
  const row = (yield* lockAccount(account)) ? yield* mailboxRow(account, mailbox) : undefined;
  if (row === undefined) return { kind: "no-mailbox" };
  const none = { kind: "done", uids: [], modseq: row.modseq } as const;
  if (!force && row.deleted === 0) return none;
  const part = within(account, mailbox, clamp(uids ?? [[1, 0xffffffff]], row.uidnext));
  const condition = force ? "" : ` AND (m.flags & ${Flag.deleted}) <> 0`;
  const taken = yield* look(part, condition);
  if (taken.uids.length === 0) return none;
  yield* run(
    `UPDATE contents SET refs = refs - d.n
     FROM (SELECT m.content, count(*) AS n FROM ${part.from} WHERE ${part.where}${condition} GROUP BY m.content) AS d
     WHERE contents.id = d.content`,
    ...part.params,
  );
  yield* run(
    "UPDATE accounts SET used_bytes = used_bytes - $2, used_messages = used_messages - $3 WHERE id = $1",
    account,
    taken.size,
    taken.uids.length,
  );
  const modseq = yield* nextModseq(account);
  yield* remove(row, part, condition, taken, modseq);
  yield* publish({ kind: "mail", account, mailbox, modseq });
  return { kind: "done", uids: taken.uids, modseq };
}

/** Looks before it writes, so that it does all or nothing without a savepoint. */
export function* replaceMessage(
  account: AccountId,
  mailbox: MailboxId,
  message: KeptAppend,
  old: { readonly mailbox: MailboxId; readonly uid: number },
): Op<Awaited<ReturnType<StoreWriter["replaceMessage"]>>> {
  const from = (yield* lockAccount(account)) ? yield* mailboxRow(account, old.mailbox) : undefined;
  if (from === undefined) return { kind: "no-mailbox" };
  const uids = [[old.uid, old.uid]] as const;
  const taken = yield* look(within(account, old.mailbox, clamp(uids, from.uidnext)));
  if (taken.uids.length === 0) return { kind: "no-message" };
  const come = yield* append(account, mailbox, [message]);
  if (come.kind !== "done") return come;
  const gone = yield* expunge(account, old.mailbox, uids, true);
  if (gone.kind !== "done") return gone;
  return { kind: "done", uidValidity: come.uidValidity, uid: come.uids[0] as number, modseq: gone.modseq };
}
