/** Lists in place of nests of objects, for what goes between threads (see `crossing.ts`). */
import { toldText } from "./ops/event-rows.ts";
import type { KeptJourneyEntry, KeptSendingEvent } from "./ops/kept.ts";
import type { NewSendingEvent } from "./sending.ts";
import type { JourneyEntry } from "./store.ts";

export type Packed = readonly unknown[];

/** `T`, where these are all its properties: what is added to it must be thought of here. */
export type AllOf<T, Names extends keyof T> = [Exclude<keyof T, Names>] extends [never] ? T : never;
type AllOfEntry = AllOf<JourneyEntry, "at" | "stage" | "trace" | "keys" | "detail" | "told">;
type AllOfEvent = AllOf<
  NewSendingEvent,
  "at" | "type" | "tenant" | "stream" | "campaign" | "message" | "recipient" | "detail"
>;

/** Reads a list from its beginning. */
export class Unpacking {
  readonly #list: Packed;
  #at = 0;

  constructor(list: Packed) {
    this.#list = list;
  }

  next<T>(): T {
    return this.#list[this.#at++] as T;
  }

  get isOver(): boolean {
    return this.#at >= this.#list.length;
  }
}

/** Details, and what a tenant is told, become the texts as which they are kept. */
export function packJourney(journey: readonly JourneyEntry[], packed: unknown[]): void {
  for (const { at, stage, trace, keys, detail, told } of journey as readonly AllOfEntry[]) {
    packed.push(at, stage, trace, keys.length === 0 ? undefined : keys, JSON.stringify(detail), told?.tenant);
    if (told !== undefined) packed.push(told.n, toldText(told));
  }
}

export function unpackJourney(from: Unpacking): readonly KeptJourneyEntry[] {
  const journey: KeptJourneyEntry[] = [];
  while (!from.isOver) {
    const entry = {
      at: from.next<number>(),
      stage: from.next<JourneyEntry["stage"]>(),
      trace: from.next<string | undefined>(),
      keys: from.next<readonly string[] | undefined>() ?? [],
      detail: from.next<string>(),
    };
    const tenant = from.next<string | undefined>();
    journey.push(tenant === undefined ? entry : { ...entry, told: { tenant, n: from.next(), text: from.next() } });
  }
  return journey;
}

export function packEvent(event: NewSendingEvent, packed: unknown[]): void {
  const { at, type, tenant, stream, campaign, message, recipient, detail }: AllOfEvent = event;
  packed.push(at, type, tenant, stream, campaign, message, recipient, JSON.stringify(detail));
}

export function unpackEvent(from: Unpacking): KeptSendingEvent {
  return {
    at: from.next(),
    type: from.next(),
    tenant: from.next(),
    stream: from.next(),
    campaign: from.next(),
    message: from.next(),
    recipient: from.next(),
    detail: from.next<string>(),
  };
}
