/** Rows of messages, page by page: the next pages are read (by as many threads) while the present one is written, as far as the process's budget allows. */
import { rangesOf } from "../../protocol/imap/set.ts";
import { freePage } from "../store/fetched.ts";
import type { AccountId, Field, MailboxId, MessageRow, StoreReader, UidRange } from "../store/store.ts";
import type { FetchBudget } from "./fetch-budget.ts";

type Page = Awaited<ReturnType<StoreReader["fetch"]>>;

/** What a page is taken for until it is there: with message bytes (store: `maxFetchBytes`), and without. */
const fullPageBytes = 4 * 1024 * 1024;
const lightPageBytes = 1024 * 1024;
/** Pages that are read ahead: two threads read. */
const pagesAhead = 2;
/** Messages of one portion, with their bytes and without: small enough that the first is there soon, large enough that the way there and back is nothing. */
const fullPortion = 256;
const lightPortion = 1024;

/** UIDs in portions that can be asked for independently, in their order. */
export function portionsOf(uids: ArrayLike<number>, fields: readonly Field[]): UidRange[][] {
  const portionMessages = fields.includes("bytes") ? fullPortion : lightPortion;
  const portions: UidRange[][] = [];
  const all = Array.isArray(uids) ? uids : Array.from(uids);
  for (let at = 0; at < all.length; at += portionMessages) portions.push(rangesOf(all.slice(at, at + portionMessages)));
  return portions;
}

/** A portion, and its page once it has been asked for. */
type Slot = { readonly uids: readonly UidRange[]; coming: Promise<Page> | undefined };

export class Pages implements AsyncDisposable {
  readonly #ask: (uids: readonly UidRange[]) => Promise<Page>;
  readonly #budget: FetchBudget;
  readonly #estimate: number;
  readonly #full: boolean;
  readonly #slots: Slot[];
  /** Taken from the budget for the page that is being written, and for those that are coming. */
  #held = 0;
  #ahead = 0;
  #page: Page | undefined;

  /** `portions`: ascending and disjoint, each such that one answer of the store most likely holds it. */
  constructor(
    store: Pick<StoreReader, "fetch">,
    budget: FetchBudget,
    account: AccountId,
    mailbox: MailboxId,
    portions: readonly (readonly UidRange[])[],
    fields: readonly Field[],
  ) {
    this.#ask = (uids) => store.fetch(account, mailbox, uids, fields);
    this.#budget = budget;
    this.#slots = portions.map((uids) => ({ uids, coming: undefined }));
    this.#full = fields.includes("bytes");
    this.#estimate = this.#full ? fullPageBytes : lightPageBytes;
  }

  /** The next rows, in UID order, or undefined after the last. The former ones are thought to be written. */
  async next(): Promise<readonly MessageRow[] | undefined> {
    this.#budget.give(this.#held);
    this.#held = 0;
    const slot = this.#slots[0];
    if (slot === undefined) return undefined;
    if (slot.coming === undefined) {
      await this.#budget.take(this.#estimate);
      this.#start(slot);
    }
    this.#lookAhead();
    const page = await (slot.coming as Promise<Page>);
    this.#slots.shift();
    this.#ahead -= this.#estimate;
    this.#held = this.#estimate;
    if (this.#full) {
      const bytes = page.rows.reduce((sum, row) => sum + row.sizeBytes, 0);
      this.#budget.correct(bytes - this.#held);
      this.#held = bytes;
    }
    if (page.next !== undefined) this.#slots.unshift({ uids: from(slot.uids, page.next), coming: undefined });
    this.#lookAhead();
    this.#page = page;
    return page.rows;
  }

  /** What gives back the memory of the last rows, to be called once nobody looks at their bytes any more. */
  get free(): () => void {
    const page = this.#page;
    return () => page && freePage(page);
  }

  #lookAhead(): void {
    for (let at = 0; at < Math.min(pagesAhead, this.#slots.length); at++) {
      const slot = this.#slots[at]!;
      if (slot.coming !== undefined) continue;
      if (!this.#budget.tryTake(this.#estimate)) return;
      this.#start(slot);
    }
  }

  #start(slot: Slot): void {
    this.#ahead += this.#estimate;
    slot.coming = this.#ask(slot.uids);
    // Whoever asks for the page hears of its failure; nobody may be left to.
    slot.coming.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#slots.map((slot) => slot.coming));
    this.#budget.give(this.#held + this.#ahead);
    this.#held = this.#ahead = 0;
  }
}

/** The part of ascending ranges that begins at `uid`. */
function from(ranges: readonly UidRange[], uid: number): UidRange[] {
  const rest: UidRange[] = [];
  for (const [low, high] of ranges) {
    if (high >= uid) rest.push([Math.max(low, uid), high]);
  }
  return rest;
}

/** Something of each of these messages, all together. */
export async function ofEach<T>(
  store: Pick<StoreReader, "fetch">,
  budget: FetchBudget,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[],
  fields: readonly Field[],
  make: (row: MessageRow) => T,
): Promise<T[]> {
  const made: T[] = [];
  await using pages = new Pages(store, budget, account, mailbox, [uids], fields);
  for (let page = await pages.next(); page !== undefined; page = await pages.next()) {
    for (const row of page) made.push(make(row));
  }
  return made;
}
