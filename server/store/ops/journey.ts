/** What happened to each message, found by its ids and addresses. */
import type { JourneyEntry } from "../store.ts";
import type { KeptJourneyEntry } from "./kept.ts";
import { hash53 } from "./threads.ts";
import { all, insert, type Op, type Param, type Row, run } from "./tx.ts";

/** Entries whose keys lie together. */
export const bucketEntries = 128;
/** More keys of one entry than this are not indexed (a message to a thousand people is found by its first ones and its id). */
export const maxJourneyKeys = 120;
/** Threads of entries that one question may lead to. */
export const maxTraces = 200;

const keyRows = Array.from(
  { length: maxJourneyKeys + 1 },
  (_, n) =>
    `INSERT INTO journey_keys (bucket, hash, journey) VALUES ${Array.from({ length: n }, (_, i) => `($1, $${i + 3}, $2)`).join(", ")}
     ON CONFLICT DO NOTHING`,
);

/** Stages of the same moment and the same message that have no keys of their own are kept in the row of the first. */
type More = readonly [stage: JourneyEntry["stage"], detail: JourneyEntry["detail"]];

const jsonOf = (detail: KeptJourneyEntry["detail"]): string =>
  typeof detail === "string" ? detail : JSON.stringify(detail);

/** Writes the entries; those without a trace get this one. */
export function* note(journey: readonly KeptJourneyEntry[], trace = ""): Op<void> {
  for (let at = 0; at < journey.length; ) {
    const entry = journey[at++]!;
    const named = entry.trace ?? trace;
    let more = "";
    for (let next = journey[at]; next !== undefined; next = journey[++at]) {
      if (next.keys.length > 0 || next.at !== entry.at || (next.trace ?? trace) !== named) break;
      more += `,["${next.stage}",${jsonOf(next.detail)}]`;
    }
    const keys = entry.keys.slice(0, maxJourneyKeys - 1).map(journeyKey);
    const id = yield* insert(
      "INSERT INTO journey (at, stage, trace, keys, detail) VALUES ($1, $2, $3, $4, $5)",
      entry.at,
      entry.stage,
      named,
      keys.join("\n"),
      more === "" ? jsonOf(entry.detail) : `[${jsonOf(entry.detail)}${more}]`,
    );
    const hashes = new Set(keys.map(hash53));
    if (named !== "") hashes.add(hash53(named));
    if (hashes.size === 0) continue;
    const params: Param[] = [Math.floor(id / bucketEntries), id, ...hashes];
    yield* run(keyRows[hashes.size] as string, ...params);
  }
}

/** A key as it is kept and asked: lower case, one line. */
export function journeyKey(key: string): string {
  return key.toLowerCase().replace(/[\0\n]/g, "?");
}

export type JourneyRow = {
  readonly id: number;
  readonly at: number;
  readonly stage: JourneyEntry["stage"];
  readonly trace: string;
  readonly keys: string;
  readonly detail: string;
} & Row;

/** Entries that a hash leads to, newest first; a clash of hashes may bring strangers along. */
export function* byHash(hash: number, limit: number, before = Number.MAX_SAFE_INTEGER): Op<readonly JourneyRow[]> {
  return yield* all<JourneyRow>(
    `WITH RECURSIVE b (n) AS (
       SELECT coalesce(max(bucket), -1) FROM journey_keys
       UNION ALL SELECT n - 1 FROM b WHERE n > (SELECT coalesce(min(bucket), 0) FROM journey_keys))
     SELECT j.id, j.at, j.stage, j.trace, j.keys, j.detail
     FROM b {cross} journey_keys k {cross} journey j WHERE k.bucket = b.n AND k.hash = $1 AND k.journey < $3 AND j.id = k.journey
     ORDER BY j.id DESC LIMIT $2`,
    hash,
    limit,
    before,
  );
}

/** The newest `limit` entries of all messages that the key leads to, oldest first. */
export function* trace(key: string, limit: number): Op<readonly (JourneyEntry & { readonly id: number })[]> {
  const asked = journeyKey(key.replace(/^<(.*)>$/, "$1"));
  const direct = (yield* byHash(hash53(asked), limit)).filter(
    (row) => row.trace === asked || row.keys.split("\n").includes(asked),
  );
  const found = new Map(direct.map((row) => [row.id, row]));
  const traces = new Set(direct.map((row) => row.trace).filter((name) => name !== "" && name !== asked));
  for (const name of [...traces].slice(0, maxTraces))
    for (const row of yield* byHash(hash53(name), limit)) if (row.trace === name) found.set(row.id, row);
  const sorted = [...found.values()].sort((a, b) => a.at - b.at || a.id - b.id);
  return sorted.flatMap(entriesOf).slice(-limit);
}

export function entriesOf(row: JourneyRow): (JourneyEntry & { readonly id: number })[] {
  const kept = JSON.parse(row.detail) as JourneyEntry["detail"] | readonly [JourneyEntry["detail"], ...More[]];
  const { id, at, trace } = row;
  const keys = row.keys === "" ? [] : row.keys.split("\n");
  if (!Array.isArray(kept)) return [{ id, at, stage: row.stage, trace, keys, detail: kept as JourneyEntry["detail"] }];
  const [detail, ...more] = kept as [JourneyEntry["detail"], ...More[]];
  return [
    { id, at, stage: row.stage, trace, keys, detail },
    ...more.map(([stage, detail]) => ({ id, at, stage, trace, keys: [], detail })),
  ];
}
