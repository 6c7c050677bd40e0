/** The model of sending at volume, quotas, suppression and events: see `../sending.ts`. */
import {
  maxSendingRows,
  maxSuppressionRows,
  type NewSendingEvent,
  type Park,
  type ParkLane,
  type QuotaAsk,
  type SendingReader,
  type SendingRow,
  type Strike,
  type Suppression,
  siteQuotaPrefix,
} from "../sending.ts";
import type { Instant } from "../store.ts";
import { addSendingEvents } from "./events.ts";
import { all, type Op, one, publish, type Row, run } from "./tx.ts";

/** PostgreSQL keeps no NUL in a text. */
const text = (value: string): string => value.replaceAll("\0", "?");

export function* sendingRows(kinds: readonly string[]): Op<readonly SendingRow[]> {
  const found = yield* all<{ kind: string; name: string; value: string }>(
    "SELECT kind, name, value FROM sending WHERE kind IN {texts $1} ORDER BY kind, name LIMIT $2",
    JSON.stringify(kinds),
    maxSendingRows * kinds.length,
  );
  return found.map(({ kind, name, value }) => ({ kind, name, value: JSON.parse(value) as unknown }));
}

export function* putSendingRows(rows: readonly SendingRow[], events: readonly NewSendingEvent[] = []): Op<void> {
  for (const { kind, name, value } of rows)
    if (value === undefined) yield* run("DELETE FROM sending WHERE kind = $1 AND name = $2", kind, text(name));
    else
      yield* run(
        `INSERT INTO sending (kind, name, value) VALUES ($1, $2, $3)
         ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value`,
        kind,
        text(name),
        text(JSON.stringify(value)),
      );
  yield* publish({ kind: "sending", of: [...new Set(rows.map(({ kind }) => kind))] });
  yield* addSendingEvents(events);
}

// ---------------------------------------------------------------- quotas

export function* quotasUsed(day: number): Op<readonly { readonly key: string; readonly used: number }[]> {
  return yield* all<{ key: string; used: number }>(
    `SELECT key, used FROM quotas WHERE day = $1 AND key NOT LIKE '${siteQuotaPrefix}%'`,
    day,
  );
}

export function* takeQuota(asks: readonly QuotaAsk[]): Op<readonly number[]> {
  const granted: number[] = [];
  for (const ask of asks) granted.push(yield* takeOne(ask));
  return granted;
}

function* takeOne({ keys, day, count }: QuotaAsk): Op<number> {
  let room = count;
  // In one order everywhere, so that two nodes never wait for each other.
  const ordered = [...keys].sort((one, other) => (one.key < other.key ? -1 : 1));
  for (const { key, cap } of ordered) {
    yield* run(
      `INSERT INTO quotas (key, day, used) VALUES ($1, $2, 0)
       ON CONFLICT (key) DO UPDATE SET day = excluded.day, used = 0 WHERE quotas.day < excluded.day`,
      key,
      day,
    );
    const row = yield* one<{ used: number }>(
      "SELECT used FROM quotas WHERE key = $1 AND day = $2 {for_update}",
      key,
      day,
    );
    if (count > 0) room = Math.min(room, row === undefined ? 0 : Math.max(0, cap - row.used));
  }
  if (room === 0) return 0;
  for (const { key } of ordered)
    yield* run(
      "UPDATE quotas SET used = CASE WHEN used + $3 < 0 THEN 0 ELSE used + $3 END WHERE key = $1 AND day = $2",
      key,
      day,
      room,
    );
  return room;
}

// ---------------------------------------------------------------- suppression

type SuppressionRow = {
  readonly scope: string;
  readonly hash: string;
  readonly address: string;
  readonly reason: string;
  readonly evidence: string;
  readonly at: number;
  readonly expires_at: number | null;
} & Row;

const shown = ({ expires_at, ...row }: SuppressionRow): Suppression => ({ ...row, expiresAt: expires_at ?? undefined });
const suppressionColumns = "scope, hash, address, reason, evidence, at, expires_at";
const maxEvidence = 500;

export function* anySuppression(): Op<boolean> {
  return (yield* one("SELECT 1 AS found FROM suppressions WHERE active = 1 LIMIT 1")) !== undefined;
}

export function* suppressed(
  ...[scopes, hashes, now]: Parameters<SendingReader["suppressed"]>
): Op<readonly Suppression[]> {
  const found = yield* all<SuppressionRow>(
    `SELECT ${suppressionColumns} FROM suppressions WHERE scope IN {texts $1} AND hash IN {texts $2} AND active = 1
     AND (expires_at IS NULL OR expires_at > $3)`,
    JSON.stringify(scopes),
    JSON.stringify(hashes),
    now,
  );
  return found.map(shown);
}

export function* suppressions(filter: Parameters<SendingReader["suppressions"]>[0]): Op<readonly Suppression[]> {
  const found = yield* all<SuppressionRow>(
    `SELECT ${suppressionColumns} FROM suppressions WHERE scope = $1 AND hash > $2 AND active = 1
     AND (CAST($3 AS TEXT) IS NULL OR hash = $3) ORDER BY hash LIMIT $4`,
    filter.scope,
    filter.after ?? "",
    filter.hash ?? null,
    Math.min(filter.limit ?? maxSuppressionRows, maxSuppressionRows),
  );
  return found.map(shown);
}

export function* tenantSuppressions({
  tenant,
  hash,
  after,
  limit,
}: Parameters<SendingReader["tenantSuppressions"]>[0]): Op<readonly Suppression[]> {
  // Compared by their first letters: LIKE would take what is in a name for a pattern.
  const of = (kind: string): string => `${kind}:${tenant}/`;
  const found = yield* all<SuppressionRow>(
    `SELECT ${suppressionColumns} FROM suppressions
     WHERE (scope = $1 OR scope = $2 OR substr(scope, 1, CAST($3 AS INTEGER)) = $4 OR substr(scope, 1, CAST($5 AS INTEGER)) = $6)
       AND active = 1 AND (scope > $7 OR (scope = $7 AND hash > $8)) AND (CAST($9 AS TEXT) IS NULL OR hash = $9)
     ORDER BY scope, hash LIMIT $10`,
    `tenant:${tenant}`,
    `marketing:${tenant}`,
    of("stream").length,
    of("stream"),
    of("list").length,
    of("list"),
    after?.scope ?? "",
    after?.hash ?? "",
    hash ?? null,
    Math.min(limit, maxSuppressionRows),
  );
  return found.map(shown);
}

export function* suppress(rows: readonly Suppression[]): Op<void> {
  for (const row of rows) yield* putSuppression(row, true, 0, row.at);
  yield* publish({ kind: "sending", of: ["suppression"] });
}

function* putSuppression(row: Suppression, active: boolean, strikes: number, firstAt: Instant): Op<void> {
  yield* run(
    `INSERT INTO suppressions (scope, hash, address, reason, evidence, active, strikes, first_at, at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (scope, hash) DO UPDATE SET reason = excluded.reason, evidence = excluded.evidence,
       active = excluded.active, strikes = excluded.strikes, first_at = excluded.first_at, at = excluded.at, expires_at = excluded.expires_at`,
    row.scope,
    row.hash,
    text(row.address),
    row.reason,
    text(row.evidence.slice(0, maxEvidence)),
    active ? 1 : 0,
    strikes,
    firstAt,
    row.at,
    row.expiresAt ?? null,
  );
}

export function* strike(strikes: readonly Strike[]): Op<readonly boolean[]> {
  const answers: boolean[] = [];
  for (const given of strikes) {
    const row = yield* one<{ active: number; strikes: number; first_at: number; at: number }>(
      "SELECT active, strikes, first_at, at FROM suppressions WHERE scope = $1 AND hash = $2 {for_update}",
      given.scope,
      given.hash,
    );
    if (row?.active === 1) answers.push(true);
    else if (row !== undefined && given.at - row.at < given.gapMs) answers.push(false);
    else {
      const count = (row?.strikes ?? 0) + 1;
      const first = row?.first_at ?? given.at;
      const now = count >= given.needed && given.at - first >= given.spanMs;
      yield* putSuppression(given, now, count, first);
      answers.push(now);
    }
  }
  if (answers.includes(true)) yield* publish({ kind: "sending", of: ["suppression"] });
  return answers;
}

export function* unsuppress(scope: string, hashes: readonly string[]): Op<number> {
  const gone = yield* run(
    "DELETE FROM suppressions WHERE scope = $1 AND hash IN {texts $2}",
    scope,
    JSON.stringify(hashes),
  );
  yield* publish({ kind: "sending", of: ["suppression"] });
  return gone;
}

/** What is over: suppressions for a time, quotas of the sites of other days. */
export function* dropOver(now: Instant): Op<void> {
  yield* run("DELETE FROM suppressions WHERE expires_at <= $1", now);
  yield* run(`DELETE FROM quotas WHERE day < $1 AND key LIKE '${siteQuotaPrefix}%'`, Math.floor(now / dayMs));
}

const dayMs = 86_400_000;

// ---------------------------------------------------------------- where mail waits

export function* queueParks(): Op<readonly Park[]> {
  const found = yield* all<{ park: string; recipients: number; next_at: number }>(
    `SELECT park, count(*) AS recipients, min(next_at) AS next_at FROM queue_recipients
     WHERE state = 0 AND park <> '' GROUP BY park ORDER BY park`,
  );
  return found.map(({ park, recipients, next_at }) => ({ park, recipients, nextAt: next_at }));
}

export function* parkNames(): Op<readonly string[]> {
  // From one name to the next by the index: the rows between are not looked at.
  const found = yield* all<{ park: string }>(
    `WITH RECURSIVE names(park) AS (
       SELECT min(park) FROM queue_recipients WHERE state = 0 AND park <> ''
       UNION ALL
       SELECT (SELECT min(r.park) FROM queue_recipients r WHERE r.state = 0 AND r.park <> '' AND r.park > names.park)
       FROM names WHERE names.park IS NOT NULL)
     SELECT park FROM names WHERE park IS NOT NULL`,
  );
  return found.map(({ park }) => park);
}

export function* parkLanes(): Op<readonly ParkLane[]> {
  const lanes: ParkLane[] = [];
  for (const park of yield* parkNames())
    for (const urgency of urgencies) {
      const nextAt = yield* laneNext(park, urgency);
      if (nextAt !== undefined) lanes.push({ park, urgency, nextAt });
    }
  return lanes;
}

export function* parkNext(park: string, only?: number): Op<Instant | undefined> {
  let next: number | undefined;
  for (const urgency of only === undefined ? urgencies : [only]) {
    const at = yield* laneNext(park, urgency);
    if (at !== undefined) next = Math.min(next ?? Number.POSITIVE_INFINITY, at);
  }
  return next;
}

function* laneNext(park: string, urgency: number): Op<Instant | undefined> {
  const row = yield* one<{ at: number | null }>(
    "SELECT min(next_at) AS at FROM queue_recipients WHERE state = 0 AND park = $1 AND park <> '' AND urgency = $2",
    park,
    urgency,
  );
  return row?.at ?? undefined;
}

export function* wakeParks(parks: readonly string[], now: Instant): Op<number> {
  let woken = 0;
  for (const park of parks)
    woken += yield* run(
      "UPDATE queue_recipients SET next_at = $2 WHERE state = 0 AND park = $1 AND park <> '' AND next_at > $2",
      park,
      now,
    );
  yield* publish({ kind: "sending", of: ["park"] });
  return woken;
}

/** 0 is ordinary mail, the others are ranks of eagerness. */
export const urgencies = [0, 1, 2, 3, 4, 5] as const;
