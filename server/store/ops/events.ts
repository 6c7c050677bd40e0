/** Events of sending at volume are read by cursor, of all, of a tenant or of a message. How they are kept: `event-rows.ts`. */
import { type EventFilter, eventDays, maxEventRows, type SendingEvent, type SendingEventType } from "../sending.ts";
import type { Instant } from "../store.ts";
import { anybody, type EventsRow, eventsOf, maxRowEvents, spanRows } from "./event-rows.ts";
import { bucketsAfter, note } from "./journey.ts";
import type { KeptSendingEvent } from "./kept.ts";
import { hash53 } from "./threads.ts";
import { all, type Op, one, type Row, run } from "./tx.ts";

/** Events of what no journey tells. */
export function* addSendingEvents(events: readonly KeptSendingEvent[]): Op<void> {
  yield* note([], "", events);
}

export function* sendingEvents(filter: EventFilter): Op<readonly SendingEvent[]> {
  const { after = 0, tenant, message, limit } = filter;
  const most = Math.min(limit ?? maxEventRows, maxEventRows);
  const found = yield* olderEvents(filter, most);
  const isWanted = (event: SendingEvent): boolean =>
    event.id > after &&
    (tenant === undefined || event.tenant === tenant) &&
    (message === undefined || event.message === message);
  // The first one may be what was read last.
  let from = Math.floor(after / maxRowEvents);
  for (let more = true; more && found.length < most; ) {
    const rows = yield* message === undefined
      ? rowsOf(tenant ?? anybody, from, most + 1)
      : rowsOfMessage(message, from, most + 1);
    for (const row of rows) found.push(...eventsOf(row).filter(isWanted));
    more = rows.length > most;
    from = (rows.at(-1)?.id ?? 0) + 1;
  }
  return found.slice(0, most);
}

const columns = "j.id, j.at, j.stage, j.trace, j.detail, j.events";

/** Rows with events from this one on, in spans with some of this tenant. */
function* rowsOf(tenant: string, from: number, limit: number): Op<readonly EventsRow[]> {
  return yield* all<EventsRow & Row>(
    `SELECT ${columns} FROM event_spans s {cross} journey j
     WHERE s.tenant = $1 AND s.span >= $2 AND j.id >= s.span * ${spanRows} AND j.id < s.span * ${spanRows} + ${spanRows}
       AND j.id >= $3 AND j.events IS NOT NULL ORDER BY s.span, j.id LIMIT $4`,
    tenant,
    Math.floor(from / spanRows),
    from,
    limit,
  );
}

/** Those of one message, to which its key leads. */
function* rowsOfMessage(message: string, from: number, limit: number): Op<readonly EventsRow[]> {
  const found: EventsRow[] = [];
  const hash = hash53(message);
  for (const bucket of yield* bucketsAfter(hash, from)) {
    found.push(
      ...(yield* all<EventsRow & Row>(
        `SELECT ${columns} FROM journey_keys k {cross} journey j
         WHERE k.bucket = $1 AND k.hash = $2 AND k.journey >= $3 AND j.id = k.journey AND j.events IS NOT NULL
         ORDER BY k.journey LIMIT $4`,
        bucket,
        hash,
        from,
        limit - found.length,
      )),
    );
    if (found.length >= limit) break;
  }
  return found;
}

/** No event that can be read now has a higher number, and all that come have; 0: there is none. */
export function* newestEvent(): Op<number> {
  const newest = yield* one<{ id: number | null }>(
    `SELECT max(id) AS id FROM journey WHERE events IS NOT NULL
       AND id >= (SELECT max(span) FROM event_spans WHERE tenant = $1) * ${spanRows}`,
    anybody,
  );
  if (newest?.id !== undefined && newest.id !== null) return newest.id * maxRowEvents + maxRowEvents - 1;
  return (yield* one<{ id: number | null }>("SELECT max(id) AS id FROM sending_events"))?.id ?? 0;
}

/** Spans of which no row is left go. `first`: the oldest row that there is. */
export function* dropSpans(first: number): Op<void> {
  yield* run("DELETE FROM event_spans WHERE span < $1", Math.floor(first / spanRows));
}

// ---------------------------------------------------------------- of before

type OlderRow = {
  readonly id: number;
  readonly at: number;
  readonly type: SendingEventType;
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  readonly message: string;
  readonly recipient: string;
  readonly detail: string;
} & Row;

/** Events that an earlier version kept in rows of their own; they are over after 30 days. */
function* olderEvents({ after = 0, tenant, message }: EventFilter, most: number): Op<SendingEvent[]> {
  const asked = "SELECT * FROM sending_events WHERE id > $1";
  const end = "ORDER BY id LIMIT $2";
  const found =
    message !== undefined
      ? yield* all<OlderRow>(
          `${asked} AND message = $3 AND (CAST($4 AS TEXT) IS NULL OR tenant = $4) ${end}`,
          after,
          most,
          message,
          tenant ?? null,
        )
      : tenant !== undefined
        ? yield* all<OlderRow>(`${asked} AND tenant = $3 ${end}`, after, most, tenant)
        : yield* all<OlderRow>(`${asked} ${end}`, after, most);
  return found.map((row) => ({ ...row, detail: JSON.parse(row.detail) as SendingEvent["detail"] }));
}

/** What is too old goes, a bounded number at a time. */
export function* dropOlderEvents(now: Instant, most: number): Op<boolean> {
  const gone = yield* run(
    `DELETE FROM sending_events WHERE id IN (SELECT id FROM sending_events WHERE at < $1
       AND id < (SELECT min(id) FROM sending_events) + $2 ORDER BY id LIMIT $2)`,
    now - eventDays * 86_400_000,
    most,
  );
  return gone === most;
}
