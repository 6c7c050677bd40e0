/** The recipients in memory and the leases under which they are ours, from their coming until their result is durable. */
import type { Lease, QueuedMessage, QueuedRecipient, QueueId } from "../store/store.ts";
import type { Held } from "./item.ts";
import type { MessageMemory } from "./message-memory.ts";

type Taken = { lease: Lease; readonly park: string | undefined };

export class Holding {
  /** By message, by recipient. */
  readonly #taken = new Map<QueueId, Map<number, Taken>>();
  #recipients = 0;
  /** Of those who came out of a park: how many of each. */
  readonly #byPark = new Map<string, number>();
  readonly #memory: MessageMemory;

  constructor(memory: MessageMemory) {
    this.#memory = memory;
  }

  get recipients(): number {
    return this.#recipients;
  }

  /** Recipients here that waited in a park. */
  ofPark(park: string): number {
    return this.#byPark.get(park) ?? 0;
  }

  #count(park: string | undefined, change: number): void {
    this.#recipients += change;
    if (park === undefined) return;
    const next = this.ofPark(park) + change;
    if (next === 0) this.#byPark.delete(park);
    else this.#byPark.set(park, next);
  }

  /** Takes leased recipients in; answers those that were not here before. The others go on under their new lease. */
  take(message: QueuedMessage): QueuedRecipient[] {
    const leased = message.recipients.filter(({ lease }) => lease !== undefined);
    if (leased.length === 0) return leased;
    let taken = this.#taken.get(message.id);
    if (taken === undefined) this.#taken.set(message.id, (taken = new Map()));
    const fresh: QueuedRecipient[] = [];
    for (const recipient of leased) {
      const { id, park } = recipient;
      const lease = recipient.lease!;
      const known = taken.get(id);
      if (known !== undefined) known.lease = lease;
      else {
        taken.set(id, { lease, park });
        this.#count(park, 1);
        fresh.push(recipient);
      }
    }
    return fresh;
  }

  lease(message: QueuedMessage, recipient: QueuedRecipient): Lease | undefined {
    return this.#taken.get(message.id)?.get(recipient.id)?.lease;
  }

  /** Somebody else's from now on. */
  release(held: Held, recipients: readonly QueuedRecipient[]): void {
    this.forget(
      held,
      recipients.map(({ id }) => id),
    );
  }

  /** They are settled, or somebody else's. */
  forget(held: Held, recipients: readonly number[]): void {
    const { id } = held.message;
    const taken = this.#taken.get(id);
    if (taken === undefined) return;
    for (const recipient of recipients) {
      const known = taken.get(recipient);
      if (known === undefined) continue;
      taken.delete(recipient);
      this.#count(known.park, -1);
      held.pending--;
    }
    if (taken.size === 0) this.#taken.delete(id);
    if (held.pending === 0) this.#memory.forget(held);
  }
}

/** One recipient of one message, among all. */
export function keyOf(message: QueuedMessage, recipient: QueuedRecipient): string {
  return `${message.id} ${recipient.id}`;
}
