/** Seed mailboxes, as the running server keeps them. */

import type { Log } from "../base/log.ts";
import type { OAuthClient, Token } from "../fetch/access-token.ts";
import { makeGuard } from "../net/guard.ts";
import type { Resolver } from "../net/resolver.ts";
import { Seeding, type SeedStore } from "../seed/engine.ts";
import type { Instant } from "../store/store.ts";
import type { Submit } from "../submit/submit.ts";
import type { RunningSending } from "./running-sending.ts";

export function makeSeeding(parts: {
  readonly sending: RunningSending;
  readonly store: SeedStore;
  readonly resolver: Resolver;
  /** Servers of this machine and of private networks may be named: tests. */
  readonly privateAddresses: boolean;
  readonly submit: Submit["take"];
  readonly tokens: (client: OAuthClient) => Promise<Token>;
  readonly ourHost: string;
  readonly newId: () => string;
  readonly now: () => Instant;
  readonly log: Log;
}): Seeding {
  const { sending, resolver, privateAddresses } = parts;
  return new Seeding({
    ...parts,
    guard: makeGuard(resolver, { privateAddresses }),
    model: sending.model,
    providers: sending.providers(),
    signal: sending.signal,
    mac: sending.mac,
    random: Math.random,
  });
}
