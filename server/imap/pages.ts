/** Rows of messages, page by page: the next page is read while the present one is written, as far as the process's budget allows. */
import type { AccountId, Field, MailboxId, MessageRow, StoreReader, UidRange } from "../store/store.ts";
import type { FetchBudget } from "./fetch-budget.ts";

type Page = Awaited<ReturnType<StoreReader["fetch"]>>;

/** What a page is taken for until it is there: with message bytes (store: `maxFetchBytes`), and without. */
const fullPageBytes = 4 * 1024 * 1024;
const lightPageBytes = 1024 * 1024;

export class Pages implements AsyncDisposable {
  readonly #ask: (uids: readonly UidRange[]) => Promise<Page>;
  readonly #budget: FetchBudget;
  readonly #estimate: number;
  readonly #full: boolean;
  #rest: readonly UidRange[];
  #coming: Promise<Page> | undefined;
  /** Taken from the budget for the page that is being written, and for the one that is coming. */
  #held = 0;
  #ahead = 0;

  constructor(
    store: Pick<StoreReader, "fetch">,
    budget: FetchBudget,
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly UidRange[],
    fields: readonly Field[],
  ) {
    this.#ask = (rest) => store.fetch(account, mailbox, rest, fields);
    this.#budget = budget;
    this.#rest = uids;
    this.#full = fields.includes("bytes");
    this.#estimate = this.#full ? fullPageBytes : lightPageBytes;
  }

  /** The next rows, in UID order, or undefined after the last. The former ones are thought to be written. */
  async next(): Promise<readonly MessageRow[] | undefined> {
    this.#budget.give(this.#held);
    this.#held = 0;
    if (this.#coming === undefined) {
      if (this.#rest.length === 0) return undefined;
      await this.#budget.take(this.#estimate);
      this.#start();
    }
    const page = await this.#coming;
    this.#coming = undefined;
    this.#held = this.#ahead;
    this.#ahead = 0;
    if (page === undefined) return undefined;
    if (this.#full) {
      const bytes = page.rows.reduce((sum, row) => sum + row.sizeBytes, 0);
      this.#budget.correct(bytes - this.#held);
      this.#held = bytes;
    }
    this.#rest = page.next === undefined ? [] : from(this.#rest, page.next);
    if (this.#rest.length > 0 && this.#budget.tryTake(this.#estimate)) this.#start();
    return page.rows;
  }

  #start(): void {
    this.#ahead = this.#estimate;
    this.#coming = this.#ask(this.#rest);
    // Whoever asks for the page hears of its failure; nobody may be left to.
    this.#coming.catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#coming?.catch(() => {});
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
  await using pages = new Pages(store, budget, account, mailbox, uids, fields);
  for (let page = await pages.next(); page !== undefined; page = await pages.next()) {
    for (const row of page) made.push(make(row));
  }
  return made;
}
