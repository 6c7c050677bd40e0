/** Imports from other servers, as the running server does them. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Log } from "../base/log.ts";
import { ImportRunner } from "../carry/runner.ts";
import { makeGuard } from "../net/guard.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Instant, Store } from "../store/store.ts";

/** Larger messages are taken apart in another thread. */
const inlineBytes = 128 * 1024;

export function startImporting(parts: {
  readonly store: Store;
  readonly resolver: Resolver;
  /** Servers of this machine and of private networks may be named: tests. */
  readonly privateAddresses: boolean;
  readonly factsOf: (bytes: Uint8Array) => MessageFacts;
  readonly factsOfLarge: (bytes: Uint8Array) => Promise<MessageFacts>;
  readonly now: () => Instant;
  readonly log: Log;
}): { readonly runner: ImportRunner; readonly factsOf: (bytes: Buffer) => MessageFacts | Promise<MessageFacts> } {
  const { store, resolver, privateAddresses, now, log } = parts;
  const factsOf = (bytes: Buffer) => (bytes.length <= inlineBytes ? parts.factsOf(bytes) : parts.factsOfLarge(bytes));
  const guard = makeGuard(resolver, { privateAddresses });
  const runner = new ImportRunner({ store, guard, factsOf, now, log });
  runner.start();
  return { runner, factsOf };
}
