/**
 * Events as they are kept: in the row of the journey that says what happened, so that telling a tenant of a message costs no row and no page of
 * its own. The number of an event is made of the row's and its place there.
 */
import type { SendingEvent, SendingEventType } from "../sending.ts";
import type { KeptSendingEvent } from "./kept.ts";
import { type Op, once } from "./tx.ts";

/** Events of one row at most. More of them than a message has rows, so that numbers are above those of the time when events had rows of their own. */
export const maxRowEvents = 4096;

/** Rows that lie together: where events are is kept for each of these spans, and not for each row. */
export const spanRows = 128;
/** Stands for whoever it may be. */
export const anybody = "";

/** Keeps where the events of this row lie. */
export function* noteSpan(tenant: string, row: number): Op<void> {
  const span = Math.floor(row / spanRows);
  yield* once(
    `events ${span} ${tenant}`,
    "INSERT INTO event_spans (tenant, span) VALUES ($1, $2), ($3, $2) ON CONFLICT DO NOTHING",
    anybody,
    span,
    tenant,
  );
}

/** `at` and `message` where they are not those of the row. */
type Kept = readonly [
  type: SendingEventType,
  stream: string,
  campaign: string,
  recipient: string,
  detail: SendingEvent["detail"],
  at?: number | null,
  message?: string,
];
type KeptRow = readonly [tenant: string, ...Kept[]];

/** Events of one tenant as the text of a row. */
export function eventsText(
  events: readonly [KeptSendingEvent, ...KeptSendingEvent[]],
  row: { readonly at: number; readonly trace: string; readonly message: string },
): string {
  let text = `[${JSON.stringify(events[0].tenant)}`;
  for (const { type, stream, campaign, recipient, detail, at, message = row.message } of events) {
    const plain = JSON.stringify([type, stream, campaign, recipient]);
    text += `,${plain.slice(0, -1)},${typeof detail === "string" ? detail : JSON.stringify(detail)}`;
    if (message !== row.trace) text += `,${at},${JSON.stringify(message)}`;
    else if (at !== row.at) text += `,${at}`;
    text += "]";
  }
  return `${text}]`;
}

export type EventsRow = {
  readonly id: number;
  readonly at: number;
  readonly trace: string;
  readonly events: string;
};

export function eventsOf({ id, at: rowAt, trace, events }: EventsRow): SendingEvent[] {
  const [tenant, ...kept] = JSON.parse(events) as KeptRow;
  return kept.map(([type, stream, campaign, recipient, detail, at = rowAt, message = trace], place) => ({
    id: id * maxRowEvents + place,
    at: at ?? rowAt,
    type,
    tenant,
    stream,
    campaign,
    message,
    recipient,
    detail,
  }));
}
