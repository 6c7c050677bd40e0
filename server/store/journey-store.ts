/** What happened to messages. A part of `Store`. */
import type { Instant } from "./ids.ts";
import type { Told } from "./sending.ts";

/** One thing that happened to a message. `trace` joins all entries of one message: the queue id, or "m" + content id. */
export type JourneyEntry = {
  readonly at: Instant;
  readonly stage:
    | "accepted"
    | "refused"
    | "filed"
    | "queued"
    | "attempt"
    | "delivered"
    | "deferred"
    | "bounced"
    | "held"
    | "released"
    | "deleted"
    | "rescheduled"
    | "expired"
    | "notified"
    | "quarantined";
  /** Undefined: filled in by `accept` with the id it gives. */
  readonly trace: string | undefined;
  /** What `angarium trace` finds it by: message id, addresses. Lower-cased by the store. */
  readonly keys: readonly string[];
  /** Plain JSON: reasons, replies, hosts, times. */
  readonly detail: { readonly [name: string]: unknown };
  /** A tenant is told of it; not where the same request settles the recipient and its lease was lost. */
  readonly told?: Told;
};

export interface JourneyReader {
  trace(key: string, limit: number): Promise<readonly (JourneyEntry & { readonly id: number })[]>;
}

export interface JourneyWriter {
  note(journey: readonly JourneyEntry[]): Promise<void>;
}
