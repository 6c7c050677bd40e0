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

export function* tally(
  tallies: readonly (Tally & { readonly about: string })[],
  once?: TallyKey & { readonly id: string },
): Op<"done" | "known"> {
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
  for (const one of tallies) yield* countOne(one);
  return "done";
}

function* countOne({ kind, domain, day, row, count, about }: Tally & { readonly about: string }): Op<void> {
  const known = yield* run(
    `UPDATE tally_days SET "count" = "count" + $4, about = $5 WHERE kind = $1 AND domain = $2 AND day = $3`,
    kind,
    domain,
    day,
    count,
    about,
  );
  if (known === 0) {
    const days = yield* one<{ n: number }>(`SELECT count(*) AS n FROM tally_days WHERE kind = $1`, kind);
    if ((days?.n ?? 0) >= maxTallyDays) return;
    yield* run(
      `INSERT INTO tally_days (kind, domain, day, about, "rows", "count") VALUES ($1, $2, $3, $4, 0, $5)
       ON CONFLICT (kind, domain, day) DO UPDATE SET "count" = tally_days."count" + excluded."count"`,
      kind,
      domain,
      day,
      about,
      count,
    );
  }
  if (row.length > maxTallyRowChars) return;
  const hash = hash53(row);
  const counted = yield* run(
    `UPDATE tallies SET "count" = "count" + $5 WHERE kind = $1 AND domain = $2 AND day = $3 AND hash = $4`,
    kind,
    domain,
    day,
    hash,
    count,
  );
  if (counted > 0) return;
  const room = yield* run(
    `UPDATE tally_days SET "rows" = "rows" + 1 WHERE kind = $1 AND domain = $2 AND day = $3 AND "rows" < $4`,
    kind,
    domain,
    day,
    maxTallyRows,
  );
  if (room === 0) return;
  yield* run(
    `INSERT INTO tallies (kind, domain, day, hash, "row", "count") VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (kind, domain, day, hash) DO UPDATE SET "count" = tallies."count" + excluded."count"`,
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
