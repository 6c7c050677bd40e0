/** What scripts do once in a while and no more: known here as soon as it is done, and to the store when the delivery is committed. */
import { createHash } from "node:crypto";
import type { AccountId, Instant, Store } from "../../store/store.ts";

/** What the store will know once the delivery is committed; until then it is known here. */
const pendingMs = 60_000;

export class Once {
  readonly #store: Pick<Store, "sieveRemembers">;
  readonly #pending = new Map<string, number>();

  constructor(store: Pick<Store, "sieveRemembers">) {
    this.#store = store;
  }

  isPending(account: AccountId, key: string, now: Instant): boolean {
    return (this.#pending.get(`${account} ${key}`) ?? 0) > now;
  }

  setPending(account: AccountId, key: string, now: Instant): void {
    this.#pending.set(`${account} ${key}`, now + pendingMs);
    for (const [known, until] of this.#pending) {
      if (until > now) break;
      this.#pending.delete(known);
    }
  }

  async remembers(account: AccountId, key: string, now: Instant): Promise<boolean> {
    return (await this.#store.sieveRemembers(account, [key], now)).length > 0;
  }

  /** Whether it is the first time; it is pending then. */
  async isFirst(account: AccountId, key: string, now: Instant): Promise<boolean> {
    const known = this.isPending(account, key, now) || (await this.remembers(account, key, now));
    // Another delivery may have come in between while the store was asked.
    if (known || this.isPending(account, key, now)) return false;
    this.setPending(account, key, now);
    return true;
  }
}

export function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

export const duplicateKey = (text: string): string => `d${hash(text)}`;
