/** What an administrator may do with the queue: look, hold, release, try now, delete, and return to the sender. */
import type { Log } from "../base/log.ts";
import { isOf } from "../store/queued.ts";
import type { QueuedMessage, QueuedRecipient, QueueFilter, Settlement, Store } from "../store/store.ts";
import type { Condemned } from "./condemned.ts";
import type { Finisher } from "./finish.ts";
import type { Holding } from "./holding.ts";
import { type Held, Item, type ItemOwner, type Looking } from "./item.ts";
import type { Queue } from "./queue.ts";
import type { ReadyStage } from "./ready.ts";

/** Messages that "bounce" lists at a time. */
const pageSize = 1000;

/** What it needs of the queue at work. */
export type AdministratorPorts = {
  readonly store: Pick<Store, "queueAct" | "queueList" | "settle">;
  readonly ready: ReadyStage;
  readonly looking: ReadonlySet<Looking>;
  readonly finisher: Finisher;
  readonly holding: Holding;
  readonly condemned: Condemned;
  readonly owner: ItemOwner;
  readonly now: () => number;
  readonly log: Log;
  /** Resolves when no claim runs; none begins before the function it gives is called. */
  readonly pauseClaims: () => Promise<() => void>;
  /** Nothing is held back for what went wrong before. */
  readonly tryAllAgain: () => void;
};

export class Administrator implements Pick<Queue, "act" | "show"> {
  readonly #ports: AdministratorPorts;

  constructor(ports: AdministratorPorts) {
    this.#ports = ports;
  }

  async show(id: string): Promise<QueuedMessage | undefined> {
    return (await this.#ports.store.queueList({ id, limit: 1 }))[0];
  }

  async act(...[filter, action, why]: Parameters<Queue["act"]>): Promise<number> {
    if (action === "bounce") return this.#bounce(filter);
    if (action === "hold") return this.#keepBack(filter, why);
    const touched = await this.#ports.store.queueAct(filter, action, this.#ports.now());
    // The store has it no more: what is not under way already is dropped here too.
    if (action === "delete") this.#withdraw(filter, (held, some) => this.#ports.holding.release(held, some));
    else this.#ports.tryAllAgain();
    return touched;
  }

  /** The store holds only what nobody works on: what waits here is given back first, and not claimed again before it is held. */
  async #keepBack(filter: QueueFilter, why: string | undefined): Promise<number> {
    const { store, pauseClaims } = this.#ports;
    const resume = await pauseClaims();
    try {
      const now = this.#ports.now();
      const settlements: Settlement[] = [];
      const given: (readonly [held: Held, recipients: readonly QueuedRecipient[]])[] = [];
      this.#withdraw(filter, (held, some) => {
        settlements.push(...this.#ports.finisher.untried(held, some, now));
        given.push([held, some]);
      });
      try {
        if (settlements.length > 0) await store.settle({ settlements, notices: [], journey: [] });
      } catch (error) {
        for (const [held, some] of given) this.#ports.finisher.postpone(held, some, now);
        throw error;
      }
      for (const [held, some] of given) this.#ports.holding.release(held, some);
      return await store.queueAct(filter, "hold", now, why);
    } finally {
      resume();
    }
  }

  /** Takes what matches and is not under way yet out of memory. */
  #withdraw(filter: QueueFilter, then: (held: Held, recipients: readonly QueuedRecipient[]) => void): void {
    for (const item of this.#ports.ready.remove(
      ({ held, recipients }) => matching(filter, held, recipients).length > 0,
    )) {
      const gone = matching(filter, item.held, item.recipients);
      const stay = item.recipients.filter((recipient) => !gone.includes(recipient));
      if (stay.length > 0) this.#ports.ready.push(new Item(item.held, stay, item.path, item.since, this.#ports.owner));
      then(item.held, gone);
    }
    for (const looking of this.#ports.looking) {
      const gone = matching(filter, looking.held, looking.recipients);
      if (gone.length === 0) continue;
      looking.recipients = looking.recipients.filter((recipient) => !gone.includes(recipient));
      then(looking.held, gone);
    }
  }

  /** Condemns what matches; each is failed, with its notice, when it comes by, which is at once. */
  async #bounce(filter: QueueFilter): Promise<number> {
    const { store, condemned, log } = this.#ports;
    let count = 0;
    let page: readonly QueuedMessage[] = [];
    do {
      const after = page.at(-1)?.id ?? filter.after;
      page = await store.queueList({ ...filter, limit: pageSize, ...(after === undefined ? {} : { after }) });
      for (const message of page)
        for (const recipient of message.recipients) {
          if (condemned.full) break;
          condemned.add(message, recipient);
          count++;
        }
    } while (page.length === pageSize && !condemned.full);
    if (condemned.full)
      log.warn({ condemned: condemned.size }, "too much to return at once: repeat the command for the rest");
    this.#withdraw(filter, (held, some) => condemned.fail(held, some, undefined));
    const now = this.#ports.now();
    await store.queueAct(filter, "release", now);
    if (filter.state === undefined || filter.state === "scheduled") await store.queueAct(filter, "retry", now);
    this.#ports.tryAllAgain();
    return count;
  }
}

/** Those of a message's recipients that a filter of the store's names. */
function matching(filter: QueueFilter, { message }: Held, recipients: readonly QueuedRecipient[]): QueuedRecipient[] {
  const { id, domain, sender, recipient, state, tenant, campaign, account } = filter;
  if (state !== undefined && state !== "leased") return [];
  if (id !== undefined && message.id !== id) return [];
  if (account !== undefined && message.account !== account) return [];
  if (tenant !== undefined && message.tenant !== tenant) return [];
  if (campaign !== undefined && message.campaign !== campaign) return [];
  if (sender !== undefined && message.envelopeFrom.toLowerCase() !== sender.toLowerCase()) return [];
  return recipients.filter(
    (one) =>
      (domain === undefined || isOf(one, domain.toLowerCase())) &&
      (recipient === undefined || one.address.toLowerCase() === recipient.toLowerCase()),
  );
}
