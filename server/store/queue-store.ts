/** What the store does with the queue: lends it out, and takes what became of it. A part of `Store`. */
import type { Acceptance, Accepted } from "./acceptance.ts";
import type { Instant, QueueId } from "./ids.ts";
import type { JourneyEntry } from "./journey-store.ts";
import type { QueueAction, QueuedMessage, QueueFilter } from "./queued-mail.ts";
import type { NewSendingEvent, Strike, Suppression } from "./sending.ts";
import type { Remembered } from "./sieve-store.ts";

/** What one attempt came to, for one recipient. `token` must match the lease or the settlement is dropped. */
export type Settlement = {
  readonly queue: QueueId;
  readonly recipient: number;
  readonly token: number;
  readonly outcome:
    | { readonly kind: "delivered" }
    | { readonly kind: "failed" }
    | {
        readonly kind: "later";
        readonly nextAt: Instant;
        readonly delayWarned: boolean;
        readonly countsAsAttempt: boolean;
        /** Where it waits from now on; undefined: nowhere. */
        readonly park?: string;
      };
  readonly reply: string;
  /** What its tenant is told, where no entry of the journey does (`Told`): not where the lease was lost. */
  readonly event?: NewSendingEvent;
};
/** Settlements, the notices they cause, and the journey, in one transaction: no bounce is lost or sent twice. */
export type SettleRequest = {
  readonly settlements: readonly Settlement[];
  readonly notices: readonly Acceptance[];
  /** What Sieve scripts must not do again for a while. */
  readonly remember?: readonly Remembered[];
  readonly journey: readonly JourneyEntry[];
  /** Where nobody takes any of the first so many notices, nothing at all is done; 0 and undefined: it does not matter. */
  readonly ifTaken?: number;
  /** Posts of a list that waited and go now: where the first is gone already somebody else let them through, and nothing is done. */
  readonly letThrough?: readonly number[];
  readonly events?: readonly NewSendingEvent[];
  /** Addresses that the results show to be nobody's, and failures that count when they repeat. */
  readonly suppress?: readonly Suppression[];
  readonly strikes?: readonly Strike[];
};
export type SettleResult = { readonly stale: number; readonly accepted: readonly Accepted[] };

export interface QueueReader {
  queueCount(): Promise<number>; // recipients not yet delivered, held ones included
  queueList(filter: QueueFilter): Promise<readonly QueuedMessage[]>;
}

export interface QueueWriter {
  claim(request: {
    readonly owner: string;
    readonly now: Instant;
    readonly until: Instant;
    readonly limit: number;
    readonly exceptDomains?: readonly string[];
    /** Of what waits there, the most urgent first; undefined: of what waits nowhere. */
    readonly park?: string;
    /** Only this urgency of a park. */
    readonly urgency?: number;
  }): Promise<readonly QueuedMessage[]>; // only the leased recipients are listed
  settle(request: SettleRequest): Promise<SettleResult>;
  renewLeases(owner: string, until: Instant): Promise<void>;
  releaseLeases(owner: string): Promise<void>; // at start: what a former life of this node held
  /** Recipients touched. `why`: what their journeys say of it; undefined: an administrator did it. */
  queueAct(filter: QueueFilter, action: QueueAction, now: Instant, why?: string): Promise<number>;
}
