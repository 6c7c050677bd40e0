/** Events of sending at volume are read by cursor, of all, of a tenant or of a message. How they are kept: `event-rows.ts`. */
import { type EventFilter, eventDays, maxEventRows, type SendingEvent, type SendingEventType } from "../sending.ts";
import type { Instant } from "../store.ts";
import { anyEvents, type EventsRow, eventsOf, eventsOfTenant, maxRowEvents } from "./event-rows.ts";
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
  const hash = message !== undefined ? hash53(message) : tenant !== undefined ? eventsOfTenant(tenant) : anyEvents;
  const first = Math.floor(after / maxRowEvents);
  const isWanted = (event: SendingEvent): boolean =>
    event.id > after &&
    (tenant === undefined || event.tenant === tenant) &&
    (message === undefined || event.message === message);
  for (const bucket of found.length < most ? yield* bucketsAfter(hash, first) : []) {
    // The first one may be what was read last.
    for (let [from, more] = [first, true]; more && found.length < most; ) {
      const rows = yield* all<EventsRow & Row>(
        `SELECT j.id, j.at, j.trace, j.events FROM journey_keys k {cross} journey j
         WHERE k.bucket = $1 AND k.hash = $2 AND k.journey >= $3 AND j.id = k.journey AND j.events IS NOT NULL
         ORDER BY k.journey LIMIT $4`,
        bucket,
        hash,
        from,
        most + 1,
      );
      for (const row of rows) found.push(...eventsOf(row).filter(isWanted));
      more = rows.length > most;
      from = (rows.at(-1)?.id ?? 0) + 1;
    }
    if (found.length >= most) break;
  }
  return found.slice(0, most);
}

/** No event that can be read now has a higher number, and all that come have; 0: there is none. */
export function* newestEvent(): Op<number> {
  const top = yield* one<{ bucket: number | null }>("SELECT max(bucket) AS bucket FROM journey_keys");
  // Most often the last one has some; else all are asked.
  const near = yield* newestOf(top?.bucket ?? 0);
  if (near !== undefined) return near;
  const last = (yield* bucketsAfter(anyEvents, 0)).at(-1);
  const found = last === undefined ? undefined : yield* newestOf(last);
  if (found !== undefined) return found;
  return (yield* one<{ id: number | null }>("SELECT max(id) AS id FROM sending_events"))?.id ?? 0;
}

function* newestOf(bucket: number): Op<number | undefined> {
  const row = yield* one<{ id: number | null }>(
    "SELECT max(journey) AS id FROM journey_keys WHERE bucket = $1 AND hash = $2",
    bucket,
    anyEvents,
  );
  return row?.id === undefined || row.id === null ? undefined : row.id * maxRowEvents + maxRowEvents - 1;
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
  const columns = "SELECT * FROM sending_events WHERE id > $1";
  const end = "ORDER BY id LIMIT $2";
  const found =
    message !== undefined
      ? yield* all<OlderRow>(
          `${columns} AND message = $3 AND (CAST($4 AS TEXT) IS NULL OR tenant = $4) ${end}`,
          after,
          most,
          message,
          tenant ?? null,
        )
      : tenant !== undefined
        ? yield* all<OlderRow>(`${columns} AND tenant = $3 ${end}`, after, most, tenant)
        : yield* all<OlderRow>(`${columns} ${end}`, after, most);
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
