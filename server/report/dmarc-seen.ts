/** What was seen of others' DMARC policies, counted for the reports that they are sent: in memory for a moment, then in the store. */
import { type AggregateRow, maxReportedSignatures, type PublishedPolicy } from "../../protocol/report/aggregate.ts";
import type { Log } from "../base/log.ts";
import type { StoreWriter } from "../store/store.ts";
import { dayOf } from "./daily.ts";

export const seenKind = "dmarc-seen";

/** One message from outside whose author's domain has a DMARC policy. */
export type DmarcSeen = {
  readonly at: number; // milliseconds since 1970
  readonly policy: PublishedPolicy;
  /** The rua= of the policy as it was published. */
  readonly rua: string;
  /** The organisational domain of `policy.domain`, where it is known (RFC 9989 §4.10). */
  readonly organization?: string | undefined;
  readonly row: AggregateRow;
};

/** What is remembered of a whole day. */
export type SeenDay = Pick<DmarcSeen, "policy" | "rua" | "organization">;

/** A crash loses the count of so long. */
const flushMs = 1_000;
/** Different rows that wait to be counted; beyond that messages are not reported of. */
const maxWaiting = 20_000;

export type SeenCounter = {
  /** Counts one message. Cheap: never waits, never throws. */
  observe(seen: DmarcSeen): void;
  /** All that was observed is in the store. */
  flush(): Promise<void>;
};

export function makeSeenCounter({
  store,
  log,
}: {
  readonly store: Pick<StoreWriter, "tally">;
  readonly log: Log;
}): SeenCounter {
  type Waiting = {
    readonly kind: string;
    readonly domain: string;
    readonly day: number;
    readonly row: string;
    about: string;
    count: number;
  };
  let waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  let lost = 0;

  const write = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const tallies = [...waiting.values()];
    waiting = new Map();
    try {
      await store.tally(tallies);
    } catch (error) {
      log.error(
        { error, messages: tallies.reduce((sum, { count }) => sum + count, 0) },
        "not counted for DMARC reports",
      );
    }
    if (lost > 0) log.warn({ messages: lost }, "too many different senders at once: not counted for DMARC reports");
    lost = 0;
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(write);
    return flushing;
  };

  return {
    observe({ at, policy, rua, organization, row }) {
      if (rua === "") return; // nobody wants to know
      const day = dayOf(at);
      const short = { ...row, dkimResults: row.dkimResults.slice(0, maxReportedSignatures) };
      const text = JSON.stringify(short);
      const key = `${day} ${policy.domain} ${text}`;
      const about = JSON.stringify({ policy, rua, organization } satisfies SeenDay);
      const known = waiting.get(key);
      if (known !== undefined) {
        known.count++;
        known.about = about;
      } else if (waiting.size >= maxWaiting) lost++;
      else waiting.set(key, { kind: seenKind, domain: policy.domain, day, row: text, about, count: 1 });
      timer ??= setTimeout(() => void flush(), flushMs).unref();
    },
    flush,
  };
}
