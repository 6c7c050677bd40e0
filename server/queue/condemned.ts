/** Recipients that an administrator returns to their senders, until they come by. */
import type { Outcome } from "../send/classify.ts";
import type { Path } from "../send/site.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Finisher } from "./finish.ts";
import { keyOf } from "./holding.ts";
import type { Held } from "./item.ts";
import { returnedByHand } from "./outcomes.ts";

const maxCondemned = 100_000;

export class Condemned {
  readonly #keys = new Set<string>();
  readonly #finisher: Pick<Finisher, "all" | "postpone">;
  readonly #now: () => number;

  constructor(finisher: Pick<Finisher, "all" | "postpone">, now: () => number) {
    this.#finisher = finisher;
    this.#now = now;
  }

  get size(): number {
    return this.#keys.size;
  }

  get full(): boolean {
    return this.#keys.size >= maxCondemned;
  }

  add(message: QueuedMessage, recipient: QueuedRecipient): void {
    this.#keys.add(keyOf(message, recipient));
  }

  /** These have come to an end by themselves, or will be tried again. */
  done(held: Held, recipients: readonly QueuedRecipient[], outcomes: readonly Outcome[]): void {
    if (this.#keys.size === 0) return;
    for (let index = 0; index < recipients.length; index++)
      if (outcomes[index]?.kind !== "later") this.#keys.delete(keyOf(held.message, recipients[index]!));
  }

  /** Fails those that are condemned, with their notice; the others with them come again. False: none is. */
  fail(held: Held, recipients: readonly QueuedRecipient[], path: Path | undefined): boolean {
    if (this.#keys.size === 0) return false;
    const condemned = recipients.filter((recipient) => this.#keys.delete(keyOf(held.message, recipient)));
    if (condemned.length === 0) return false;
    const others = recipients.filter((recipient) => !condemned.includes(recipient));
    if (others.length > 0) this.#finisher.postpone(held, others, this.#now());
    this.#finisher.all(held, condemned, returnedByHand, path);
    return true;
  }
}
