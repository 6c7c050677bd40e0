/** Second factors, sessions, invitations: see `../security-store.ts`. */
import {
  type Factor,
  type FactorKind,
  type Invitation,
  maxFactors,
  type NewFactor,
  type Scope,
  type SecurityWriter,
  shownHashChars,
} from "../security-store.ts";
import type { AccountId, Instant } from "../store.ts";
import { ended } from "./objects.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";

/** Logins remember what they know of an account: they must look again. */
const accountChanged = () => publish({ kind: "directory" });

/** A list of scopes as it is kept; a row without any has no such field. */
export const scopesOf = (text: string): { readonly scopes?: readonly Scope[] } =>
  text === "[]" ? {} : { scopes: JSON.parse(text) as Scope[] };

// ---------------------------------------------------------------- factors

type FactorRow = {
  readonly account: number;
  readonly id: number;
  readonly kind: FactorKind;
  readonly key: string;
  readonly label: string;
  readonly data: string;
  readonly created_at: number;
  readonly used_at: number | null;
} & Row;

const factorOf = (row: FactorRow): Factor => ({
  id: row.id,
  account: row.account,
  kind: row.kind,
  key: row.key,
  label: row.label,
  data: JSON.parse(row.data) as unknown,
  createdAt: row.created_at,
  usedAt: row.used_at ?? undefined,
});

export function* factors(account: AccountId): Op<readonly Factor[]> {
  return (yield* all<FactorRow>("SELECT * FROM factors WHERE account = $1 ORDER BY id", account)).map(factorOf);
}

export function* factorByKey(kind: FactorKind, key: string): Op<Factor | undefined> {
  const row = yield* one<FactorRow>("SELECT * FROM factors WHERE kind = $1 AND key = $2 AND key <> ''", kind, key);
  return row && factorOf(row);
}

export function* putFactor(
  account: AccountId,
  factor: NewFactor,
  at: Instant,
): Op<Awaited<ReturnType<SecurityWriter["putFactor"]>>> {
  const owner = yield* one<{ next_object: number }>(
    "UPDATE accounts SET next_object = next_object + 1 WHERE id = $1 RETURNING next_object",
    account,
  );
  if (owner === undefined) return { kind: "no-account" };
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM factors WHERE account = $1", account);
  if ((count?.n ?? 0) >= maxFactors) return { kind: "too-many" };
  if (factor.key !== "" && (yield* factorByKey(factor.kind, factor.key)) !== undefined) return { kind: "taken" };
  const id = owner.next_object - 1;
  yield* run(
    "INSERT INTO factors (account, id, kind, key, label, data, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    account,
    id,
    factor.kind,
    factor.key,
    factor.label,
    JSON.stringify(factor.data),
    at,
  );
  yield* accountChanged();
  return { kind: "done", id };
}

export function* changeFactor(
  account: AccountId,
  id: number,
  before: unknown,
  change: Parameters<SecurityWriter["changeFactor"]>[3],
): Op<"done" | "changed"> {
  const touched = yield* run(
    `UPDATE factors SET kind = coalesce($4, kind), label = coalesce($5, label), data = coalesce($6, data),
       used_at = coalesce($7, used_at) WHERE account = $1 AND id = $2 AND data = $3`,
    account,
    id,
    JSON.stringify(before),
    change.kind ?? null,
    change.label ?? null,
    change.data === undefined ? null : JSON.stringify(change.data),
    change.usedAt ?? null,
  );
  if (touched === 0) return "changed";
  if (change.kind === undefined) return "done";
  yield* accountChanged();
  // A second factor counts from now on: programs that are in by the password alone are out.
  if (change.kind === "totp") yield* publish({ kind: "signed-out", account });
  return "done";
}

export function* removeFactors(account: AccountId, which: number | readonly FactorKind[]): Op<number> {
  const removed =
    typeof which === "number"
      ? yield* run("DELETE FROM factors WHERE account = $1 AND id = $2", account, which)
      : yield* run("DELETE FROM factors WHERE account = $1 AND kind IN {texts $2}", account, JSON.stringify(which));
  if (removed > 0) yield* accountChanged();
  return removed;
}

export function* credentialUsed(account: AccountId, id: number, at: Instant): Op<void> {
  yield* run("UPDATE credentials SET used_at = $3 WHERE account = $1 AND id = $2", account, id, at);
}

export function* raiseCredential(
  account: AccountId,
  id: number,
  before: string,
  { argon2id, scramSha256 }: Parameters<SecurityWriter["raiseCredential"]>[3],
): Op<"done" | "changed"> {
  const touched = yield* run(
    "UPDATE credentials SET argon2id = $4, scram_sha256 = $5 WHERE account = $1 AND id = $2 AND argon2id = $3",
    account,
    id,
    before,
    argon2id,
    scramSha256,
  );
  return touched === 0 ? "changed" : "done";
}

// ---------------------------------------------------------------- sessions

export function* webSessionEnd(account: AccountId, id: string): Op<"done" | "missing"> {
  const gone = yield* all<{ readonly account: number; readonly hash: string } & Row>(
    `DELETE FROM web_sessions WHERE account = $1 AND substr(hash, 1, ${shownHashChars}) = $2 RETURNING account, hash`,
    account,
    id,
  );
  if (gone.length === 0) return "missing";
  yield* ended(gone);
  yield* accountChanged();
  return "done";
}

// ---------------------------------------------------------------- invitations

type InvitationRow = {
  readonly hash: string;
  readonly name: string;
  readonly data: string;
  readonly created_at: number;
  readonly expires_at: number;
} & Row;

const invitationOf = (row: InvitationRow): Invitation => ({
  id: row.hash.slice(0, shownHashChars),
  name: row.name,
  data: JSON.parse(row.data) as unknown,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});

export function* invitation(hash: string): Op<Invitation | undefined> {
  const row = yield* one<InvitationRow>("SELECT * FROM invitations WHERE hash = $1", hash);
  return row && invitationOf(row);
}

export function* invitations(): Op<readonly Invitation[]> {
  return (yield* all<InvitationRow>("SELECT * FROM invitations ORDER BY created_at DESC, hash")).map(invitationOf);
}

export function* putInvitation(hash: string, given: Omit<Invitation, "id">): Op<void> {
  yield* run(
    `INSERT INTO invitations (hash, name, data, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (hash) DO NOTHING`,
    hash,
    given.name,
    JSON.stringify(given.data),
    given.createdAt,
    given.expiresAt,
  );
}

export function* takeInvitation(hash: string): Op<Invitation | undefined> {
  const row = yield* one<InvitationRow>("DELETE FROM invitations WHERE hash = $1 RETURNING *", hash);
  return row && invitationOf(row);
}

export function* removeInvitation(id: string): Op<"done" | "missing"> {
  const removed = yield* run(`DELETE FROM invitations WHERE substr(hash, 1, ${shownHashChars}) = $1`, id);
  return removed === 0 ? "missing" : "done";
}
