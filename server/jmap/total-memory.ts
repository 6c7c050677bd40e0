/**
 * Totals of queries that are asked for again and again (`calculateTotal`): which emails, or threads, match is kept as a bit for each,
 * and what has been touched since is looked at when the next one asks, so that a total costs what has changed.
 */
import type { EmailQuery, MailState } from "../store/jmap.ts";
import type { AccountId, Store } from "../store/store.ts";

type Asked = Pick<EmailQuery, "filter" | "collapseThreads">;
export type Total = { readonly total: number; readonly state: MailState };

/** Memory of all of them, how many of one account, and how many that were wanted once are remembered. */
const bounds = { bytes: 32 * 1024 * 1024, ofAccount: 16, once: 1_024 } as const;

export class TotalMemory {
  readonly #store: Pick<Store, "emailMatching">;
  readonly #maxBytes: number;
  /** Those asked last are at the end. */
  readonly #kept = new Map<string, Kept>();
  readonly #once = new Set<string>();
  readonly #making = new Map<string, Promise<void>>();
  #bytes = 0;

  constructor(store: Pick<Store, "emailMatching">, maxBytes: number = bounds.bytes) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  /** Undefined where it is not kept: then it has to be counted. */
  async of(account: AccountId, asked: Asked): Promise<Total | undefined> {
    const key = keyOf(account, asked);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const before = kept.bytes;
    // One after the other: each begins where the one before it has come to.
    kept.turn = kept.turn.then(async () => {
      const news = await this.#store.emailMatching(account, asked, kept.state);
      if (news.kind === "touched") kept.follow(news.touched, news.matching, news.state);
      else kept.lost = true;
    });
    try {
      await kept.turn;
    } catch (error) {
      kept.lost = true;
      throw error;
    } finally {
      if (kept.lost) this.#forget(key);
      else if (this.#kept.get(key) === kept) this.#bytes += kept.bytes - before;
    }
    return kept.lost ? undefined : { total: kept.count, state: kept.state };
  }

  /** It was counted, among more than was answered: the second time it is kept. */
  want(account: AccountId, asked: Asked): void {
    const key = keyOf(account, asked);
    if (this.#kept.has(key) || this.#making.has(key)) return;
    if (!this.#once.delete(key)) {
      if (this.#once.size >= bounds.once) this.#once.clear();
      this.#once.add(key);
      return;
    }
    const made = this.#store.emailMatching(account, asked, undefined).then(
      (all) => {
        if (all.kind === "all") this.#keep(account, key, new Kept(account, all.matching, all.state));
      },
      // A store that is in trouble tells who asks for mail.
      () => {},
    );
    this.#making.set(
      key,
      made.finally(() => this.#making.delete(key)),
    );
  }

  /** Resolves when what was wanted so far has been made. */
  async idle(): Promise<void> {
    await Promise.all(this.#making.values());
  }

  #keep(account: AccountId, key: string, kept: Kept): void {
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
    let own = 0;
    for (const one of this.#kept.values()) if (one.account === account) own++;
    for (const [other, one] of this.#kept) {
      const tooMany = own > bounds.ofAccount && one.account === account;
      if (!tooMany && this.#bytes <= this.#maxBytes) continue;
      this.#forget(other);
      if (one.account === account) own--;
    }
  }

  #forget(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}

const keyOf = (account: AccountId, { filter, collapseThreads }: Asked): string =>
  `${account} ${collapseThreads} ${JSON.stringify(filter)}`;

/** What matches, as bits, with their count. */
class Kept {
  readonly account: AccountId;
  state: MailState;
  count = 0;
  turn: Promise<void> = Promise.resolve();
  lost = false;
  #bits: Uint8Array;

  constructor(account: AccountId, matching: Uint32Array, state: MailState) {
    this.account = account;
    this.state = state;
    this.#bits = new Uint8Array((state.nextEmail >>> 3) + 1);
    for (const number of matching) this.#set(number, true);
  }

  get bytes(): number {
    return this.#bits.length;
  }

  follow(touched: readonly number[], matching: readonly number[], state: MailState): void {
    const now = new Set(matching);
    for (const number of touched) this.#set(number, now.has(number));
    this.state = state;
  }

  #set(number: number, on: boolean): void {
    const at = number >>> 3;
    if (at >= this.#bits.length) {
      if (!on) return;
      const larger = new Uint8Array(at + 1 + (at >>> 3));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    const bit = 1 << (number & 7);
    if (((this.#bits[at]! & bit) !== 0) === on) return;
    this.#bits[at]! ^= bit;
    this.count += on ? 1 : -1;
  }
}
