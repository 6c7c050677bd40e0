/** The ready stage: what can be sent now, in memory, by path. Bounded as a whole, and each path by what is left of the whole. */
import type { Item } from "./item.ts";

type Site = {
  readonly fresh: Fifo<Item>;
  readonly claimed: Fifo<Item>;
  /** Counts to let claimed mail through although fresh mail keeps coming. */
  turn: number;
};

/** Of so many turns one belongs to mail from the backlog. */
const backlogTurns = 4;
/** A path may always hold this many, however full the stage is. */
const minPerSite = 20;
/** And otherwise this share of the room that is left, so that no number of slow sites fills the stage. */
const shareOfFree = 1;

export class ReadyStage {
  readonly #maxItems: number;
  readonly #sites = new Map<string, Site>();
  #items = 0;

  constructor(maxItems: number) {
    this.#maxItems = maxItems;
  }

  get items(): number {
    return this.#items;
  }

  /** Whether one more item for the path would be one too many. */
  full(key: string): boolean {
    return this.waiting(key) >= this.#bound;
  }

  /** Whether a path that was full has room again, enough that it is worth while to fetch more. */
  roomy(key: string): boolean {
    return this.waiting(key) <= this.#bound / 2;
  }

  get #bound(): number {
    return Math.max(minPerSite, shareOfFree * (this.#maxItems - this.#items));
  }

  push(item: Item): void {
    const site = this.#site(item.path.key);
    (item.held.fresh ? site.fresh : site.claimed).push(item);
    this.#items++;
  }

  putBack(item: Item): void {
    const site = this.#site(item.path.key);
    (item.held.fresh ? site.fresh : site.claimed).unshift(item);
    this.#items++;
  }

  take(key: string): Item | undefined {
    const site = this.#sites.get(key);
    if (site === undefined) return undefined;
    site.turn = (site.turn + 1) % backlogTurns;
    const item =
      site.turn === 0 ? (site.claimed.shift() ?? site.fresh.shift()) : (site.fresh.shift() ?? site.claimed.shift());
    if (item === undefined || site.fresh.length + site.claimed.length === 0) this.#sites.delete(key);
    if (item !== undefined) this.#items--;
    return item;
  }

  waiting(key: string): number {
    const site = this.#sites.get(key);
    return site === undefined ? 0 : site.fresh.length + site.claimed.length;
  }

  /** Takes out all items of a path. */
  drain(key: string): Item[] {
    const taken: Item[] = [];
    for (let item = this.take(key); item !== undefined; item = this.take(key)) taken.push(item);
    return taken;
  }

  /** Takes out the items that match. */
  remove(matches: (item: Item) => boolean): Item[] {
    const removed: Item[] = [];
    for (const key of [...this.#sites.keys()]) {
      for (const item of this.drain(key)) {
        if (matches(item)) removed.push(item);
        else this.push(item);
      }
    }
    return removed;
  }

  #site(key: string): Site {
    let site = this.#sites.get(key);
    if (site === undefined) {
      site = { fresh: new Fifo(), claimed: new Fifo(), turn: 0 };
      this.#sites.set(key, site);
    }
    return site;
  }
}

/** First in, first out, without moving what is inside. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
