/** What is remembered of peers (see `../peers.ts`). */
import { maxPeerRows, maxPeerValueChars, type PeerReader, type PeerRow } from "../peers.ts";
import type { Instant } from "../store.ts";
import { all, type Op, type Row, run } from "./tx.ts";

export function* peers(kind: string, filter: Parameters<PeerReader["peers"]>[1]): Op<readonly PeerRow[]> {
  const found = yield* all<{ kind: string; key: string; value: string; expires_at: number } & Row>(
    "SELECT kind, key, value, expires_at FROM peers WHERE kind = $1 AND key > $2 AND expires_at > $3 ORDER BY key LIMIT $4",
    kind,
    filter.after ?? "",
    filter.now,
    Math.min(filter.limit, maxPeerRows),
  );
  return found.map((row) => ({ kind: row.kind, key: row.key, value: row.value, expiresAt: row.expires_at }));
}

export function* putPeers(given: readonly PeerRow[]): Op<void> {
  for (const { kind, key, value, expiresAt } of given.slice(0, maxPeerRows)) {
    if (expiresAt === 0 || value.length > maxPeerValueChars)
      yield* run("DELETE FROM peers WHERE kind = $1 AND key = $2", kind, key);
    else
      yield* run(
        `INSERT INTO peers (kind, key, value, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
        kind,
        key,
        value,
        expiresAt,
      );
  }
}

export function* dropPeers(now: Instant, limit: number): Op<boolean> {
  const gone = yield* run(
    "DELETE FROM peers WHERE (kind, key) IN (SELECT kind, key FROM peers WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    now,
    limit,
  );
  return gone === limit;
}
