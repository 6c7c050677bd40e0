import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import type { Resolver } from "../net/resolver.ts";
import type { HostTarget } from "../send/route.ts";
import type { Store } from "../store/store.ts";

/** What a server is made of. */
export type ServerOptions = {
  readonly config: Config;
  readonly dataDir: string;
  /** Opened already; closed by `stop`. */
  readonly store: Store;
  readonly resolver: Resolver & Partial<Disposable>;
  readonly log: Log;
  readonly version: string;
  /** Everything outbound goes to this server. */
  readonly deliverTo?: HostTarget;
  /** Logins without TLS on loopback. */
  readonly cleartextAuth?: boolean;
  /** Off: rate limits and login throttling that would disturb a load test. */
  readonly edgePolicies: boolean;
};

/** What ends again. */
export type Ends = {
  /** Ended where the start fails, before the store is closed under it. */
  readonly whenStartFails: DisposableStack;
  /** Ended at the stop too, when everybody has taken leave. */
  readonly always: DisposableStack;
};
