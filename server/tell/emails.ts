/** Which email of a program an event is about, and what the program said of it: the event of its acceptance alone knows, and all are told with it. */
import { type ToldEvent, toldEvent } from "../inject/event-types.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { Store } from "../store/store.ts";

/** As in `detail` of the acceptance; undefined: no program's. */
type Email = { readonly id: string; readonly tags?: unknown; readonly metadata?: unknown };

const maxKnown = 10_000;
/** Whoever reads events has most often just read the acceptance; of others so many are looked up at a time. */
const width = 16;

export class Emails {
  readonly #store: Pick<Store, "sendingEvents">;
  /** By the message in the queue. */
  readonly #known = new Map<string, Email | undefined>();

  constructor(store: Pick<Store, "sendingEvents">) {
    this.#store = store;
  }

  /** Remembers what these say, so that it need not be looked up. */
  note(events: readonly SendingEvent[]): void {
    for (const event of events)
      if (event.type === "accepted" && event.message !== "") this.#keep(event.message, emailOf(event));
  }

  async told(events: readonly SendingEvent[]): Promise<readonly ToldEvent[]> {
    this.note(events);
    const unknown = [...new Set(events.map(({ message }) => message))].filter(
      (message) => message !== "" && !this.#known.has(message),
    );
    const found = new Map<string, Email | undefined>();
    for (let start = 0; start < unknown.length; start += width)
      await Promise.all(
        unknown.slice(start, start + width).map(async (message) => {
          const [accepted] = (await this.#store.sendingEvents({ message })).filter(({ type }) => type === "accepted");
          found.set(message, accepted && emailOf(accepted));
        }),
      );
    const told = events.map((event) => {
      const email = found.get(event.message) ?? this.#known.get(event.message);
      return toldEvent(email === undefined ? event : { ...event, detail: { ...email, ...event.detail } });
    });
    for (const [message, email] of found) this.#keep(message, email);
    return told;
  }

  #keep(message: string, email: Email | undefined): void {
    if (this.#known.size >= maxKnown) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(message, email);
  }
}

function emailOf({ detail: { id, tags, metadata } }: SendingEvent): Email | undefined {
  if (typeof id !== "string") return undefined;
  return { id, ...(tags === undefined ? {} : { tags }), ...(metadata === undefined ? {} : { metadata }) };
}
