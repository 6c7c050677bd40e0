/** What one account may have under way at a time, so that nobody slows the others beyond its share. */
import type { AccountId } from "../store/store.ts";

export class Load {
  readonly #most: number;
  readonly #running: number;
  readonly #accounts = new Map<AccountId, { inside: number; running: number; readonly waiting: (() => void)[] }>();

  /** `most` requests of an account are taken in, `running` of them work; the others wait for these. */
  constructor(most: number, running: number) {
    this.#most = most;
    this.#running = Math.min(most, running);
  }

  /** Runs the work when it is its turn; "full" where the account has enough under way already. */
  async run<T>(account: AccountId, work: () => Promise<T>): Promise<T | "full"> {
    let own = this.#accounts.get(account);
    if (own === undefined) this.#accounts.set(account, (own = { inside: 0, running: 0, waiting: [] }));
    if (own.inside >= this.#most) return "full";
    own.inside++;
    if (own.running >= this.#running) await new Promise<void>((resolve) => own.waiting.push(resolve));
    else own.running++;
    try {
      return await work();
    } finally {
      own.inside--;
      const next = own.waiting.shift();
      if (next !== undefined) next();
      else own.running--;
      if (own.inside === 0) this.#accounts.delete(account);
    }
  }
}
