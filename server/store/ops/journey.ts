/** What happened to each message, found by its ids and addresses. */
import type { JourneyEntry } from "../store.ts";
import { eventsText, maxRowEvents, noteSpan, toldText } from "./event-rows.ts";
import type { KeptJourneyEntry, KeptSendingEvent } from "./kept.ts";
import { hash53 } from "./threads.ts";
import { all, insert, lockEvents, type Op, one, type Param, publish, type Row, run } from "./tx.ts";

/** Entries whose keys lie together. */
export const bucketEntries = 128;
/** More keys of one entry than this are not indexed (a message to a thousand people is found by its first ones and its id). */
export const maxJourneyKeys = 120;
/** Threads of entries that one question may lead to. */
export const maxTraces = 200;

/** Its keys and its trace. */
const maxHashes = maxJourneyKeys + 1;
const keyRows = Array.from(
  { length: maxHashes },
  (_, n) =>
    `INSERT INTO journey_keys (bucket, hash, journey) VALUES ${Array.from({ length: n }, (_, i) => `($1, $${i + 3}, $2)`).join(", ")}
     ON CONFLICT DO NOTHING`,
);

/** Stages of the same moment and the same message that have no keys of their own are kept in the row of the first. */
type More = readonly [stage: JourneyEntry["stage"], detail: JourneyEntry["detail"]];

const jsonOf = (detail: KeptJourneyEntry["detail"]): string =>
  typeof detail === "string" ? detail : JSON.stringify(detail);

/**
 * Writes the entries; those without a trace get this one. Where a tenant is told of an entry its row is the event too. The first other row of a
 * message keeps what else its tenant is told of it (events that name no message are of `message`); what then is left gets rows without a stage.
 */
export function* note(
  journey: readonly KeptJourneyEntry[],
  trace = "",
  events: readonly KeptSendingEvent[] = [],
  message = trace,
): Op<void> {
  const others = events.length === 0 ? undefined : Map.groupBy(events, (event) => event.message ?? trace);
  if (others !== undefined || journey.some((entry) => entry.told !== undefined)) {
    // Numbers must ascend in the order of commits, or who reads by cursor would miss some.
    yield* lockEvents();
    yield* publish({ kind: "sending", of: ["event"] });
  }
  for (let at = 0; at < journey.length; ) {
    const entry = journey[at++]!;
    const named = entry.trace ?? trace;
    let more = "";
    for (let next = journey[at]; next !== undefined; next = journey[++at]) {
      const isOwn = next.keys.length > 0 || next.told !== undefined;
      if (isOwn || next.at !== entry.at || (next.trace ?? trace) !== named) break;
      more += `,["${next.stage}",${jsonOf(next.detail)}]`;
    }
    const keys = entry.keys.slice(0, maxJourneyKeys - 1).map(journeyKey);
    const detail = more === "" ? jsonOf(entry.detail) : `[${jsonOf(entry.detail)}${more}]`;
    yield* noteRow(entry.at, entry.stage, named, keys, detail, toldIn(entry, named, message, others));
  }
  for (const named of others?.keys() ?? [])
    for (let some = takeSome(others, named); some !== undefined; some = takeSome(others, named)) {
      const { at, tenant } = some[0];
      yield* noteRow(at, "", named, [], "{}", { tenant, text: eventsText(some, { at, trace: named, message }) });
    }
}

/** Events of a row: whose, and what is kept of them. */
type RowEvents = { readonly tenant: string; readonly text: string };

function toldIn(
  { at, told }: KeptJourneyEntry,
  trace: string,
  message: string,
  others: Map<string, readonly KeptSendingEvent[]> | undefined,
): RowEvents | undefined {
  if (told !== undefined) return "text" in told ? told : { tenant: told.tenant, text: toldText(told) };
  const some = takeSome(others, trace);
  return some && { tenant: some[0].tenant, text: eventsText(some, { at, trace, message }) };
}

type Some = readonly [KeptSendingEvent, ...KeptSendingEvent[]];

/** Takes as many as one row tells: those of one tenant, up to the bound. */
function takeSome(from: Map<string, readonly KeptSendingEvent[]> | undefined, named: string): Some | undefined {
  const waiting = from?.get(named);
  if (from === undefined || waiting === undefined) return undefined;
  const { tenant } = waiting[0]!;
  const others = waiting.findIndex((event) => event.tenant !== tenant);
  const end = Math.min(others < 0 ? waiting.length : others, maxRowEvents);
  if (end === waiting.length) from.delete(named);
  else from.set(named, waiting.slice(end));
  return (end === waiting.length ? waiting : waiting.slice(0, end)) as Some;
}

function* noteRow(
  at: number,
  stage: JourneyEntry["stage"] | "",
  trace: string,
  keys: readonly string[],
  detail: string,
  events: RowEvents | undefined,
): Op<void> {
  const id = yield* insert(
    "INSERT INTO journey (at, stage, trace, keys, detail, events) VALUES ($1, $2, $3, $4, $5, $6)",
    at,
    stage,
    trace,
    keys.join("\n"),
    detail,
    events === undefined ? null : events.text,
  );
  const hashes = new Set(keys.map(hash53));
  if (trace !== "") hashes.add(hash53(trace));
  if (hashes.size > 0) {
    const params: Param[] = [Math.floor(id / bucketEntries), id, ...hashes];
    yield* run(keyRows[hashes.size] as string, ...params);
  }
  if (events !== undefined) yield* noteSpan(events.tenant, id);
}

/** A key as it is kept and asked: lower case, one line. */
export function journeyKey(key: string): string {
  return key.toLowerCase().replace(/[\0\n]/g, "?");
}

export type JourneyRow = {
  readonly id: number;
  readonly at: number;
  /** "": the row tells events alone. */
  readonly stage: JourneyEntry["stage"] | "";
  readonly trace: string;
  readonly keys: string;
  readonly detail: string;
} & Row;

/**
 * Entries that a hash leads to, newest first; a clash of hashes may bring strangers along. One seek for each bucket: the small ones of
 * late, and the large ones that `packJourneys` makes of the older (numbered from -1 downwards).
 */
export function* byHash(hash: number, limit: number, before = Number.MAX_SAFE_INTEGER): Op<readonly JourneyRow[]> {
  return yield* all<JourneyRow>(
    `WITH RECURSIVE small (n) AS (
       SELECT coalesce(max(bucket), -1) FROM journey_keys WHERE bucket >= 0
       UNION ALL SELECT n - 1 FROM small WHERE n > (SELECT coalesce(min(bucket), 0) FROM journey_keys WHERE bucket >= 0)),
     large (n) AS (
       SELECT coalesce(max(bucket), 0) FROM journey_keys WHERE bucket < 0
       UNION ALL SELECT n - 1 FROM large WHERE n > (SELECT coalesce(min(bucket), 0) FROM journey_keys WHERE bucket < 0)),
     b (n) AS (SELECT n FROM small UNION ALL SELECT n FROM large WHERE n < 0)
     SELECT j.id, j.at, j.stage, j.trace, j.keys, j.detail
     FROM b {cross} journey_keys k {cross} journey j
     WHERE k.bucket = b.n AND k.hash = $1 AND k.journey < $3 AND j.id = k.journey
     ORDER BY j.id DESC LIMIT $2`,
    hash,
    limit,
    before,
  );
}

/** The buckets in which a hash leads to this entry or later ones, in the order of entries: the large ones first. */
export function* bucketsAfter(hash: number, journey: number): Op<readonly number[]> {
  const small = Math.floor(journey / bucketEntries);
  const found = yield* all<{ n: number }>(
    `WITH RECURSIVE small (n) AS (
       SELECT CASE WHEN b.first > CAST($2 AS BIGINT) THEN b.first ELSE CAST($2 AS BIGINT) END
       FROM (SELECT min(bucket) AS first FROM journey_keys WHERE bucket >= 0) b
       UNION ALL SELECT n + 1 FROM small WHERE n < (SELECT max(bucket) FROM journey_keys)),
     large (n) AS (
       SELECT CASE WHEN b.first < CAST($3 AS BIGINT) THEN b.first ELSE CAST($3 AS BIGINT) END
       FROM (SELECT max(bucket) AS first FROM journey_keys WHERE bucket < 0) b
       UNION ALL SELECT n - 1 FROM large WHERE n > (SELECT coalesce(min(bucket), 0) FROM journey_keys WHERE bucket < 0)),
     b (n) AS (SELECT n FROM small UNION ALL SELECT n FROM large)
     SELECT b.n FROM b WHERE EXISTS (SELECT 1 FROM journey_keys k WHERE k.bucket = b.n AND k.hash = $1 AND k.journey >= $4)`,
    hash,
    small,
    largeBucket(small),
    journey,
  );
  const buckets = found.map(({ n }) => n);
  return [
    ...buckets.filter((n) => n < 0).sort((one, other) => other - one),
    ...buckets.filter((n) => n >= 0).sort((one, other) => one - other),
  ];
}

/** Where the keys of a small bucket are put in the end. */
const largeBucket = (small: number): number => -1 - Math.floor(small / packedTogether);

/** Buckets of which `packJourneys` makes one. */
const packedTogether = 512;
/** Small buckets that stay: mail of the last hours is written to few pages, and a small server never packs. */
const smallBuckets = 512;
/** Small buckets that one call moves. */
const movedAtOnce = 16;

/**
 * Puts the keys of older entries into large buckets, a piece at a time, so that a search asks hundreds of places among
 * millions of entries and not tens of thousands. Answers whether there is more.
 */
export function* packJourneys(): Op<boolean> {
  const ends = yield* one<{ first: number | null; last: number | null }>(
    "SELECT min(bucket) AS first, max(bucket) AS last FROM journey_keys WHERE bucket >= 0",
  );
  if (ends === undefined || ends.first === null || ends.last === null) return false;
  const upTo = Math.min(ends.first + movedAtOnce, ends.last - smallBuckets) - 1;
  // The moved ones of a piece belong to one large bucket.
  const end = Math.min(upTo, (Math.floor(ends.first / packedTogether) + 1) * packedTogether - 1);
  if (end < ends.first) return false;
  yield* run(
    `INSERT INTO journey_keys (bucket, hash, journey) SELECT $3, hash, journey FROM journey_keys
     WHERE bucket BETWEEN $1 AND $2 ORDER BY hash, journey ON CONFLICT DO NOTHING`,
    ends.first,
    end,
    largeBucket(ends.first),
  );
  yield* run("DELETE FROM journey_keys WHERE bucket BETWEEN $1 AND $2", ends.first, end);
  return true;
}

/** Large buckets of which no entry is left go, a piece at a time. `first`: the oldest entry that there is. */
export function* dropPacked(first: number): Op<boolean> {
  const row = yield* one<{ oldest: number | null }>("SELECT max(bucket) AS oldest FROM journey_keys WHERE bucket < 0");
  const oldest = row?.oldest;
  if (oldest === undefined || oldest === null || first < -oldest * packedTogether * bucketEntries) return false;
  const gone = yield* run(
    `DELETE FROM journey_keys WHERE bucket = $1 AND hash IN (SELECT hash FROM journey_keys WHERE bucket = $1 LIMIT 5000)`,
    oldest,
  );
  return gone > 0;
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
  const { stage } = row;
  if (stage === "") return [];
  const kept = JSON.parse(row.detail) as JourneyEntry["detail"] | readonly [JourneyEntry["detail"], ...More[]];
  const { id, at, trace } = row;
  const keys = row.keys === "" ? [] : row.keys.split("\n");
  if (!Array.isArray(kept)) return [{ id, at, stage, trace, keys, detail: kept as JourneyEntry["detail"] }];
  const [detail, ...more] = kept as [JourneyEntry["detail"], ...More[]];
  return [
    { id, at, stage, trace, keys, detail },
    ...more.map(([stage, detail]) => ({ id, at, stage, trace, keys: [], detail })),
  ];
}
