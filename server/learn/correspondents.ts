/** Whom a person has written to, and who has written to a person: kept in the store as rows that end, in memory while they are asked. */

import { domainOf } from "../judge/content/links.ts";
import { personName } from "../judge/content/names.ts";
import { freeMail } from "../judge/content/rules/hosts.ts";
import type { PeerRow } from "../store/peers.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";

const dayMs = 24 * 60 * 60 * 1000;
/** Addresses of one person, and people, that are held in memory. */
export const maxAddresses = 5_000;
const maxPeople = 1_000;
const maxNameChars = 100;
/** Rows wait so long, so that many are written at once; who loses them meets strangers once more. */
const pauseMs = 2_000;
const maxWaiting = 2_000;

/** `wrote`: the person has written to them, trusted for two years. `from`: their mail was taken and proved, remembered for one. */
export type Acquainted = "wrote" | "from";
const keptMs: { readonly [kind in Acquainted]: number } = { wrote: 2 * 365 * dayMs, from: 365 * dayMs };

export type Contacts = {
  readonly addresses: ReadonlySet<string>;
  /** Companies' domains among them. */
  readonly domains: ReadonlySet<string>;
  /** Full names by `personName`, and the address each was last used for. */
  readonly names: ReadonlyMap<string, string>;
};
type NamesOf = () => ReadonlyMap<string, string>;
const none: ReadonlyMap<string, string> = new Map();
const nameless: NamesOf = () => none;
type Held = {
  readonly addresses: Set<string>;
  readonly domains: Set<string>;
  readonly names: Map<string, string>;
};

export class Correspondents implements Disposable {
  readonly #kind: Acquainted;
  readonly #store: Pick<Store, "peers" | "putPeers">;
  readonly #now: () => Instant;
  readonly #failed: (error: unknown) => void;
  readonly #held = new Map<AccountId, Held | Promise<Held>>();
  #waiting: PeerRow[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    kind: Acquainted,
    store: Pick<Store, "peers" | "putPeers">,
    now: () => Instant,
    failed: (error: unknown) => void = () => {},
  ) {
    this.#kind = kind;
    this.#store = store;
    this.#now = now;
    this.#failed = failed;
  }

  /** Answered at once where the person is held in memory. */
  knows(account: AccountId, address: string): boolean | Promise<boolean> {
    const held = this.#load(account);
    return held instanceof Promise ? held.then(({ addresses }) => addresses.has(address)) : held.addresses.has(address);
  }

  /** How many of these the person has not to do with yet; none where there are so many that no more are remembered. */
  strangers(account: AccountId, addresses: readonly string[]): number | Promise<number> {
    const count = ({ addresses: known }: Held): number =>
      known.size >= maxAddresses ? 0 : addresses.filter((address) => !known.has(address)).length;
    const held = this.#load(account);
    return held instanceof Promise ? held.then(count) : count(held);
  }

  /** Undefined until they have been read. */
  contacts(account: AccountId): Contacts | undefined {
    const held = this.#held.get(account);
    return held === undefined || held instanceof Promise ? undefined : held;
  }

  /**
   * Remembers addresses (lower case), and the names that `namesOf` finds for them where they are new. Resolves when it is durable.
   */
  async add(account: AccountId, addresses: readonly string[], namesOf: NamesOf = nameless): Promise<void> {
    const fresh = await this.#take(account, addresses, namesOf);
    if (fresh.length > 0) await this.#store.putPeers(fresh);
  }

  /** Remembers an address soon. */
  addSoon(account: AccountId, address: string): void {
    this.#take(account, [address], nameless)
      .then((fresh) => {
        if (fresh.length === 0 || this.#waiting.length >= maxWaiting) return;
        this.#waiting.push(...fresh);
        this.#timer ??= setTimeout(() => this.#flush(), pauseMs).unref();
      })
      .catch(this.#failed);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    const rows = this.#waiting;
    this.#waiting = [];
    if (rows.length > 0) this.#store.putPeers(rows).catch(this.#failed);
  }

  async #take(account: AccountId, addresses: readonly string[], namesOf: NamesOf): Promise<PeerRow[]> {
    const held = await this.#load(account);
    const fresh = addresses.filter((address) => !held.addresses.has(address) && address.length <= 320);
    if (fresh.length === 0 || held.addresses.size >= maxAddresses) return [];
    const names = namesOf();
    const expiresAt = this.#now() + keptMs[this.#kind];
    return fresh.map((address) => {
      const name = (names.get(address) ?? "").slice(0, maxNameChars);
      hold(held, address, name);
      return { kind: `${this.#kind}.${account}`, key: address, value: JSON.stringify(name), expiresAt };
    });
  }

  #load(account: AccountId): Held | Promise<Held> {
    const known = this.#held.get(account);
    if (known !== undefined) return known;
    if (this.#held.size >= maxPeople) this.#held.clear();
    const reading = this.#store
      .peers(`${this.#kind}.${account}`, { limit: maxAddresses, now: this.#now() })
      .then((rows) => {
        const held: Held = { addresses: new Set(), domains: new Set(), names: new Map() };
        for (const { key, value } of rows) {
          const name: unknown = JSON.parse(value);
          hold(held, key, typeof name === "string" ? name : "");
        }
        this.#held.set(account, held);
        return held;
      });
    reading.catch(() => this.#held.delete(account));
    this.#held.set(account, reading);
    return reading;
  }
}

function hold({ addresses, domains, names }: Held, address: string, name: string): void {
  addresses.add(address);
  // Only a full name is a person's: half the world is called "Ann".
  if (/\S\s+\S/.test(name)) names.set(personName(name), address);
  const domain = domainOf(address.slice(address.lastIndexOf("@") + 1));
  if (!freeMail.has(domain)) domains.add(domain);
}
