/** The recipients in memory and the leases under which they are ours, from their coming until their result is durable. */
import type { Lease, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Held } from "./item.ts";
import type { MessageMemory } from "./message-memory.ts";

export class Holding {
  readonly #leases = new Map<string, Lease>();
  readonly #memory: MessageMemory;

  constructor(memory: MessageMemory) {
    this.#memory = memory;
  }

  get recipients(): number {
    return this.#leases.size;
  }

  /** Takes leased recipients in; answers those that were not here before. The others go on under their new lease. */
  take(message: QueuedMessage): QueuedRecipient[] {
    return message.recipients.filter((recipient) => {
      if (recipient.lease === undefined) return false;
      const key = keyOf(message, recipient);
      const known = this.#leases.has(key);
      this.#leases.set(key, recipient.lease);
      return !known;
    });
  }

  lease(message: QueuedMessage, recipient: QueuedRecipient): Lease | undefined {
    return this.#leases.get(keyOf(message, recipient));
  }

  /** They are settled, or somebody else's. */
  forget(held: Held, recipients: readonly number[]): void {
    let gone = 0;
    for (const recipient of recipients) if (this.#leases.delete(`${held.message.id} ${recipient}`)) gone++;
    held.pending -= gone;
    if (held.pending === 0) this.#memory.forget(held);
  }
}

/** One recipient of one message, among all. */
export function keyOf(message: QueuedMessage, recipient: QueuedRecipient): string {
  return `${message.id} ${recipient.id}`;
}
