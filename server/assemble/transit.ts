/** The assembly of what keeps mail private on its way: the TLS policies of others, and what TLS reports are made of. */
import type { SecureContext } from "node:tls";
import type { Log } from "../base/log.ts";
import type { HttpsAsk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import { makeTrust } from "../net/trust.ts";
import { makeTlsSeen, type TlsSeen } from "../report/tls-seen.ts";
import { StsPolicies } from "../send/sts-policies.ts";
import type { TransitSettings } from "../send/transit-settings.ts";
import type { Store } from "../store/store.ts";

export type Transit = {
  /** For connections to other mail servers. */
  readonly tls: { readonly secureContext: SecureContext };
  readonly sts: StsPolicies;
  readonly seen: TlsSeen;
  /** For reports that are delivered over HTTPS. */
  readonly https: Pick<HttpsAsk, "trust" | "privateAddresses"> & { readonly port: number };
  stop(): Promise<void>;
};

const hourMs = 3_600_000;

export function startTransit(parts: {
  readonly store: Store;
  readonly resolver: Resolver;
  readonly settings: TransitSettings;
  readonly now: () => number;
  readonly log: Log;
}): Transit {
  const { store, resolver, settings, now, log } = parts;
  const trusted = makeTrust(settings.caFile, log);
  // Asked for anew by each connection.
  const tls = {
    get secureContext() {
      return trusted();
    },
  };
  const https = {
    get trust() {
      return trusted();
    },
    privateAddresses: settings.privateAddresses,
    port: settings.httpsPort,
  };
  const seen = makeTlsSeen({ store, now, log });
  const sts = new StsPolicies({
    settings: {
      fetchTimeoutMs: settings.policyTimeoutMs,
      httpsPort: settings.httpsPort,
      retryMs: settings.policyRetryMs,
      refreshMs: settings.policyRefreshMs,
    },
    resolver,
    https,
    store,
    now,
    log,
  });
  const upkeep = async (): Promise<void> => {
    await sts.refresh();
    await store.dropStsPolicies(now());
  };
  const timer = setInterval(() => inBackground(upkeep(), log), hourMs).unref();
  return {
    tls,
    sts,
    seen,
    https,
    async stop() {
      clearInterval(timer);
      await seen.flush();
    },
  };
}

function inBackground(work: Promise<void>, log: Log): void {
  work.catch((error: unknown) => log.error({ err: error }, "upkeep of TLS policies failed; it is tried again"));
}
