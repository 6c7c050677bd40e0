/** To which tenant people belong; looked up once, and again after a while. */
import type { AccountId, Store } from "../store/store.ts";

const maxKnown = 50_000;
const ttlMs = 10 * 60_000;

export class Tenants {
  readonly #store: Pick<Store, "accounts" | "hostedDomains">;
  readonly #known = new Map<AccountId, { readonly tenant: number | undefined; readonly until: number }>();

  constructor(store: Pick<Store, "accounts" | "hostedDomains">) {
    this.#store = store;
  }

  /** As far as it was looked up. */
  readonly known = (account: AccountId): number | undefined => this.#known.get(account)?.tenant;

  /** Undefined where the account is gone. */
  async of(account: AccountId): Promise<number | undefined> {
    const known = this.#known.get(account);
    if (known !== undefined && known.until > performance.now()) return known.tenant;
    const name = (await this.#store.accounts({ id: account }))[0]?.name;
    const domain = name?.slice(name.lastIndexOf("@") + 1);
    const [home] = domain === undefined ? [] : await this.#store.hostedDomains({ kind: "all" }, { limit: 1, domain });
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(account, { tenant: home?.tenant, until: performance.now() + ttlMs });
    return home?.tenant;
  }
}
