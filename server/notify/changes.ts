/**
 * Who is looking at what: one subscription to the store, handed on to the sessions that watch the account. A watcher is the
 * session itself, so that thousands of idle ones cost one array slot each.
 */
import type { AccountId, Change, Store } from "../store/store.ts";

/** A change that belongs to one account. */
export type AccountChange = Exclude<Change, { readonly kind: "directory" | "queue" | "signed-out" }> & {
  readonly account: AccountId;
};

/** Told of each change to its account, after the commit, synchronously: note it and return; never throw. */
export interface Watcher {
  changed(change: AccountChange): void;
}

/** What sessions need of the hub. */
export interface Changes {
  watch(account: AccountId, watcher: Watcher): void;
  unwatch(account: AccountId, watcher: Watcher): void;
  /** How many watch this account. */
  watchers(account: AccountId): number;
}

/** The hub of one process: subscribes to the store at once, until disposed. */
export class ChangeHub implements Changes {
  readonly #watchers = new Map<AccountId, Watcher[]>();
  readonly #unsubscribe: () => void;

  constructor(store: Pick<Store, "subscribe">) {
    this.#unsubscribe = store.subscribe((changes) => this.#publish(changes));
  }

  watch(account: AccountId, watcher: Watcher): void {
    const list = this.#watchers.get(account);
    if (list === undefined) this.#watchers.set(account, [watcher]);
    else list.push(watcher);
  }

  unwatch(account: AccountId, watcher: Watcher): void {
    const list = this.#watchers.get(account);
    const index = list?.indexOf(watcher) ?? -1;
    if (list === undefined || index < 0) return;
    if (list.length === 1) this.#watchers.delete(account);
    // A new array: this may happen while #publish walks the old one.
    else this.#watchers.set(account, list.toSpliced(index, 1));
  }

  watchers(account: AccountId): number {
    return this.#watchers.get(account)?.length ?? 0;
  }

  #publish(changes: readonly Change[]): void {
    for (const change of changes) {
      if (!("account" in change) || change.account === undefined || change.kind === "signed-out") continue;
      const list = this.#watchers.get(change.account);
      if (list === undefined) continue;
      for (const watcher of list) watcher.changed(change as AccountChange);
    }
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#watchers.clear();
  }
}
