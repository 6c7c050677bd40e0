/** Orders of large mailboxes by other keys than time: made when a query would have used one, and kept for the next. */
import type {
  EmailOrder,
  EmailQuery,
  EmailQueryChanges,
  EmailQueryResult,
  MailState,
  OrderWanted,
} from "../store/jmap.ts";
import type { AccountId, EmailId, Store } from "../store/store.ts";

type OrderStore = Pick<Store, "emailQuery" | "emailQueryChanges" | "emailOrder">;

/** Memory of all orders together, and how many of one account. Four bytes for each email in an order. */
const bounds = { bytes: 64 * 1024 * 1024, ofAccount: 12 } as const;
/** Orders that wait to be made: others are asked for again by the next query. */
const maxWaiting = 16;
/** Orders of some emails only that have been wanted once: many a filter, with a time of today, never comes again. */
const maxWantedOnce = 256;

const nameOf = ({ mailbox, sort, filter }: OrderWanted): string => JSON.stringify([mailbox ?? 0, sort, filter ?? null]);

export class OrderMemory {
  readonly #store: OrderStore;
  readonly #maxBytes: number;
  /** Those asked last are at the end, of accounts and of each one's orders. */
  readonly #orders = new Map<AccountId, Map<string, EmailOrder>>();
  readonly #waiting = new Set<string>();
  readonly #wantedOnce = new Set<string>();
  #making: Promise<void> = Promise.resolve();
  #bytes = 0;

  constructor(store: OrderStore, maxBytes: number = bounds.bytes) {
    this.#store = store;
    this.#maxBytes = maxBytes;
  }

  async query(account: AccountId, query: EmailQuery): Promise<EmailQueryResult> {
    const result = await this.#store.emailQuery(account, { ...query, orders: this.#of(account, query) });
    if (result.kind === "done" && result.wanted !== undefined) this.#want(account, result.wanted);
    return result;
  }

  changes(
    account: AccountId,
    query: Pick<EmailQuery, "filter" | "sort" | "collapseThreads" | "total">,
    since: MailState,
    max: number | undefined,
    upTo: EmailId | undefined,
  ): Promise<EmailQueryChanges> {
    return this.#store.emailQueryChanges(account, { ...query, orders: this.#of(account, query) }, since, max, upTo);
  }

  /** Resolves when what was wanted so far has been made. */
  idle(): Promise<void> {
    return this.#making;
  }

  #of(account: AccountId, { sort }: Pick<EmailQuery, "sort">): readonly EmailOrder[] {
    const orders = this.#orders.get(account);
    // By time, most queries: an index has it.
    if (orders === undefined || sort[0] === undefined || sort[0].by === "receivedAt") return [];
    this.#orders.delete(account);
    this.#orders.set(account, orders);
    return [...orders.values()];
  }

  #want(account: AccountId, wanted: OrderWanted): void {
    const name = `${account} ${nameOf(wanted)}`;
    if (this.#waiting.has(name) || this.#waiting.size >= maxWaiting) return;
    if (wanted.filter !== undefined && !this.#wantedOnce.delete(name)) {
      if (this.#wantedOnce.size >= maxWantedOnce) this.#wantedOnce.clear();
      this.#wantedOnce.add(name);
      return;
    }
    this.#waiting.add(name);
    // One after the other. A store that is in trouble tells who asks for mail; without an order mail is found as well.
    this.#making = this.#making
      .then(() => this.#store.emailOrder(account, wanted))
      .then(
        (order) => {
          if (order !== undefined) this.#keep(account, order);
        },
        () => {},
      )
      .finally(() => this.#waiting.delete(name));
  }

  #keep(account: AccountId, order: EmailOrder): void {
    const orders = this.#orders.get(account) ?? new Map<string, EmailOrder>();
    const name = nameOf(order);
    this.#bytes += order.emails.byteLength - (orders.get(name)?.emails.byteLength ?? 0);
    orders.delete(name);
    orders.set(name, order);
    this.#orders.delete(account);
    this.#orders.set(account, orders);
    while (orders.size > bounds.ofAccount) this.#forgetOldest(account, orders);
    for (const [other, theirs] of this.#orders)
      while (this.#bytes > this.#maxBytes && theirs.size > 0) this.#forgetOldest(other, theirs);
  }

  #forgetOldest(account: AccountId, orders: Map<string, EmailOrder>): void {
    for (const [name, { emails }] of orders) {
      orders.delete(name);
      this.#bytes -= emails.byteLength;
      break;
    }
    if (orders.size === 0) this.#orders.delete(account);
  }
}
