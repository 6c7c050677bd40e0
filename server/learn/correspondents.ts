/** Whom a person has written to: their answers are no spam. Kept in the store as rows that end, in memory while they are asked. */

import { domainOf } from "../judge/content/links.ts";
import { freeMail } from "../judge/content/rules/hosts.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";

/** Who was not written to for so long is a stranger again. */
const keptMs = 2 * 365 * 24 * 60 * 60 * 1000;
/** Addresses of one person, and people, that are held in memory. */
export const maxAddresses = 5_000;
const maxPeople = 1_000;

type Held = { readonly addresses: Set<string>; readonly domains: Set<string> };

const kindOf = (account: AccountId): string => `wrote.${account}`;

export class Correspondents {
  readonly #store: Pick<Store, "peers" | "putPeers">;
  readonly #now: () => Instant;
  readonly #held = new Map<AccountId, Held | Promise<Held>>();

  constructor(store: Pick<Store, "peers" | "putPeers">, now: () => Instant) {
    this.#store = store;
    this.#now = now;
  }

  /** Answered at once where the person is held in memory. */
  knows(account: AccountId, address: string): boolean | Promise<boolean> {
    const held = this.#load(account);
    return held instanceof Promise ? held.then(({ addresses }) => addresses.has(address)) : held.addresses.has(address);
  }

  /** Companies' domains among them; undefined until they have been read. */
  domains(account: AccountId): ReadonlySet<string> | undefined {
    const held = this.#held.get(account);
    return held === undefined || held instanceof Promise ? undefined : held.domains;
  }

  /** Lower case. Resolves when it is durable. */
  async wrote(account: AccountId, addresses: readonly string[]): Promise<void> {
    const held = await this.#load(account);
    const fresh = addresses.filter((address) => !held.addresses.has(address) && address.length <= 320);
    if (fresh.length === 0 || held.addresses.size >= maxAddresses) return;
    for (const address of fresh) add(held, address);
    const expiresAt = this.#now() + keptMs;
    await this.#store.putPeers(fresh.map((key) => ({ kind: kindOf(account), key, value: "1", expiresAt })));
  }

  #load(account: AccountId): Held | Promise<Held> {
    const known = this.#held.get(account);
    if (known !== undefined) return known;
    if (this.#held.size >= maxPeople) this.#held.clear();
    const reading = this.#store.peers(kindOf(account), { limit: maxAddresses, now: this.#now() }).then((rows) => {
      const held: Held = { addresses: new Set(), domains: new Set() };
      for (const { key } of rows) add(held, key);
      this.#held.set(account, held);
      return held;
    });
    reading.catch(() => this.#held.delete(account));
    this.#held.set(account, reading);
    return reading;
  }
}

function add({ addresses, domains }: Held, address: string): void {
  addresses.add(address);
  const domain = domainOf(address.slice(address.lastIndexOf("@") + 1));
  if (!freeMail.has(domain)) domains.add(domain);
}
