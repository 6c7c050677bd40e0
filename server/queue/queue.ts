/** The outbound queue as the rest of the server sees it. The rows live in the store; this schedules and sends them. */
import type { Instant, QueueAction, QueuedMessage, QueueFilter, QueueId } from "../store/store.ts";

/** Why a recipient's mail is not gone yet: a sentence, and since and until when it is so, as far as that is known. */
export type Wait = {
  readonly why: string;
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
};

export interface Queue {
  /** The lease that `accept` should take for a message made now, so that it can be sent without another write; undefined when memory is full (it is claimed later). */
  leaseForNew(): { readonly owner: string; readonly until: number; readonly token: number } | undefined;
  /** A message just accepted (with the lease from `leaseForNew`); `bytes` saves a read while memory allows. */
  offer(message: QueuedMessage, bytes: Uint8Array | undefined): void;
  /** Recipients touched. `why`: what journeys say of holding them; undefined: an administrator did it. */
  act(filter: QueueFilter, action: QueueAction | "bounce", why?: string): Promise<number>;
  /** What recipients of these messages wait for that this node has in hand, by message and recipient. */
  waits(ids: ReadonlySet<QueueId>): ReadonlyMap<QueueId, ReadonlyMap<number, Wait>>;
  show(id: QueueId): Promise<QueuedMessage | undefined>;
  /** Looks for due mail now; resolves when what there is has been claimed. */
  poke(): Promise<void>;
  start(): Promise<void>;
  /** Stops taking work, lets running transactions end, and returns the leases. They have `stopGraceMs`, and no longer than `withinMs`. */
  stop(withinMs?: number): Promise<void>;
}
