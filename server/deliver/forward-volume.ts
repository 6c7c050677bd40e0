/** How much one address of ours forwards, by an alias or by a script: a flood that somebody sends to it must not leave from here. */
import { formatMailbox, type Mailbox } from "../../protocol/smtp/address.ts";
import { type HourBook, HourCounts } from "./hour-counts.ts";

export class ForwardVolume {
  readonly #perHour: number;
  readonly #counts: HourCounts;

  /** `perHour` 0: no bound. `now` is ms since 1970. Those with one book count together. */
  constructor(perHour: number, now: () => number = Date.now, book?: HourBook) {
    this.#perHour = perHour;
    this.#counts = new HourCounts(now, book);
  }

  /** Counts one more message of each, where all of them may forward it. */
  take(forwarders: readonly Mailbox[]): boolean {
    if (this.#perHour === 0) return true;
    const keys = forwarders.map((one) => `forward ${formatMailbox(one).toLowerCase()}`);
    if (keys.some((key) => this.#counts.of(key) >= this.#perHour)) return false;
    for (const key of keys) this.#counts.add(key);
    return true;
  }
}
