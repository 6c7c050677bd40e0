/** The recipients in memory and the leases under which they are ours, from their coming until their result is durable. */
import type { Lease, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Held } from "./item.ts";
import type { MessageMemory } from "./message-memory.ts";

export class Holding {
  readonly #leases = new Map<string, Lease>();
  /** Where recipients waited who came out of a park. */
  readonly #parks = new Map<string, string>();
  readonly #byPark = new Map<string, number>();
  readonly #memory: MessageMemory;

  constructor(memory: MessageMemory) {
    this.#memory = memory;
  }

  get recipients(): number {
    return this.#leases.size;
  }

  /** Recipients here that waited in a park. */
  ofPark(park: string): number {
    return this.#byPark.get(park) ?? 0;
  }

  #count(park: string, change: number): void {
    const next = this.ofPark(park) + change;
    if (next === 0) this.#byPark.delete(park);
    else this.#byPark.set(park, next);
  }

  /** Takes leased recipients in; answers those that were not here before. The others go on under their new lease. */
  take(message: QueuedMessage): QueuedRecipient[] {
    return message.recipients.filter((recipient) => {
      if (recipient.lease === undefined) return false;
      const key = keyOf(message, recipient);
      const known = this.#leases.has(key);
      this.#leases.set(key, recipient.lease);
      if (!known && recipient.park !== undefined) {
        this.#parks.set(key, recipient.park);
        this.#count(recipient.park, 1);
      }
      return !known;
    });
  }

  lease(message: QueuedMessage, recipient: QueuedRecipient): Lease | undefined {
    return this.#leases.get(keyOf(message, recipient));
  }

  /** They are settled, or somebody else's. */
  forget(held: Held, recipients: readonly number[]): void {
    let gone = 0;
    for (const recipient of recipients) {
      const key = `${held.message.id} ${recipient}`;
      if (!this.#leases.delete(key)) continue;
      gone++;
      const park = this.#parks.get(key);
      if (park === undefined) continue;
      this.#parks.delete(key);
      this.#count(park, -1);
    }
    held.pending -= gone;
    if (held.pending === 0) this.#memory.forget(held);
  }
}

/** One recipient of one message, among all. */
export function keyOf(message: QueuedMessage, recipient: QueuedRecipient): string {
  return `${message.id} ${recipient.id}`;
}
