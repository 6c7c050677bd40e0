/**
 * Events as they are kept: in the row of the journey that says what happened, so that telling a tenant of a message costs no row and no page of
 * its own. The number of an event is made of the row's and its place there.
 */
import type { SendingEvent, SendingEventType, Told } from "../sending.ts";
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
/** The first entry of the row is the event. */
type Lean = readonly [stream: string, campaign: string, n: number, detail?: SendingEvent["detail"]];
type KeptRow = readonly [tenant: string, ...Kept[]] | readonly [tenant: string, Lean];

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

/** What a row keeps where its first entry is the event. */
export function toldText({ tenant, stream, campaign, n, detail }: Told): string {
  const lean: Lean = detail === undefined ? [stream, campaign, n] : [stream, campaign, n, detail];
  return JSON.stringify([tenant, lean]);
}

export type EventsRow = {
  readonly id: number;
  readonly at: number;
  readonly stage: string;
  readonly trace: string;
  readonly detail: string;
  readonly events: string;
};

export function eventsOf(row: EventsRow): SendingEvent[] {
  const { id, at: rowAt, trace, events } = row;
  const [tenant, ...kept] = JSON.parse(events) as KeptRow;
  if (isLean(kept)) return [toldEvent(row, tenant, kept[0])];
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

const isLean = (kept: readonly [Lean] | readonly Kept[]): kept is readonly [Lean] => typeof kept[0]?.[2] === "number";

/** What an event says of what its entry does. */
const shared = ["id", "reply", "host", "source", "provider"] as const;

function toldEvent({ id, at, stage, trace, detail }: EventsRow, tenant: string, lean: Lean): SendingEvent {
  const [stream, campaign, n, more] = lean;
  const all = JSON.parse(detail) as SendingEvent["detail"] | readonly [SendingEvent["detail"]];
  const said = (Array.isArray(all) ? all[0] : all) as SendingEvent["detail"];
  const told: { [name: string]: unknown } = { n, ...more };
  for (const name of shared) if (said[name] !== undefined) told[name] = said[name];
  return {
    id: id * maxRowEvents,
    at,
    type: stage as SendingEventType,
    tenant,
    stream,
    campaign,
    message: trace,
    recipient: (said["to"] as readonly string[])[0]!,
    detail: { ...told, ...(said["about"] as SendingEvent["detail"] | undefined) },
  };
}
