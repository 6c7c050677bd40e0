/** Accounts: how they come, are renamed, and go with all that is theirs. */
import type { Account, AccountId, Credential, Instant, StoreReader, StoreWriter } from "../store.ts";
import { type AddressRow, addresses, putAddress } from "./addresses.ts";
import { insertCredential } from "./credentials.ts";
import { directoryChanged, signedOut } from "./directory-changes.ts";
import { makeMailbox } from "./mailbox-tree.ts";
import { nameAnew } from "./naming.ts";
import { sieveTables } from "./sieve.ts";
import { all, type Op, one, type Row, run } from "./tx.ts";
import { wordTables } from "./words-write.ts";

export type AccountRow = {
  readonly id: number;
  readonly name: string;
  readonly display_name: string;
  readonly role: Account["role"];
  readonly disabled: number;
  readonly quota_bytes: number;
  readonly used_bytes: number;
  readonly used_messages: number;
  readonly created_at: number;
} & Row;

export function accountOf(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    role: row.role,
    disabled: row.disabled !== 0,
    quotaBytes: row.quota_bytes,
    usedBytes: row.used_bytes,
    usedMessages: row.used_messages,
    createdAt: row.created_at,
  };
}

export const accountColumns =
  "id, name, display_name, role, disabled, quota_bytes, used_bytes, used_messages, created_at";

export function* accounts(filter: Parameters<StoreReader["accounts"]>[0] = {}): Op<readonly Account[]> {
  const { name, id, role } = filter;
  let found: readonly AccountRow[];
  if (id !== undefined) found = yield* all(`SELECT ${accountColumns} FROM accounts WHERE id = $1 AND deletion = 0`, id);
  else if (name !== undefined)
    found = yield* all(`SELECT ${accountColumns} FROM accounts WHERE name = $1 AND deletion = 0`, name);
  else found = yield* all(`SELECT ${accountColumns} FROM accounts WHERE deletion = 0 ORDER BY name`);
  return found
    .map(accountOf)
    .filter(
      (account) => (name === undefined || account.name === name) && (role === undefined || account.role === role),
    );
}

/** What every new account finds in its tree; INBOX, the first, gets `inboxId`. */
const firstMailboxes = [
  ["INBOX", "inbox"],
  ["Drafts", "drafts"],
  ["Sent", "sent"],
  ["Archive", "archive"],
  ["Junk", "junk"],
  ["Trash", "trash"],
] as const;

export function* createAccount(
  account: Parameters<StoreWriter["createAccount"]>[0],
  credentials: readonly Omit<Credential, "id" | "account">[],
  at: Instant,
): Op<Awaited<ReturnType<StoreWriter["createAccount"]>>> {
  const cut = account.name.lastIndexOf("@");
  const [local, domain] = [account.name.slice(0, cut), account.name.slice(cut + 1)];
  const home = yield* one("SELECT kind FROM domains WHERE name = $1", domain);
  if (cut <= 0 || home?.["kind"] !== "local") return { kind: "no-domain" };
  if (yield* one("SELECT 1 AS n FROM addresses WHERE domain = $1 AND local = $2", domain, local))
    return { kind: "exists" };
  const row = yield* one<AccountRow>(
    `INSERT INTO accounts (name, display_name, role, disabled, quota_bytes, used_bytes, used_messages, created_at,
       modseq, next_email, next_object, uidvalidity, domain)
     VALUES ($1, $2, $3, 0, $4, 0, 0, $5, 1, 1, 1, $6, $7) ON CONFLICT (name) DO NOTHING RETURNING ${accountColumns}`,
    account.name,
    account.displayName,
    account.role,
    account.quotaBytes,
    at,
    Math.floor(at / 1000),
    domain,
  );
  if (row === undefined) return { kind: "exists" };
  yield* run(
    "INSERT INTO addresses (domain, local, kind, account, targets, senders) VALUES ($1, $2, 'account', $3, '[]', '[]')",
    domain,
    local,
    row.id,
  );
  for (const [name, role] of firstMailboxes) yield* makeMailbox(row.id, 0, name, role);
  for (const credential of credentials) yield* insertCredential(row.id, credential);
  yield* directoryChanged();
  return { kind: "done", account: accountOf(row) };
}

export function* updateAccount(
  id: AccountId,
  change: Parameters<StoreWriter["updateAccount"]>[1],
): Op<"done" | "missing"> {
  const { displayName, role, disabled, quotaBytes } = change;
  const touched = yield* run(
    `UPDATE accounts SET display_name = coalesce($2, display_name), role = coalesce($3, role),
       disabled = coalesce($4, disabled), quota_bytes = coalesce($5, quota_bytes) WHERE id = $1`,
    id,
    displayName ?? null,
    role ?? null,
    disabled === undefined ? null : disabled ? 1 : 0,
    quotaBytes ?? null,
  );
  if (touched === 0) return "missing";
  yield* directoryChanged();
  if (disabled === true) yield* signedOut(id);
  return "done";
}

const nameParts = (name: string): readonly [local: string, domain: string] => {
  const cut = name.lastIndexOf("@");
  return [name.slice(0, cut), name.slice(cut + 1)];
};

export function* renameAccount(id: AccountId, name: string): Op<Awaited<ReturnType<StoreWriter["renameAccount"]>>> {
  const account = yield* one<AccountRow>(`SELECT ${accountColumns} FROM accounts WHERE id = $1 AND deletion = 0`, id);
  if (account === undefined) return "missing";
  if (account.name === name) return "done";
  const [local, domain] = nameParts(name);
  const before = nameParts(account.name);
  const home = yield* one("SELECT kind FROM domains WHERE name = $1", domain);
  if (local === "" || home?.["kind"] !== "local") return "no-domain";
  const there = (yield* addresses({ local, domain }))[0];
  const isOwn = there?.kind === "alias" && there.about === undefined && there.targets.join() === account.name;
  if (there !== undefined && !isOwn && there.account !== id) return "exists";
  if (there !== undefined) yield* run("DELETE FROM addresses WHERE domain = $1 AND local = $2", domain, local);
  yield* run("UPDATE accounts SET name = $2, domain = $3 WHERE id = $1", id, name, domain);
  const [oldLocal, oldDomain] = before;
  // Who may send as the person still may.
  yield* run(
    "UPDATE addresses SET domain = $3, local = $4 WHERE domain = $1 AND local = $2",
    oldDomain,
    oldLocal,
    domain,
    local,
  );
  yield* putAddress({
    local: oldLocal,
    domain: oldDomain,
    kind: "alias",
    account: undefined,
    targets: [name],
    senders: [],
  });
  yield* nameAnew(account.name, name);
  return "done";
}

const accountTables = [
  "messages",
  "expunged",
  "gone_mailboxes",
  "thread_refs",
  "mailboxes",
  "objects",
  "uploads",
  "quarantine",
  "web_sessions",
  "credentials",
  "factors",
  "imported",
  "imports",
  "addresses",
  "grants",
  "mailbox_rights",
  "absent_subscriptions",
  "restraints",
  ...sieveTables,
  ...wordTables,
] as const;

export function* removeAccount(id: AccountId): Op<"done" | "missing"> {
  if ((yield* run("DELETE FROM accounts WHERE id = $1", id)) === 0) return "missing";
  yield* run(
    `UPDATE contents SET refs = refs - d.n
     FROM (SELECT content, count(*) AS n FROM (SELECT content FROM messages WHERE account = $1
       UNION ALL SELECT content FROM uploads WHERE account = $1 UNION ALL SELECT content FROM quarantine WHERE account = $1) AS named GROUP BY content) AS d WHERE contents.id = d.content`,
    id,
  );
  for (const table of accountTables) yield* run(`DELETE FROM ${table} WHERE account = $1`, id);
  yield* run("DELETE FROM mailbox_rights WHERE grantee = $1", id);
  // The few aliases with senders: an account that is gone sends as nobody.
  const granting = yield* all<AddressRow>("SELECT * FROM addresses WHERE senders <> '[]'");
  for (const row of granting) {
    const senders = JSON.parse(row.senders) as number[];
    const others = senders.filter((sender) => Math.abs(sender) !== id);
    if (others.length === senders.length) continue;
    const left = JSON.stringify(others);
    yield* run("UPDATE addresses SET senders = $3 WHERE domain = $1 AND local = $2", row.domain, row.local, left);
  }
  yield* directoryChanged();
  yield* signedOut(id);
  return "done";
}
