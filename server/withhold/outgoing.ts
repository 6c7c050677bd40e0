/**
 * Whether anything leaves by itself: mail of the queue, mail that was put off, webhooks, pushes, reports, DNS updates, orders of certificates. A copy restored with
 * --hold keeps all of it back until an administrator lets it go, for the original may have done it already. Every node that shares the store hears of a change.
 */
import type { Log } from "../base/log.ts";
import type { Store } from "../store/store.ts";
import { type Withheld, withheldOf, withheldSetting, withheldWords } from "../store/withheld.ts";

export class Outgoing implements Disposable {
  #withheld: Withheld | undefined;
  readonly #letGo: (() => void)[] = [];
  readonly #unsubscribe: () => void;

  private constructor(store: Pick<Store, "setting" | "subscribe">, found: unknown, log: Log) {
    this.#withheld = withheldOf(found);
    if (this.#withheld !== undefined) log.warn({}, withheldWords(this.#withheld));
    this.#unsubscribe = store.subscribe((changes) => {
      if (changes.some(({ kind }) => kind === "directory"))
        store.setting(withheldSetting).then(
          (value) => this.#take(withheldOf(value), log),
          (error: unknown) => log.error({ err: error }, "whether anything may leave could not be read"),
        );
    });
  }

  static async open(store: Pick<Store, "setting" | "subscribe">, log: Log): Promise<Outgoing> {
    return new Outgoing(store, await store.setting(withheldSetting), log);
  }

  readonly withheld = (): boolean => this.#withheld !== undefined;

  /** Called each time that all may go again. */
  whenLetGo(then: () => void): void {
    this.#letGo.push(then);
  }

  #take(found: Withheld | undefined, log: Log): void {
    const before = this.#withheld;
    this.#withheld = found;
    if (before === undefined && found !== undefined) log.warn({}, withheldWords(found));
    if (before === undefined || found !== undefined) return;
    log.info({}, "what was held goes out again");
    for (const then of this.#letGo) then();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }
}
