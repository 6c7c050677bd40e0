/** When people last showed interest (`../engagement-store.ts`). */
import { type EngagementReader, type EngagementWriter, engagementDays } from "../engagement-store.ts";
import type { Instant } from "../store.ts";
import { all, type Op, type Row, run } from "./tx.ts";

const dayMs = 86_400_000;

export function* engaged(
  ...[tenant, hashes]: Parameters<EngagementReader["engaged"]>
): Op<Awaited<ReturnType<EngagementReader["engaged"]>>> {
  return yield* all<{ readonly hash: string; readonly at: number } & Row>(
    "SELECT hash, at FROM engagements WHERE tenant = $1 AND hash IN {texts $2}",
    tenant,
    JSON.stringify(hashes),
  );
}

export function* engage(rows: Parameters<EngagementWriter["engage"]>[0]): Op<void> {
  // In one order everywhere, so that two nodes never wait for each other.
  for (const { tenant, hash, at } of [...rows].sort((one, other) => (one.hash < other.hash ? -1 : 1)))
    yield* run(
      `INSERT INTO engagements (tenant, hash, at) VALUES ($1, $2, $3)
       ON CONFLICT (tenant, hash) DO UPDATE SET at = excluded.at WHERE engagements.at < excluded.at`,
      tenant,
      hash,
      at,
    );
}

/** A bounded number at a time; true where there may be more. */
export function* dropEngagements(now: Instant, most: number): Op<boolean> {
  const old = yield* all<{ readonly tenant: string; readonly hash: string } & Row>(
    "SELECT tenant, hash FROM engagements WHERE at < $1 LIMIT $2",
    now - engagementDays * dayMs,
    most,
  );
  for (const { tenant, hash } of old)
    yield* run("DELETE FROM engagements WHERE tenant = $1 AND hash = $2", tenant, hash);
  return old.length === most;
}
