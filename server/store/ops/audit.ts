/** What administrators did, and answers of requests that may be repeated (`../hosting.ts`). */
import type { AuditEntry, HostingReader, KeptAnswer, NewRequest, RequestTurn, Within } from "../hosting.ts";
import type { Instant } from "../store.ts";
import { all, type Op, one, type Row, rows, run } from "./tx.ts";

/** Days that entries of the audit log are kept, unless the setting `upkeep.auditDays` says otherwise. */
export const auditDays = 400;
export const auditDaysSetting = "upkeep.auditDays";
/** Requests of one account whose answers are kept at a time. */
export const maxKeptAnswers = 20_000;
const maxDetailChars = 8000;
const maxDropped = 2000;
const dayMs = 86_400_000;

/** PostgreSQL keeps no NUL in a text. */
const text = (value: string): string => value.replaceAll("\0", "?").slice(0, 500);

export function* noteAudit(entries: readonly AuditEntry[]): Op<void> {
  for (const one of entries) {
    const detail = JSON.stringify(one.detail).replaceAll("\\u0000", "?");
    yield* run(
      "INSERT INTO audit (at, tenant, actor, via, remote, action, target, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      one.at,
      one.tenant,
      text(one.actor),
      one.via,
      text(one.remote),
      text(one.action),
      text(one.target),
      detail.length > maxDetailChars ? '{"cut":true}' : detail,
    );
  }
}

type AuditRow = Omit<AuditEntry, "detail"> & { readonly id: number; readonly detail: string } & Row;

/** Newest first. Who administers domains alone sees what was done to their addresses. */
export function* audit(
  within: Within,
  { limit, before, actor, target }: Parameters<HostingReader["audit"]>[1],
): Op<readonly (AuditEntry & { readonly id: number })[]> {
  const [condition, param] =
    within.kind === "all"
      ? ["CAST($1 AS TEXT) IS NOT NULL", ""]
      : within.kind === "tenant"
        ? ["tenant = CAST($1 AS BIGINT)", String(within.tenant)]
        : [
            "EXISTS (SELECT 1 FROM {texts $1} t WHERE target = t.value OR (length(target) > length(t.value) AND substr(target, length(target) - length(t.value)) = '@' || t.value))",
            JSON.stringify(within.names),
          ];
  const found = yield* all<AuditRow>(
    `SELECT * FROM audit WHERE ${condition} AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR actor = $3)
       AND (CAST($4 AS TEXT) IS NULL OR {instr}(target, $4) > 0) ORDER BY id DESC LIMIT $5`,
    param as string,
    before ?? Number.MAX_SAFE_INTEGER,
    actor ?? null,
    target ?? null,
    limit,
  );
  return found.map((row) => ({ ...row, detail: JSON.parse(row.detail) as AuditEntry["detail"] }));
}

/** Old entries and answers whose time is over; answers whether there may be more. */
export function* dropAudit(now: Instant): Op<boolean> {
  const row = yield* one<{ value: string }>("SELECT value FROM settings WHERE key = $1", auditDaysSetting);
  const days: unknown = row === undefined ? auditDays : JSON.parse(row.value);
  const before = now - (typeof days === "number" && days >= 1 ? days : auditDays) * dayMs;
  // The newest entry stays: its number must not be given again.
  const old = yield* rows(
    "SELECT id FROM audit WHERE at < $1 AND id < (SELECT max(id) FROM audit) ORDER BY id LIMIT $2",
    before,
    maxDropped,
  );
  if (old.length > 0) yield* run("DELETE FROM audit WHERE id IN {list $1}", JSON.stringify(old.map(([id]) => id)));
  yield* run("DELETE FROM repeated_requests WHERE expires_at <= $1", now);
  return old.length === maxDropped;
}

// ---------------------------------------------------------------- repeated requests

type RequestRow = {
  readonly request: string;
  readonly answer: Uint8Array | null;
  readonly expires_at: number;
  readonly node: string;
  readonly run: string;
  readonly leased_until: number;
};

export function* beginRequest({ hash, turn, account, request, now, expiresAt, by }: NewRequest): Op<KeptAnswer> {
  const known = yield* one<RequestRow & Row>(
    "SELECT request, answer, expires_at, node, run, leased_until FROM repeated_requests WHERE hash = $1",
    hash,
  );
  const { node, run: process, leasedUntil } = by ?? { node: "", run: "", leasedUntil: expiresAt };
  if (known !== undefined && known.expires_at > now) {
    if (known.request !== request) return { kind: "other" };
    if (known.answer !== null) return { kind: "answered", answer: new Uint8Array(known.answer) };
    // A process of this node that is not this one is no more.
    const isDead = known.node !== "" && known.node === node && known.run !== process;
    if (!isDead && known.leased_until > now) return { kind: "begun" };
    yield* run(
      "UPDATE repeated_requests SET node = $2, run = $3, turn = $4, leased_until = $5 WHERE hash = $1",
      hash,
      node,
      process,
      turn,
      leasedUntil,
    );
    return { kind: "fresh", seed: known.expires_at, resumed: true };
  }
  yield* run("DELETE FROM repeated_requests WHERE account = $1 AND expires_at <= $2", account, now);
  const count = yield* one<{ n: number }>("SELECT count(*) AS n FROM repeated_requests WHERE account = $1", account);
  if ((count?.n ?? 0) >= maxKeptAnswers) return { kind: "full" };
  yield* run(
    `INSERT INTO repeated_requests (hash, account, request, answer, expires_at, node, run, turn, leased_until)
     VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8)`,
    hash,
    account,
    request,
    expiresAt,
    node,
    process,
    turn,
    leasedUntil,
  );
  return { kind: "fresh", seed: expiresAt, resumed: false };
}

export function* endRequest({ hash, turn }: RequestTurn, answer: Uint8Array | undefined): Op<void> {
  if (answer === undefined) yield* run("DELETE FROM repeated_requests WHERE hash = $1 AND turn = $2", hash, turn);
  else yield* run("UPDATE repeated_requests SET answer = $3 WHERE hash = $1 AND turn = $2", hash, turn, answer);
}

export function* leaveRequest({ hash, turn }: RequestTurn): Op<void> {
  yield* run("UPDATE repeated_requests SET leased_until = 0 WHERE hash = $1 AND turn = $2", hash, turn);
}

/** For what is committed in this turn, in the same transaction: until its end nobody else has a turn. */
export function* keepTurn({ hash, turn }: RequestTurn): Op<void> {
  const held = yield* one(
    "SELECT 1 AS held FROM repeated_requests WHERE hash = $1 AND turn = $2 {for_share}",
    hash,
    turn,
  );
  if (held === undefined) throw new Error("Somebody else resumed this request");
}
