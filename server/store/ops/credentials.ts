/** Passwords of accounts, app passwords among them. */
import type { LimitedCredential } from "../security-store.ts";
import type { AccountId, Credential } from "../store.ts";
import { directoryChanged, signedOut } from "./directory-changes.ts";
import { scopesOf } from "./security.ts";
import { all, type Op, one, run } from "./tx.ts";

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

export function* insertCredential(account: AccountId, credential: Omit<Credential, "id" | "account">): Op<number> {
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
