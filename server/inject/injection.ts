/** What the API may do with emails. */
import type { Queue } from "../queue/queue.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Injecting } from "./inject.ts";
import { type EmailStatus, statusOf } from "./status.ts";

export type Injection = Injecting & {
  readonly status: (id: string) => Promise<EmailStatus | undefined>;
  /** Takes back what still waits of a message in the queue; answers for how many recipients. */
  readonly cancel: (queue: string) => Promise<number>;
  /** What waits for its time waits until another one; answers for how many recipients. */
  readonly reschedule: (queue: string, sendAt: Instant) => Promise<number>;
};

/** Steps of one email that are looked at. */
const maxSteps = 1000;

export function makeInjection(parts: {
  readonly injecting: Injecting;
  readonly queue: Pick<Queue, "act">;
  readonly store: Pick<Store, "trace" | "sendingEvents" | "reschedule">;
  readonly now: () => Instant;
}): Injection {
  const { injecting, queue, store, now } = parts;
  return {
    ...injecting,
    status: async (id) => {
      const entries = await store.trace(id, maxSteps);
      const message = entries.find(({ stage }) => stage === "queued")?.trace;
      const events = message === undefined ? [] : await store.sendingEvents({ message, limit: maxSteps });
      return statusOf(id, entries, events);
    },
    cancel: (id) => queue.act({ id }, "delete"),
    reschedule: (id, sendAt) => store.reschedule(id, sendAt, now()),
  };
}
