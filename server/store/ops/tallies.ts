/** Counted rows (see `../tallies.ts`). */
import {
  maxTallyDays,
  maxTallyRowChars,
  maxTallyRows,
  type Tally,
  type TallyDay,
  type TallyKey,
  type TallyReader,
} from "../tallies.ts";
import { hash53 } from "./threads.ts";
import { all, type Op, one, run } from "./tx.ts";

export function* tallyDays(kind: string, filter: Parameters<TallyReader["tallyDays"]>[1]): Op<readonly TallyDay[]> {
  const { domain, from = 0, to = Number.MAX_SAFE_INTEGER, limit } = filter;
  const columns = `SELECT kind, domain, day, about, "rows", "count" FROM tally_days`;
  return domain === undefined
    ? yield* all<TallyDay>(
        `${columns} WHERE kind = $1 AND day BETWEEN $2 AND $3 ORDER BY day, domain LIMIT $4`,
        kind,
        from,
        to,
        limit,
      )
    : yield* all<TallyDay>(
        `${columns} WHERE kind = $1 AND domain = $5 AND day BETWEEN $2 AND $3 ORDER BY day LIMIT $4`,
        kind,
        from,
        to,
        limit,
        domain,
      );
}

export function* tallyRows(key: TallyKey, limit: number): Op<readonly Pick<Tally, "row" | "count">[]> {
  return yield* all<Pick<Tally, "row" | "count">>(
    `SELECT "row", "count" FROM tallies WHERE kind = $1 AND domain = $2 AND day = $3 ORDER BY "count" DESC, hash LIMIT $4`,
    key.kind,
    key.domain,
    key.day,
    limit,
  );
}

export function* tally(tallies: readonly About[], once?: TallyKey & { readonly id: string }): Op<"done" | "known"> {
  if (once !== undefined) {
    const fresh = yield* run(
      `INSERT INTO tally_once (kind, domain, hash, day) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      once.kind,
      once.domain,
      hash53(once.id),
      once.day,
    );
    if (fresh === 0) return "known";
  }
  for (const rows of byDay(tallies)) yield* countDay(rows);
  return "done";
}

type About = Tally & { readonly about: string };

/** The rows of one day together: a day's own count changes once, however many rows came. */
function byDay(tallies: readonly About[]): Iterable<readonly [About, ...About[]]> {
  const days = new Map<string, [About, ...About[]]>();
  for (const one of tallies) {
    const key = `${one.kind}\0${one.domain}\0${one.day}`;
    const known = days.get(key);
    if (known === undefined) days.set(key, [one]);
    else known.push(one);
  }
  return days.values();
}

function* countDay(rows: readonly [About, ...About[]]): Op<void> {
  const [{ kind, domain, day }] = rows;
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  // What was said last stands for the day. The day's row stays locked until the commit: nobody else adds rows meanwhile.
  const about = rows.at(-1)?.about ?? "";
  let kept = yield* one<{ rows: number }>(
    `UPDATE tally_days SET "count" = "count" + $4, about = $5 WHERE kind = $1 AND domain = $2 AND day = $3
     RETURNING "rows"`,
    kind,
    domain,
    day,
    total,
    about,
  );
  if (kept === undefined) {
    const days = yield* one<{ n: number }>(`SELECT count(*) AS n FROM tally_days WHERE kind = $1`, kind);
    if ((days?.n ?? 0) >= maxTallyDays) return;
    kept = yield* one<{ rows: number }>(
      `INSERT INTO tally_days (kind, domain, day, about, "rows", "count") VALUES ($1, $2, $3, $4, 0, $5)
       ON CONFLICT (kind, domain, day) DO UPDATE SET "count" = tally_days."count" + excluded."count"
       RETURNING "rows"`,
      kind,
      domain,
      day,
      about,
      total,
    );
  }
  let fresh = 0;
  for (const row of rows) fresh += yield* countRow(row, maxTallyRows - (kept?.rows ?? 0) - fresh);
  if (fresh > 0)
    yield* run(
      `UPDATE tally_days SET "rows" = "rows" + $4 WHERE kind = $1 AND domain = $2 AND day = $3`,
      kind,
      domain,
      day,
      fresh,
    );
}

/** How many rows there are more than before: none or one. */
function* countRow({ kind, domain, day, row, count }: Tally, room: number): Op<number> {
  if (row.length > maxTallyRowChars) return 0;
  const hash = hash53(row);
  const counted = yield* run(
    `UPDATE tallies SET "count" = "count" + $5 WHERE kind = $1 AND domain = $2 AND day = $3 AND hash = $4`,
    kind,
    domain,
    day,
    hash,
    count,
  );
  if (counted > 0 || room <= 0) return 0;
  return yield* run(
    `INSERT INTO tallies (kind, domain, day, hash, "row", "count") VALUES ($1, $2, $3, $4, $5, $6)`,
    kind,
    domain,
    day,
    hash,
    row.replaceAll("\0", "?"),
    count,
  );
}

export function* dropTally({ kind, domain, day }: TallyKey): Op<void> {
  for (const table of ["tallies", "tally_days"])
    yield* run(`DELETE FROM ${table} WHERE kind = $1 AND domain = $2 AND day = $3`, kind, domain, day);
}

export function* forgetTallies(kind: string, before: number): Op<void> {
  for (const table of ["tallies", "tally_days", "tally_once"])
    yield* run(`DELETE FROM ${table} WHERE kind = $1 AND day < $2`, kind, before);
}
