/** The store tidies up now and then, as long as there is something to do, and one time after the other. */
import type { Log } from "../base/log.ts";
import type { Store } from "../store/store.ts";

const tidyEveryMs = 60_000;

/** `beside` is done as often. */
export function startTidying(store: Pick<Store, "tidy">, log: Log, beside: () => void): { stop(): void } {
  let tidying = false;
  const tidy = async (): Promise<void> => {
    if (tidying) return;
    tidying = true;
    try {
      while ((await store.tidy(Date.now())).more);
    } catch (error) {
      log.error({ error }, "tidying failed; it is tried again");
    } finally {
      tidying = false;
    }
  };
  const timer = setInterval(() => {
    void tidy();
    beside();
  }, tidyEveryMs).unref();
  return { stop: () => clearInterval(timer) };
}
