/** Mailboxes by name and by role: listing, making, renaming, deleting. */
import type { AccountId, Mailbox, MailboxEdit, MailboxId, SpecialUse } from "../store.ts";
import { takeSubscribed } from "./absent-subscriptions.ts";
import { all, now, type Op, one, publish, type Row, run } from "./tx.ts";

/** One level of a path, in UTF-8 bytes. */
export const maxNameBytes = 255;
export const maxDepth = 20;
export const maxMailboxes = 10_000;

/** INBOX is the first thing that an account is given, and it stays. */
export const inboxId: MailboxId = 1;

export type MailboxRow = {
  readonly account: number;
  readonly id: number;
  readonly parent: number;
  readonly name: string;
  readonly role: SpecialUse | "";
  readonly subscribed: number;
  readonly uidvalidity: number;
  readonly uidnext: number;
  readonly modseq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly size: number;
  readonly recent_from: number;
  readonly tombstones_from: number;
  readonly keywords: string;
} & Row;

export const mailboxColumns = `account, id, parent, name, role, subscribed, uidvalidity, uidnext, modseq, messages, unseen, deleted, size,
  recent_from, tombstones_from, keywords`;

function mailboxOf(row: MailboxRow, path: string): Mailbox {
  return {
    id: row.id,
    parent: row.parent === 0 ? undefined : row.parent,
    name: row.name,
    path,
    role: row.role === "" ? undefined : row.role,
    subscribed: row.subscribed !== 0,
    uidValidity: row.uidvalidity,
    uidNext: row.uidnext,
    highestModseq: row.modseq,
    messages: row.messages,
    unseen: row.unseen,
    deleted: row.deleted,
    sizeBytes: row.size,
  };
}

// ---------------------------------------------------------------- looking

export function* mailboxes(account: AccountId): Op<readonly Mailbox[]> {
  const found = yield* all<MailboxRow>(`SELECT ${mailboxColumns} FROM mailboxes WHERE account = $1`, account);
  const byId = new Map(found.map((row) => [row.id, row]));
  const paths = new Map<number, string>();
  const pathOf = (row: MailboxRow): string => {
    const known = paths.get(row.id);
    if (known !== undefined) return known;
    const parent = byId.get(row.parent);
    const path = parent === undefined ? row.name : `${pathOf(parent)}/${row.name}`;
    paths.set(row.id, path);
    return path;
  };
  return found.map((row) => mailboxOf(row, pathOf(row)));
}

export function* mailboxRow(account: AccountId, mailbox: MailboxId): Op<MailboxRow | undefined> {
  return yield* one<MailboxRow>(
    `SELECT ${mailboxColumns} FROM mailboxes WHERE account = $1 AND id = $2`,
    account,
    mailbox,
  );
}

/** A mailbox with its path, as it is now. */
export function* withPath(row: MailboxRow): Op<Mailbox> {
  let path = row.name;
  for (let parent = row.parent; parent !== 0; ) {
    const above = yield* mailboxRow(row.account, parent);
    if (above === undefined) break;
    path = `${above.name}/${path}`;
    parent = above.parent;
  }
  return mailboxOf(row, path);
}

/** The mailbox at a path of names. */
export function* atPath(account: AccountId, names: readonly string[]): Op<MailboxRow | undefined> {
  let row: MailboxRow | undefined;
  for (const name of names) {
    row = yield* one<MailboxRow>(
      `SELECT ${mailboxColumns} FROM mailboxes WHERE account = $1 AND parent = $2 AND name = $3`,
      account,
      row?.id ?? 0,
      name,
    );
    if (row === undefined) return undefined;
  }
  return row;
}

/** The names of a path, or undefined where it can be no mailbox. RFC 9051 §5.1: the first level INBOX has any case. */
export function parsePath(path: string): readonly string[] | undefined {
  const names = path.normalize("NFC").split("/");
  if (names.length > maxDepth) return undefined;
  if (names[0]?.toUpperCase() === "INBOX") names[0] = "INBOX";
  const fine = (name: string) =>
    name !== "" && Buffer.byteLength(name) <= maxNameBytes && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name);
  return names.every(fine) && path.isWellFormed() ? names : undefined;
}

/** Locks the account so that what follows is alone with its mailboxes; false where there is none. */
export function* lockAccount(account: AccountId): Op<boolean> {
  return (yield* one("SELECT id FROM accounts WHERE id = $1 {for_update}", account)) !== undefined;
}

/** The next mod-sequence of an account. */
export function* nextModseq(account: AccountId): Op<number> {
  const row = yield* one<{ modseq: number }>(
    "UPDATE accounts SET modseq = modseq + 1 WHERE id = $1 RETURNING modseq",
    account,
  );
  if (row === undefined) throw new Error(`Account ${account} is not there.`);
  return row.modseq;
}

// ---------------------------------------------------------------- making

/** Inserts one level. The caller has looked that the name and the role are free. */
export function* makeMailbox(
  account: AccountId,
  parent: MailboxId,
  name: string,
  role: SpecialUse | undefined,
  subscribed = true,
): Op<MailboxRow> {
  const seconds = Math.floor((yield* now()) / 1000);
  // RFC 9051 §2.3.1.1: a mailbox made anew under an old name needs a greater UIDVALIDITY; so each one gets the greatest yet.
  const given = yield* one<{ next_object: number; uidvalidity: number; modseq: number }>(
    `UPDATE accounts SET next_object = next_object + 1, modseq = modseq + 1,
       uidvalidity = CASE WHEN uidvalidity >= $2 THEN uidvalidity + 1 ELSE $2 END
     WHERE id = $1 RETURNING next_object, uidvalidity, modseq`,
    account,
    seconds,
  );
  if (given === undefined) throw new Error(`Account ${account} is not there.`);
  const row = yield* one<MailboxRow>(
    `INSERT INTO mailboxes (${mailboxColumns}, created_modseq, changed_modseq)
     VALUES ($1, $2, $3, $4, $5, $8, $6, 1, $7, 0, 0, 0, 0, 1, $7, '[]', $7, $7) RETURNING ${mailboxColumns}`,
    account,
    given.next_object - 1,
    parent,
    name,
    role ?? "",
    given.uidvalidity,
    given.modseq,
    subscribed ? 1 : 0,
  );
  // A mailbox that is made below another is shared as that one is.
  if (parent !== 0)
    yield* run(
      `INSERT INTO mailbox_rights (account, mailbox, grantee, rights, subscribed)
       SELECT account, CAST($3 AS BIGINT), grantee, rights, 1 FROM mailbox_rights WHERE account = $1 AND mailbox = $2`,
      account,
      parent,
      given.next_object - 1,
    );
  yield* publish({ kind: "mailboxes", account, modseq: given.modseq });
  return row as MailboxRow;
}

/** Makes what is missing of a path and answers its last level, or "too-many". */
export function* makePath(
  account: AccountId,
  names: readonly string[],
  role: SpecialUse | undefined,
  subscribed = true,
): Op<MailboxRow | "too-many"> {
  const room = yield* one<{ n: number }>("SELECT count(*) AS n FROM mailboxes WHERE account = $1", account);
  if ((room?.n ?? 0) + names.length > maxMailboxes) return "too-many";
  let row: MailboxRow | undefined;
  for (let depth = 1; depth <= names.length; depth++) {
    const found: MailboxRow | undefined = yield* atPath(account, names.slice(0, depth));
    const last = depth === names.length;
    if (found === undefined) {
      const known = yield* takeSubscribed(account, names.slice(0, depth));
      const name = names[depth - 1] as string;
      row = yield* makeMailbox(account, row?.id ?? 0, name, last ? role : undefined, subscribed || known);
    } else row = found;
  }
  return row as MailboxRow;
}

export function* isRoleTaken(account: AccountId, role: SpecialUse): Op<boolean> {
  return (yield* one("SELECT id FROM mailboxes WHERE account = $1 AND role = $2", account, role)) !== undefined;
}

export function* createMailbox(
  account: AccountId,
  path: string,
  role?: SpecialUse,
  subscribed = true,
): Op<MailboxEdit> {
  const names = parsePath(path);
  if (names === undefined) return { kind: "bad-name" };
  if (!(yield* lockAccount(account))) return { kind: "no-mailbox" };
  if (yield* atPath(account, names)) return { kind: "exists" };
  if (role !== undefined && (yield* isRoleTaken(account, role))) return { kind: "role-taken" };
  const row = yield* makePath(account, names, role, subscribed);
  if (row === "too-many") return { kind: "too-many" };
  return { kind: "done", mailbox: yield* withPath(row) };
}

// ---------------------------------------------------------------- changing

export function* setSubscribed(account: AccountId, path: string, subscribed: boolean): Op<MailboxEdit> {
  const names = parsePath(path);
  if (names === undefined) return { kind: "bad-name" };
  const row = yield* atPath(account, names);
  if (row === undefined) {
    if (!subscribed) yield* takeSubscribed(account, names);
    return { kind: "no-mailbox" };
  }
  if ((row.subscribed !== 0) === subscribed) return { kind: "done", mailbox: yield* withPath(row) };
  const modseq = yield* nextModseq(account);
  const state = subscribed ? 1 : 0;
  yield* run(
    "UPDATE mailboxes SET subscribed = $3, changed_modseq = $4 WHERE account = $1 AND id = $2",
    account,
    row.id,
    state,
    modseq,
  );
  yield* publish({ kind: "mailboxes", account, modseq });
  return { kind: "done", mailbox: yield* withPath({ ...row, subscribed: state }) };
}

/** Gives a mailbox another place in the tree. The caller has seen that the place is free and not below itself. */
export function* moveInTree(row: MailboxRow, names: readonly string[]): Op<MailboxEdit> {
  const { account, id } = row;
  let parent = 0;
  if (names.length > 1) {
    const above = yield* makePath(account, names.slice(0, -1), undefined, false);
    if (above === "too-many") return { kind: "too-many" };
    parent = above.id;
  }
  const modseq = yield* nextModseq(account);
  const subscribed = row.subscribed !== 0 || (yield* takeSubscribed(account, names));
  yield* run(
    "UPDATE mailboxes SET parent = $3, name = $4, changed_modseq = $5, subscribed = $6 WHERE account = $1 AND id = $2",
    account,
    id,
    parent,
    names.at(-1) as string,
    modseq,
    subscribed ? 1 : 0,
  );
  yield* publish({ kind: "mailboxes", account, modseq });
  const moved = (yield* mailboxRow(account, id)) as MailboxRow;
  return { kind: "done", mailbox: yield* withPath(moved) };
}

/** Whether `below` is `row` or lies under it. */
export function* liesUnder(below: MailboxRow | undefined, row: MailboxRow): Op<boolean> {
  for (let at = below; at !== undefined; at = yield* mailboxRow(row.account, at.parent))
    if (at.id === row.id) return true;
  return false;
}

export function* hasChildren(row: MailboxRow): Op<boolean> {
  const child = yield* one("SELECT id FROM mailboxes WHERE account = $1 AND parent = $2 LIMIT 1", row.account, row.id);
  return child !== undefined;
}
