/** The assembly of what keeps mail private on its way: the TLS policies of others, and what TLS reports are made of. */
import { readFileSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Log } from "./log.ts";
import type { HttpsAsk } from "./net/https-talk.ts";
import type { Resolver } from "./net/resolver.ts";
import { makeTlsSeen, type TlsSeen } from "./report/tls-seen.ts";
import { StsPolicies } from "./send/sts-policies.ts";
import type { Store } from "./store/store.ts";
import type { TransitSettings } from "./transit-settings.ts";

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

/** Rejects with a sentence where the file of trusted authorities cannot be used. */
export async function startTransit(parts: {
  readonly store: Store;
  readonly resolver: Resolver;
  readonly settings: TransitSettings;
  readonly now: () => number;
  readonly log: Log;
}): Promise<Transit> {
  const { store, resolver, settings, now, log } = parts;
  const trust = trusted(settings.caFile);
  const seen = makeTlsSeen({ store, now, log });
  const sts = new StsPolicies({
    settings: {
      fetchTimeoutMs: settings.policyTimeoutMs,
      httpsPort: settings.httpsPort,
      retryMs: settings.policyRetryMs,
      refreshMs: settings.policyRefreshMs,
    },
    resolver,
    https: { trust, privateAddresses: settings.privateAddresses },
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
    tls: { secureContext: trust },
    sts,
    seen,
    https: { trust, privateAddresses: settings.privateAddresses, port: settings.httpsPort },
    async stop() {
      clearInterval(timer);
      await seen.flush();
    },
  };
}

function inBackground(work: Promise<void>, log: Log): void {
  work.catch((error: unknown) => log.error({ err: error }, "upkeep of TLS policies failed; it is tried again"));
}

/** The authorities we believe: the usual ones, and those of the file. One context for all connections: making one costs a millisecond. */
function trusted(caFile: string): SecureContext {
  if (caFile === "") return createSecureContext({ minVersion: "TLSv1.2" });
  try {
    const ca = [...getCACertificates("default"), readFileSync(caFile, "utf8")];
    return createSecureContext({ minVersion: "TLSv1.2", ca });
  } catch (error) {
    throw new Error(`The authorities in ${caFile} cannot be used: ${(error as Error).message}.`);
  }
}
