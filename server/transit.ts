/** The assembly of what keeps mail private on its way: TLS policies of others, our own, certificates, and TLS reports. */
import { readFileSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Log } from "./log.ts";
import type { HttpsAsk } from "./net/https-talk.ts";
import { ensureHostedCertificate } from "./net/own-certificate.ts";
import type { Resolver } from "./net/resolver.ts";
import type { KeyRing } from "./net/tls.ts";
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
  readonly keyRing: KeyRing;
  readonly tlsFolder: string;
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
  const certificates = makeHostedCertificates(parts);
  await certificates.look(true);
  const unsubscribe = store.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === "directory")) inBackground(certificates.look(false), log);
  });
  const upkeep = async (): Promise<void> => {
    await certificates.look(true);
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
      unsubscribe();
      await seen.flush();
    },
  };
}

function inBackground(work: Promise<void>, log: Log): void {
  work.catch((error: unknown) =>
    log.error({ err: error }, "upkeep of certificates and TLS policies failed; it is tried again"),
  );
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

/** Certificates under our own authority for the domains hosted here, chosen by SNI; only where our own certificate is in use. */
function makeHostedCertificates(parts: {
  readonly store: Pick<Store, "domains">;
  readonly keyRing: KeyRing;
  readonly tlsFolder: string;
  readonly now: () => number;
}): {
  /** Makes what is missing; `whole` also looks at the age of those there are. */
  look(whole: boolean): Promise<void>;
} {
  const { store, keyRing, tlsFolder, now } = parts;
  let shown = "";
  let turn: Promise<void> = Promise.resolve();
  const look = async (whole: boolean): Promise<void> => {
    if (keyRing.caFile === undefined) return;
    const names = (await store.domains()).flatMap(({ name, kind }) => (kind === "local" ? [name] : []));
    names.length = Math.min(names.length, maxHosted);
    // Most changes of the directory are about people.
    if (!whole && names.join() === shown) return;
    const files = [];
    for (const name of names) files.push(await ensureHostedCertificate(tlsFolder, name, now()));
    await keyRing.show([], files);
    shown = names.join();
  };
  return { look: (whole) => (turn = turn.catch(() => {}).then(() => look(whole))) };
}

/** Domains that get a certificate of their own from our authority. */
const maxHosted = 2000;
