/**
 * What matches the filters that are asked for (`calculateTotal`, or where few match and no index knows them): a bit for each email, or
 * thread, made with the first query. What has been touched since is looked at when the next one asks, so that it costs what has changed.
 */
import { type EmailQuery, type MailState, maxFew } from "../store/jmap.ts";
import type { AccountId, Store } from "../store/store.ts";

type Asked = Pick<EmailQuery, "filter" | "collapseThreads">;
export type Matches = {
  readonly total: number;
  readonly state: MailState;
  /** All of them, where they are few: a page is then made of these. */
  readonly few: readonly number[] | undefined;
};

/** Memory of all of them, and how many of one account. */
const bounds = { bytes: 32 * 1024 * 1024, ofAccount: 16 } as const;

export class MatchMemory {
  readonly #store: Pick<Store, "emailMatching">;
  readonly #maxBytes: number;
  /** Those asked last are at the end. */
  readonly #kept = new Map<string, Kept>();
  readonly #making = new Map<string, Promise<Kept | undefined>>();
  #bytes = 0;

  constructor(store: Pick<Store, "emailMatching">, maxBytes: number = bounds.bytes) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  /** Undefined where it is not kept. `onlyFew`: and where it was not few. */
  async of(account: AccountId, asked: Asked, onlyFew = false): Promise<Matches | undefined> {
    const key = keyOf(account, asked);
    const kept = this.#kept.get(key);
    if (kept === undefined || (onlyFew && kept.count > maxFew)) return undefined;
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
    return kept.lost ? undefined : kept.shown();
  }

  /** Made where it is not kept, which costs no more than counting; undefined of filters that look at texts. */
  async now(account: AccountId, asked: Asked): Promise<Matches | undefined> {
    return (await this.of(account, asked)) ?? (await this.#make(account, asked))?.shown();
  }

  /** Makes it beside who asked. */
  want(account: AccountId, asked: Asked): void {
    // A store that is in trouble tells who asks for mail.
    if (!this.#kept.has(keyOf(account, asked))) this.#make(account, asked).catch(() => {});
  }

  #make(account: AccountId, asked: Asked): Promise<Kept | undefined> {
    const key = keyOf(account, asked);
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    const made = this.#store
      .emailMatching(account, asked, undefined)
      .then((all) => {
        if (all.kind !== "all") return undefined;
        const kept = new Kept(account, all.matching, all.state);
        this.#keep(account, key, kept);
        return kept;
      })
      .finally(() => this.#making.delete(key));
    this.#making.set(key, made);
    return made;
  }

  /** Resolves when what was wanted so far has been made. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#making.values());
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

  shown(): Matches {
    return { total: this.count, state: this.state, few: this.count > maxFew ? undefined : this.#numbers() };
  }

  #numbers(): readonly number[] {
    const numbers: number[] = [];
    for (const [at, byte] of this.#bits.entries())
      for (let bit = 0; byte >>> bit !== 0; bit++) if ((byte >>> bit) & 1) numbers.push(at * 8 + bit);
    return numbers;
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
