/** Puts webhooks together: which addresses they may reach, and when they run. */
import type { Log } from "../base/log.ts";
import { makeGuard } from "../net/guard.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Instant, Store } from "../store/store.ts";
import { Webhooks } from "../tell/webhooks.ts";

/** `local`: endpoints on this machine and without TLS are for tests (`angarium dev`); all other private networks stay closed. */
export function makeWebhooks(parts: {
  readonly store: Store;
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  readonly local: boolean;
  readonly withheld: () => boolean;
  readonly now: () => Instant;
  readonly log: Log;
}): Webhooks {
  const { store, resolver, local, withheld, now, log } = parts;
  const guard = makeGuard(resolver, {
    privateAddresses: false,
    ...(local ? { allow: { has: (address: string) => /^(?:127\.|::1$)/.test(address) } } : {}),
  });
  const schemes = local ? ["https:", "http:"] : ["https:"];
  return new Webhooks({ store, guard, schemes, withheld, now, random: Math.random, log });
}
