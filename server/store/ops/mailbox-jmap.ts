/** Mailboxes as JMAP lists and edits them: by id, with a place among their siblings, and with counts of emails and threads. */
import type { JmapMailbox, MailboxCounts, MailboxFields, MailboxMade, MailState } from "../jmap.ts";
import { type AccountId, Flag, type MailboxId, type SpecialUse } from "../store.ts";
import { mailState } from "./email-rows.ts";
import {
  hasChildren,
  liesUnder,
  lockAccount,
  mailboxes,
  mailboxRow,
  makeMailbox,
  maxDepth,
  maxMailboxes,
  nextModseq,
  parsePath,
} from "./mailbox-tree.ts";
import { deleteMailbox } from "./mailboxes.ts";
import { all, type Op, one, publish, run } from "./tx.ts";

export function* jmapMailboxes(
  account: AccountId,
): Op<{ readonly mailboxes: readonly JmapMailbox[]; readonly state: MailState }> {
  const state = yield* mailState(account);
  const orders = new Map(
    (yield* all<{ id: number; sort_order: number }>(
      "SELECT id, sort_order FROM mailboxes WHERE account = $1",
      account,
    )).map((row) => [row.id, row.sort_order]),
  );
  const found = yield* mailboxes(account);
  return { mailboxes: found.map((mailbox) => ({ ...mailbox, sortOrder: orders.get(mailbox.id) ?? 0 })), state };
}

/** RFC 8621 §2: unread is neither $seen nor $draft; \Deleted is not there. */
const unread = `(m.flags & ${Flag.seen | Flag.draft}) = 0 AND NOT (m.shared = 1 AND EXISTS (SELECT 1 FROM messages o {by_email}
  WHERE o.account = m.account AND o.email = m.email AND (o.flags & ${Flag.deleted}) = 0 AND (o.flags & ${Flag.seen | Flag.draft}) <> 0))`;

const countEmails = `SELECT count(DISTINCT m.email) AS emails, count(DISTINCT m.thread) AS threads,
    count(DISTINCT CASE WHEN ${unread} THEN m.email END) AS unread,
    count(DISTINCT CASE WHEN ${unread} THEN m.thread END) AS unread_threads
  FROM messages m WHERE m.account = $1 AND m.mailbox = $2 AND (m.flags & ${Flag.deleted}) = 0`;
const isUnread = `(m.flags & ${Flag.seen | Flag.draft}) = 0`;
const countRows = `SELECT count(*) AS emails, count(DISTINCT m.thread) AS threads, sum(CASE WHEN ${isUnread} THEN 1 ELSE 0 END) AS unread,
    count(DISTINCT CASE WHEN ${isUnread} THEN m.thread END) AS unread_threads
  FROM messages m WHERE m.account = $1 AND m.mailbox = $2 AND (m.flags & ${Flag.deleted}) = 0`;

export function* mailboxCounts(account: AccountId, ids: readonly MailboxId[]): Op<readonly MailboxCounts[]> {
  const counts: MailboxCounts[] = [];
  for (const id of ids) {
    // An email is in a mailbox twice only where it is shared: otherwise its rows need no telling apart.
    const shared = yield* one(
      "SELECT m.email FROM messages m {by_shared} WHERE m.account = $1 AND m.mailbox = $2 AND m.shared = 1 LIMIT 1",
      account,
      id,
    );
    const row = yield* one<{ emails: number; threads: number; unread: number | null; unread_threads: number }>(
      shared === undefined ? countRows : countEmails,
      account,
      id,
    );
    counts.push({
      mailbox: id,
      totalEmails: row?.emails ?? 0,
      totalThreads: row?.threads ?? 0,
      unreadEmails: row?.unread ?? 0,
      unreadThreads: row?.unread_threads ?? 0,
    });
  }
  return counts;
}

function* roleTaken(account: AccountId, role: SpecialUse, except: MailboxId): Op<boolean> {
  return (
    (yield* one("SELECT id FROM mailboxes WHERE account = $1 AND role = $2 AND id <> $3", account, role, except)) !==
    undefined
  );
}

function* siblingTaken(account: AccountId, parent: MailboxId, name: string, except: MailboxId): Op<boolean> {
  return (
    (yield* one(
      "SELECT id FROM mailboxes WHERE account = $1 AND parent = $2 AND name = $3 AND id <> $4",
      account,
      parent,
      name,
      except,
    )) !== undefined
  );
}

/** The name as one level of a path, or undefined. */
function levelName(name: string, atTop: boolean): string | undefined {
  if (name.includes("/")) return undefined;
  const names = parsePath(atTop ? name : `x/${name}`);
  return names?.at(-1);
}

function* depthOf(account: AccountId, mailbox: MailboxId | undefined): Op<number> {
  let depth = 0;
  for (let at = mailbox; at !== undefined && at !== 0; depth++) at = (yield* mailboxRow(account, at))?.parent;
  return depth;
}

export function* mailboxMake(account: AccountId, fields: MailboxFields): Op<MailboxMade> {
  if (!(yield* lockAccount(account))) return { kind: "no-mailbox" };
  const { parent, role } = fields;
  if (parent !== undefined && (yield* mailboxRow(account, parent)) === undefined) return { kind: "no-parent" };
  const name = levelName(fields.name, parent === undefined);
  if (name === undefined || (yield* depthOf(account, parent)) >= maxDepth) return { kind: "bad-name" };
  if (yield* siblingTaken(account, parent ?? 0, name, 0)) return { kind: "exists" };
  if (role !== undefined && (yield* roleTaken(account, role, 0))) return { kind: "role-taken" };
  const room = yield* one<{ n: number }>("SELECT count(*) AS n FROM mailboxes WHERE account = $1", account);
  if ((room?.n ?? 0) >= maxMailboxes) return { kind: "too-many" };
  const row = yield* makeMailbox(account, parent ?? 0, name, role);
  if (!fields.subscribed || fields.sortOrder !== 0)
    yield* run(
      "UPDATE mailboxes SET subscribed = $3, sort_order = $4 WHERE account = $1 AND id = $2",
      account,
      row.id,
      fields.subscribed ? 1 : 0,
      fields.sortOrder,
    );
  return { kind: "done", mailbox: row.id };
}

export function* mailboxChange(
  account: AccountId,
  mailbox: MailboxId,
  change: Partial<MailboxFields>,
): Op<MailboxMade> {
  const row = (yield* lockAccount(account)) ? yield* mailboxRow(account, mailbox) : undefined;
  if (row === undefined) return { kind: "no-mailbox" };
  const parent = "parent" in change ? (change.parent ?? 0) : row.parent;
  const isInbox = row.role === "inbox";
  if (isInbox && ((change.name !== undefined && change.name !== row.name) || parent !== row.parent))
    return { kind: "is-inbox" };
  if ("role" in change && isInbox !== (change.role === "inbox")) return { kind: isInbox ? "is-inbox" : "role-taken" };
  if (parent !== 0 && parent !== row.parent) {
    const above = yield* mailboxRow(account, parent);
    if (above === undefined) return { kind: "no-parent" };
    if (yield* liesUnder(above, row)) return { kind: "loop" };
    if ((yield* depthOf(account, parent)) >= maxDepth) return { kind: "bad-name" };
  }
  const name = change.name === undefined ? row.name : levelName(change.name, parent === 0);
  if (name === undefined) return { kind: "bad-name" };
  if (yield* siblingTaken(account, parent, name, mailbox)) return { kind: "exists" };
  if (change.role !== undefined && (yield* roleTaken(account, change.role, mailbox))) return { kind: "role-taken" };
  const modseq = yield* nextModseq(account);
  yield* run(
    `UPDATE mailboxes SET parent = $3, name = $4, role = $5, subscribed = $6,
       sort_order = CASE WHEN $7 < 0 THEN sort_order ELSE $7 END, changed_modseq = $8 WHERE account = $1 AND id = $2`,
    account,
    mailbox,
    parent,
    name,
    "role" in change ? (change.role ?? "") : row.role,
    change.subscribed === undefined ? row.subscribed : change.subscribed ? 1 : 0,
    change.sortOrder ?? -1,
    modseq,
  );
  yield* publish({ kind: "mailboxes", account, modseq });
  return { kind: "done", mailbox };
}

/** RFC 8621 §2.5 onDestroyRemoveEmails: emails that are in another mailbox too stay there. */
export function* mailboxRemove(account: AccountId, mailbox: MailboxId, withEmails: boolean): Op<MailboxMade> {
  const row = (yield* lockAccount(account)) ? yield* mailboxRow(account, mailbox) : undefined;
  if (row === undefined) return { kind: "no-mailbox" };
  if (row.role === "inbox") return { kind: "is-inbox" };
  if (yield* hasChildren(row)) return { kind: "has-children" };
  if (!withEmails && row.messages > row.deleted) return { kind: "has-emails" };
  yield* deleteMailbox(account, mailbox);
  return { kind: "done", mailbox };
}
