/** The routes of outbound mail as they are now: kept in the store, read when they change. */
import type { Log } from "../base/log.ts";
import { parseRoutes, type Routing, routeMistakeWords } from "../send/route.ts";
import type { Store } from "../store/store.ts";

/** Routes are read again after this long: another process may have changed them. */
const rereadMs = 5_000;

/** `now()` answers the same object until something has changed. */
export async function watchRoutes(
  store: Pick<Store, "setting" | "subscribe">,
  fixed: Omit<Routing, "routes">,
  log: Log,
): Promise<{ readonly now: () => Routing } & Disposable> {
  let raw = "";
  let routing: Routing = { ...fixed, routes: [] };
  const read = async (): Promise<void> => {
    const value = await store.setting("routes");
    const text = JSON.stringify(value) ?? "";
    if (text === raw) return;
    raw = text;
    const { routes, mistakes } = parseRoutes(value);
    for (const mistake of mistakes) log.error({ mistake: routeMistakeWords(mistake) }, "route left out");
    routing = { ...fixed, routes };
  };
  const readSafely = (): void => {
    read().catch((error: unknown) => log.error({ error }, "routes cannot be read; the former ones stay"));
  };
  await read();
  const unsubscribe = store.subscribe((changes) => {
    if (changes.some((change) => change.kind === "directory")) readSafely();
  });
  const timer = setInterval(readSafely, rereadMs).unref();
  return {
    now: () => routing,
    [Symbol.dispose]() {
      clearInterval(timer);
      unsubscribe();
    },
  };
}
