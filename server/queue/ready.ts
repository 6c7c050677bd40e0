/**
 * The ready stage: what can be sent now, in memory, by path. Bounded as a whole, and each path by what is left of the whole.
 * Within a path ordinary mail goes first; mail with a share (marketing) follows, its tenants in turns.
 */
import { Fifo } from "./fifo.ts";
import type { Item } from "./item.ts";

type Site = {
  readonly fresh: Fifo<Item>;
  readonly claimed: Fifo<Item>;
  /** Counts to let claimed mail through although fresh mail keeps coming. */
  turn: number;
  /** Undefined until there is some. */
  shared: SharedLine | undefined;
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

  /** Whether one more item for the path would be one too many. What has a share takes no room from what has none. */
  full(key: string, shared = false): boolean {
    const site = this.#sites.get(key);
    if (site === undefined) return false;
    const waiting = shared ? (site.shared?.length ?? 0) : site.fresh.length + site.claimed.length;
    return waiting >= this.#bound;
  }

  /** Whether a path that was full has room again, enough that it is worth while to fetch more. */
  roomy(key: string): boolean {
    return this.waiting(key) <= this.#bound / 2;
  }

  get #bound(): number {
    return Math.max(minPerSite, shareOfFree * (this.#maxItems - this.#items));
  }

  push(item: Item): void {
    this.#line(item).push(item);
    this.#items++;
  }

  putBack(item: Item): void {
    this.#line(item).unshift(item);
    this.#items++;
  }

  take(key: string): Item | undefined {
    const site = this.#sites.get(key);
    if (site === undefined) return undefined;
    site.turn = (site.turn + 1) % backlogTurns;
    const ordinary =
      site.turn === 0 ? (site.claimed.shift() ?? site.fresh.shift()) : (site.fresh.shift() ?? site.claimed.shift());
    const item = ordinary ?? site.shared?.shift();
    if (item === undefined || lengthOf(site) === 0) this.#sites.delete(key);
    if (item !== undefined) this.#items--;
    return item;
  }

  waiting(key: string): number {
    const site = this.#sites.get(key);
    return site === undefined ? 0 : lengthOf(site);
  }

  /** All items that wait, each with how many of its path go before it (about: several lines take turns). */
  *inLine(): Generator<readonly [item: Item, before: number]> {
    for (const { fresh, claimed, shared } of this.#sites.values()) {
      let before = 0;
      for (const line of [fresh, claimed, shared ?? []]) for (const item of line) yield [item, before++];
    }
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

  #line({ path, held }: Item): Pick<Fifo<Item>, "push" | "unshift"> {
    let site = this.#sites.get(path.key);
    if (site === undefined) {
      site = { fresh: new Fifo(), claimed: new Fifo(), turn: 0, shared: undefined };
      this.#sites.set(path.key, site);
    }
    if (held.share !== undefined) {
      site.shared ??= new SharedLine();
      return site.shared;
    }
    return held.fresh ? site.fresh : site.claimed;
  }
}

function lengthOf({ fresh, claimed, shared }: Site): number {
  return fresh.length + claimed.length + (shared?.length ?? 0);
}

/** Tenants take turns, each as many as its weight says (deficit round robin). */
class SharedLine {
  readonly #tenants = new Map<string, { readonly items: Fifo<Item>; weight: number; credit: number }>();
  length = 0;

  push(item: Item): void {
    this.#of(item).push(item);
    this.length++;
  }

  unshift(item: Item): void {
    this.#of(item).unshift(item);
    this.length++;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (const { items } of this.#tenants.values()) yield* items;
  }

  shift(): Item | undefined {
    // Each round gives credit to everybody, so that a weight below one has its turn too.
    while (this.length > 0) {
      const [name, tenant] = this.#tenants.entries().next().value!;
      if (tenant.credit < 1) {
        // To the end of the line.
        this.#tenants.delete(name);
        tenant.credit += tenant.weight;
        this.#tenants.set(name, tenant);
        continue;
      }
      const item = tenant.items.shift();
      if (tenant.items.length === 0) this.#tenants.delete(name);
      if (item === undefined) continue;
      tenant.credit--;
      this.length--;
      return item;
    }
    return undefined;
  }

  #of({ held }: Item): Fifo<Item> {
    const { tenant, weight } = held.share!;
    let known = this.#tenants.get(tenant);
    if (known === undefined) {
      known = { items: new Fifo(), weight: Math.max(weight, minWeight), credit: weight };
      this.#tenants.set(tenant, known);
    }
    known.weight = Math.max(weight, minWeight);
    return known.items;
  }
}

/** So that no turn is waited for without end. */
const minWeight = 0.01;
