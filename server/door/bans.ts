/** Addresses and networks that may not come for a while: set by what they did, or by an administrator. */
import type { Instant } from "../store/store.ts";
import { networkOf } from "./networks.ts";
import type { PeerBook } from "./peer-book.ts";

export type Ban = { readonly why: string; readonly by: string; readonly at: Instant };
export type Banned = Ban & { readonly address: string; readonly until: Instant };

export class Bans {
  readonly #book: PeerBook<Ban>;
  readonly #now: () => Instant;

  constructor(book: PeerBook<Ban>, now: () => Instant) {
    this.#book = book;
    this.#now = now;
  }

  /** The ban of an address or of its network (/24, /64), or undefined. */
  of(address: string): Ban | undefined {
    if (this.#book.size === 0) return undefined;
    return this.#book.get(address) ?? this.#book.get(networkOf(address));
  }

  add(address: string, why: string, by: string, forMs: number): void {
    const at = this.#now();
    this.#book.set(address, { why, by, at }, at + forMs);
  }

  /** Whether there was one. */
  lift(address: string): boolean {
    const known = this.#book.get(address) !== undefined;
    this.#book.delete(address);
    return known;
  }

  list(): readonly Banned[] {
    return [...this.#book.entries()]
      .map(([address, ban, until]) => ({ address, ...ban, until }))
      .sort((a, b) => a.at - b.at);
  }
}
