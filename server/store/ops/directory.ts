/** Domains, addresses, accounts, credentials and settings. */
import { isFinding } from "../domain-settings.ts";
import type { LimitedCredential } from "../security-store.ts";
import type {
  Account,
  AccountId,
  Address,
  Credential,
  Domain,
  DomainSettings,
  Instant,
  StoreReader,
  StoreWriter,
} from "../store.ts";
import { makeMailbox } from "./mailbox-tree.ts";
import { nameAnew } from "./naming.ts";
import { scopesOf } from "./security.ts";
import { sieveTables } from "./sieve.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";
import { wordTables } from "./words-write.ts";

const directoryChanged = () => publish({ kind: "directory" });
const signedOut = (account: AccountId) => publish({ kind: "signed-out", account });

// ---------------------------------------------------------------- domains

export function* domains({ name }: { readonly name?: string } = {}): Op<readonly Domain[]> {
  const found = yield* all<{ name: string; kind: Domain["kind"]; settings: string }>(
    "SELECT name, kind, settings FROM domains WHERE CAST($1 AS TEXT) IS NULL OR name = $1 ORDER BY name",
    name ?? null,
  );
  return found.map((row) => ({
    name: row.name,
    kind: row.kind,
    settings: JSON.parse(row.settings) as DomainSettings,
  }));
}

export function* putDomain(domain: Domain): Op<"done" | "deleted"> {
  const gone = yield* one(
    "SELECT 1 AS n FROM gone_domains WHERE name = $1 AND name NOT IN (SELECT name FROM domains) LIMIT 1",
    domain.name,
  );
  if (gone !== undefined) return "deleted";
  yield* run(
    `INSERT INTO domains (name, kind, settings) VALUES ($1, $2, $3)
     ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, settings = excluded.settings`,
    domain.name,
    domain.kind,
    JSON.stringify(domain.settings),
  );
  yield* directoryChanged();
  return "done";
}

export function* removeDomain(name: string): Op<"done" | "missing" | "in-use"> {
  if (yield* one("SELECT 1 AS n FROM addresses WHERE domain = $1 LIMIT 1", name)) return "in-use";
  if ((yield* run("DELETE FROM domains WHERE name = $1", name)) === 0) return "missing";
  yield* directoryChanged();
  return "done";
}

// ---------------------------------------------------------------- accounts

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

// ---------------------------------------------------------------- credentials

type CredentialRow = {
  account: number;
  id: number;
  kind: Credential["kind"];
  label: string;
  argon2id: string;
  scram_sha256: string;
  created_at: number;
  expires_at: number | null;
  scopes: string;
  used_at: number | null;
  limits: string | null;
};

const credentialOf = (row: CredentialRow): Credential => ({
  id: row.id,
  account: row.account,
  kind: row.kind,
  label: row.label,
  argon2id: row.argon2id,
  scramSha256: row.scram_sha256,
  createdAt: row.created_at,
  expiresAt: row.expires_at ?? undefined,
  ...scopesOf(row.scopes),
  ...(row.used_at === null ? {} : { usedAt: row.used_at }),
  ...(row.limits === null ? {} : { limits: JSON.parse(row.limits) as NonNullable<Credential["limits"]> }),
});

export function* credentials(account: AccountId): Op<readonly Credential[]> {
  const found = yield* all<CredentialRow>("SELECT * FROM credentials WHERE account = $1 ORDER BY id", account);
  const second = yield* one("SELECT 1 AS n FROM factors WHERE account = $1 AND kind = 'totp' LIMIT 1", account);
  return found.map((row) => ({
    ...credentialOf(row),
    ...(second !== undefined && row.kind === "password" ? { secondFactor: true as const } : {}),
  }));
}

export function* sealedCredentials(
  after: Pick<Credential, "account" | "id">,
  limit: number,
): Op<readonly Credential[]> {
  const found = yield* all<CredentialRow>(
    `SELECT * FROM credentials WHERE (account, id) > ($1, $2) AND kind = 'password' AND argon2id LIKE '$sealed$%'
     ORDER BY account, id LIMIT $3`,
    after.account,
    after.id,
    limit,
  );
  return found.map(credentialOf);
}

export function* limitedCredentials(
  after: Pick<Credential, "account" | "id">,
  limit: number,
): Op<readonly LimitedCredential[]> {
  const found = yield* all<Pick<CredentialRow, "account" | "id" | "label"> & { name: string; limits: string }>(
    `SELECT c.account, a.name, c.id, c.label, c.limits
     FROM credentials c JOIN accounts a ON a.id = c.account AND a.deletion = 0
     WHERE c.limits IS NOT NULL AND (c.account, c.id) > ($1, $2) ORDER BY c.account, c.id LIMIT $3`,
    after.account,
    after.id,
    limit,
  );
  return found.map((row) => ({ ...row, limits: JSON.parse(row.limits) as LimitedCredential["limits"] }));
}

export function* limitCredential(account: AccountId, id: number, limits: Credential["limits"]): Op<"done" | "missing"> {
  const touched = yield* run(
    "UPDATE credentials SET limits = $3 WHERE account = $1 AND id = $2 AND kind = 'app-password'",
    account,
    id,
    limits === undefined ? null : JSON.stringify(limits),
  );
  return touched === 0 ? "missing" : "done";
}

function* insertCredential(account: AccountId, credential: Omit<Credential, "id" | "account">): Op<number> {
  const owner = yield* one<{ next_object: number }>(
    "UPDATE accounts SET next_object = next_object + 1 WHERE id = $1 RETURNING next_object",
    account,
  );
  if (owner === undefined) throw new Error(`A credential for account ${account}, which is not there.`);
  const id = owner.next_object - 1;
  yield* run(
    `INSERT INTO credentials (account, id, kind, label, argon2id, scram_sha256, created_at, expires_at, scopes, limits)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    account,
    id,
    credential.kind,
    credential.label,
    credential.argon2id,
    credential.scramSha256,
    credential.createdAt,
    credential.expiresAt ?? null,
    JSON.stringify(credential.scopes ?? []),
    credential.limits === undefined ? null : JSON.stringify(credential.limits),
  );
  return id;
}

export function* putCredential(account: AccountId, credential: Omit<Credential, "id" | "account">): Op<number> {
  if (credential.kind === "password")
    yield* run("DELETE FROM credentials WHERE account = $1 AND kind = 'password'", account);
  const id = yield* insertCredential(account, credential);
  yield* directoryChanged();
  if (credential.kind === "password") yield* signedOut(account);
  return id;
}

export function* removeCredential(account: AccountId, id: number): Op<"done" | "missing"> {
  if ((yield* run("DELETE FROM credentials WHERE account = $1 AND id = $2", account, id)) === 0) return "missing";
  yield* directoryChanged();
  yield* signedOut(account);
  return "done";
}

// ---------------------------------------------------------------- addresses

export type AddressRow = {
  readonly domain: string;
  readonly local: string;
  readonly kind: Address["kind"];
  readonly account: number | null;
  readonly targets: string;
  readonly senders: string;
  readonly about: string;
} & Row;

/** In one column: who sends as the address, and with a minus who does on its behalf. */
function grantsOf(kept: string): Pick<Address, "senders" | "onBehalf"> {
  const all = JSON.parse(kept) as number[];
  const onBehalf = all.filter((id) => id < 0).map((id) => -id);
  return onBehalf.length === 0 ? { senders: all } : { senders: all.filter((id) => id > 0), onBehalf };
}

export const addressOf = (row: AddressRow): Address => ({
  local: row.local,
  domain: row.domain,
  kind: row.kind,
  account: row.account ?? undefined,
  targets: JSON.parse(row.targets) as string[],
  ...grantsOf(row.senders),
  ...(row.about === "" ? {} : { about: JSON.parse(row.about) as NonNullable<Address["about"]> }),
});

export function* addresses(filter: Parameters<StoreReader["addresses"]>[0] = {}): Op<readonly Address[]> {
  const { domain, local, account } = filter;
  const from = "SELECT domain, local, kind, account, targets, senders, about FROM addresses";
  let found: readonly AddressRow[];
  if (account !== undefined) found = yield* all(`${from} WHERE account = $1 ORDER BY domain, local`, account);
  else if (domain !== undefined && local !== undefined)
    found = yield* all(`${from} WHERE domain = $1 AND local = $2`, domain, local);
  else if (domain !== undefined) found = yield* all(`${from} WHERE domain = $1 ORDER BY local`, domain);
  else found = yield* all(`${from} ORDER BY domain, local`);
  return found
    .filter((row) => (domain === undefined || row.domain === domain) && (local === undefined || row.local === local))
    .map(addressOf);
}

/** The address that is an account's name. */
function* isPrimary(local: string, domain: string): Op<boolean> {
  return (yield* one("SELECT id FROM accounts WHERE name = $1", `${local}@${domain}`)) !== undefined;
}

export function* putAddress(address: Address): Op<"done" | "no-domain" | "no-account" | "taken"> {
  const { local, domain, kind } = address;
  const needsTarget = kind === "alias" && address.about?.kind !== "list";
  if (local === "" || (needsTarget && address.targets.length === 0))
    throw new Error("An address needs a local part, and an alias a target.");
  if (!(yield* one("SELECT 1 AS n FROM domains WHERE name = $1", domain))) return "no-domain";
  const account = kind === "account" ? address.account : undefined;
  if (kind === "account") {
    if (account === undefined) return "no-account";
    if (!(yield* one("SELECT 1 AS n FROM accounts WHERE id = $1", account))) return "no-account";
  }
  const primary = yield* one<{ id: number }>("SELECT id FROM accounts WHERE name = $1", `${local}@${domain}`);
  if (primary !== undefined && primary.id !== account) return "taken";
  yield* run(
    `INSERT INTO addresses (domain, local, kind, account, targets, senders, about) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (domain, local) DO UPDATE SET kind = excluded.kind, account = excluded.account,
       targets = excluded.targets, senders = excluded.senders, about = excluded.about`,
    domain,
    local,
    kind,
    account ?? null,
    JSON.stringify(kind === "alias" ? address.targets : []),
    JSON.stringify([...address.senders, ...(address.onBehalf ?? []).map((id) => -id)]),
    address.about === undefined ? "" : JSON.stringify(address.about),
  );
  yield* directoryChanged();
  return "done";
}

export function* removeAddress(local: string, domain: string): Op<"done" | "missing" | "in-use"> {
  if (yield* isPrimary(local, domain)) return "in-use";
  if ((yield* run("DELETE FROM addresses WHERE domain = $1 AND local = $2", domain, local)) === 0) return "missing";
  yield* directoryChanged();
  return "done";
}

// ---------------------------------------------------------------- settings

export function* setting(key: string): Op<unknown | undefined> {
  const row = yield* one<{ value: string }>("SELECT value FROM settings WHERE key = $1", key);
  return row === undefined ? undefined : JSON.parse(row.value);
}

export function* settings(prefix: string): Op<readonly { readonly key: string; readonly value: unknown }[]> {
  const found = yield* all<{ key: string; value: string }>(
    "SELECT key, value FROM settings WHERE substr(key, 1, length($1)) = $1 ORDER BY key",
    prefix,
  );
  return found.map((row) => ({ key: row.key, value: JSON.parse(row.value) as unknown }));
}

/** Puts `after` where `before` still stands (undefined: nothing); false where something else does by now. */
export function* swapSetting(key: string, before: unknown, after: unknown): Op<boolean> {
  const [was, text] = [JSON.stringify(before), JSON.stringify(after)] as const;
  const changed =
    was === undefined
      ? yield* run("INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, text)
      : text === undefined
        ? yield* run("DELETE FROM settings WHERE key = $1 AND value = $2", key, was)
        : yield* run("UPDATE settings SET value = $3 WHERE key = $1 AND value = $2", key, was, text);
  if (changed > 0) yield* directoryChanged();
  return changed > 0;
}

export function* putSetting(key: string, value: unknown): Op<void> {
  if (value === undefined) yield* run("DELETE FROM settings WHERE key = $1", key);
  else
    yield* run(
      "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      key,
      JSON.stringify(value),
    );
  if (!isFinding(key)) yield* directoryChanged();
}
