/** What administrators have set of how much accounts, domains and tenants may send: kept in the store, in memory while it is asked. */
import type { Log } from "../base/log.ts";
import { domainSettings } from "../store/domain-settings.ts";
import type { Account, AccountId, Store } from "../store/store.ts";
import { allOf, appPasswordOf, type Bounded, hasBounds, type OwnLimits, ownLimitsOf } from "./limits.ts";
import { type Stop, stopOf } from "./stop.ts";

/** How the keys of settings begin that hold what is set of a domain, or of a tenant by its number. */
export const limitPrefixes = { domain: domainSettings.sendingLimits, tenant: "sendingLimits.tenant." } as const;

/** Changes of other nodes are seen so soon. */
const rereadMs = 5_000;
const pageSize = 10_000;

/** What is counted together beside an account: all of a domain or a tenant, or what comes by one app password. */
export type Group = { readonly key: string; readonly of: Bounded; readonly limits: OwnLimits };

/** How the counts of an app password are found: its number is one of its account's. */
export const appPasswordKey = (account: AccountId, id: number): string => `${account}!${id}`;

/** Of one account. */
type AccountSet = { readonly limits: OwnLimits; readonly stop: Stop | undefined };

export type RestraintStore = Pick<
  Store,
  "restraints" | "limitedCredentials" | "settings" | "tenants" | "hostedDomains"
>;

export class Restraints implements Disposable {
  readonly #store: RestraintStore;
  readonly #timer: NodeJS.Timeout;
  #accounts: ReadonlyMap<AccountId, AccountSet> = new Map();
  #domains: ReadonlyMap<string, Group> = new Map();
  /** By domain. */
  #tenants: ReadonlyMap<string, Group> = new Map();
  /** Of app passwords that have bounds, by account and number. */
  #appPasswords: ReadonlyMap<AccountId, ReadonlyMap<number, Group>> = new Map();

  private constructor(store: RestraintStore, log: Log) {
    this.#store = store;
    this.#timer = setInterval(() => {
      this.reread().catch((error: unknown) => log.error({ error }, "limits cannot be read; the former ones stay"));
    }, rereadMs).unref();
  }

  static async open(store: RestraintStore, log: Log): Promise<Restraints> {
    const opened = new Restraints(store, log);
    await opened.reread();
    return opened;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** After a change here. */
  async reread(): Promise<void> {
    const [accounts, domains, tenants, appPasswords] = await Promise.all([
      this.#readAccounts(),
      this.#readDomains(),
      this.#readTenants(),
      this.#readAppPasswords(),
    ]);
    this.#accounts = accounts;
    this.#domains = domains;
    this.#tenants = tenants;
    this.#appPasswords = appPasswords;
  }

  of(account: Pick<Account, "id" | "name">): {
    readonly account: OwnLimits | undefined;
    readonly domain: Group | undefined;
    readonly tenant: Group | undefined;
  } {
    const domain = account.name.slice(account.name.lastIndexOf("@") + 1);
    return {
      account: this.#accounts.get(account.id)?.limits,
      domain: this.#domains.get(domain),
      tenant: this.#tenants.get(domain),
    };
  }

  /** Undefined: it has no bounds of its own. */
  ofAppPassword(account: AccountId, id: number): Group | undefined {
    return this.#appPasswords.get(account)?.get(id);
  }

  /** Undefined: it may send. */
  stopOf(account: AccountId): Stop | undefined {
    return this.#accounts.get(account)?.stop;
  }

  async #readAccounts(): Promise<ReadonlyMap<AccountId, AccountSet>> {
    const found = new Map<AccountId, AccountSet>();
    for (let after = 0; ; ) {
      const page = await this.#store.restraints({ after, limit: pageSize });
      for (const { account, limits, stop } of page)
        found.set(account, { limits: ownLimitsOf(limits), stop: stopOf(stop) });
      if (page.length < pageSize) return found;
      after = page.at(-1)!.account;
    }
  }

  async #readDomains(): Promise<ReadonlyMap<string, Group>> {
    return new Map(
      (await this.#store.settings(limitPrefixes.domain)).map(({ key, value }) => {
        const name = key.slice(limitPrefixes.domain.length);
        return [name, { key: `@${name}`, of: allOf(name), limits: ownLimitsOf(value) }];
      }),
    );
  }

  async #readTenants(): Promise<ReadonlyMap<string, Group>> {
    const set = await this.#store.settings(limitPrefixes.tenant);
    const found = new Map<string, Group>();
    if (set.length === 0) return found;
    const names = new Map((await this.#store.tenants()).map(({ id, name }) => [String(id), name]));
    for (const { key, value } of set) {
      const id = key.slice(limitPrefixes.tenant.length);
      const name = names.get(id);
      if (name === undefined) continue;
      const group: Group = { key: `#${id}`, of: allOf(name), limits: ownLimitsOf(value) };
      for (let after: string | undefined; ; ) {
        const page = await this.#store.hostedDomains(
          { kind: "tenant", tenant: Number(id) },
          { limit: pageSize, after },
        );
        for (const domain of page) found.set(domain.name, group);
        if (page.length < pageSize) break;
        after = page.at(-1)!.name;
      }
    }
    return found;
  }

  async #readAppPasswords(): Promise<ReadonlyMap<AccountId, ReadonlyMap<number, Group>>> {
    const found = new Map<AccountId, Map<number, Group>>();
    for (let after = { account: 0, id: 0 }; ; ) {
      const page = await this.#store.limitedCredentials(after, pageSize);
      for (const { account, id, label, limits: set } of page) {
        const limits = ownLimitsOf(set);
        if (!hasBounds(limits)) continue;
        let own = found.get(account);
        if (own === undefined) found.set(account, (own = new Map()));
        own.set(id, { key: appPasswordKey(account, id), of: appPasswordOf(label), limits });
      }
      if (page.length < pageSize) return found;
      after = page.at(-1)!;
    }
  }
}
