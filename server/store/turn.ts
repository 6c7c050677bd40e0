/** Work that one of several nodes does at a time: a setting says whose turn it is, and until when. */
import { randomUUID } from "node:crypto";
import type { Instant, Store } from "./store.ts";

type Turn = { readonly holder: string; readonly until: Instant };

/** A node that dies in its turn is waited for so long. */
const turnMs = 60_000;

/** This process, among those that share a store. */
const self = randomUUID();

/** Does the work where it is nobody else's turn, and keeps the turn while it lasts; "other" where it is. */
export async function inTurn<T>(
  {
    store,
    now,
    self: holder = self,
  }: {
    readonly store: Pick<Store, "setting" | "swapSetting">;
    readonly now: () => Instant;
    /** For tests: who asks. */
    readonly self?: string;
  },
  name: string,
  work: () => Promise<T>,
): Promise<{ readonly kind: "done"; readonly result: T } | { readonly kind: "other" }> {
  const key = `turn/${name}`;
  const before = (await store.setting(key)) as Turn | undefined;
  if (before !== undefined && before.holder !== holder && before.until > now()) return { kind: "other" };
  let mine: Turn = { holder, until: now() + turnMs };
  if (!(await store.swapSetting(key, before, mine))) return { kind: "other" };
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = async (): Promise<void> => {
    const next = { holder, until: now() + turnMs };
    if (await store.swapSetting(key, mine, next)) mine = next;
  };
  const timer = setInterval(() => {
    // A store in trouble is noticed by the work.
    renewing = renewing.then(renew).catch(() => {});
  }, turnMs / 3).unref();
  try {
    return { kind: "done", result: await work() };
  } finally {
    clearInterval(timer);
    await renewing;
    await store.swapSetting(key, mine, undefined);
  }
}
