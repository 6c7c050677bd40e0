/** How much one address of ours forwards: a flood that somebody sends to it must not leave from here. */
import { formatMailbox, type Mailbox } from "../../protocol/smtp/address.ts";

const hourMs = 3_600_000;
/** Addresses that are counted; beyond that the counts of the hour begin anew. */
const maxCounted = 100_000;

export class ForwardVolume {
  readonly #perHour: number;
  readonly #now: () => number;
  #hour = 0;
  readonly #counts = new Map<string, number>();

  /** `perHour` 0: no bound. `now` is ms since 1970. Counts end with the process. */
  constructor(perHour: number, now: () => number = Date.now) {
    this.#perHour = perHour;
    this.#now = now;
  }

  /** Counts one more message of each, where all of them may forward it. */
  take(forwarders: readonly Mailbox[]): boolean {
    if (this.#perHour === 0) return true;
    const hour = Math.floor(this.#now() / hourMs);
    if (hour !== this.#hour || this.#counts.size > maxCounted) {
      this.#hour = hour;
      this.#counts.clear();
    }
    const names = forwarders.map((one) => formatMailbox(one).toLowerCase());
    if (names.some((name) => (this.#counts.get(name) ?? 0) >= this.#perHour)) return false;
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return true;
  }
}
