/** The assembly of what makes outgoing mail ours: DKIM signatures, keys that change by themselves, return paths and seals of forwarded mail. */

import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Directory } from "../access/directory.ts";
import { withReturnPaths } from "../access/return-paths.ts";
import type { Log } from "../base/log.ts";
import { makeDnsChallenge } from "../certify/dns-challenge.ts";
import type { AcmeSettings } from "../certify/settings.ts";
import type { ForwardPorts } from "../deliver/forward.ts";
import type { Resolver } from "../net/resolver.ts";
import { type DkimSettings, type KeyKeeper, makeKeyKeeper } from "../sign/key-keeper.ts";
import { openReturnPaths } from "../sign/return-paths.ts";
import { makeSigner, type Signer } from "../sign/signer.ts";
import type { Store } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";

export type Signing = {
  readonly sign: Signer["sign"];
  readonly inSevenBits: Signer["inSevenBits"];
  readonly keys: KeyKeeper;
  readonly forward: ForwardPorts;
  /** Signs addresses that are made here, so that nobody else can make one. */
  readonly mac: Mac;
  /** The directory, which knows return paths of ours too. */
  readonly directory: Directory;
  readonly stop: () => void;
};

/** Where keys count as published they sign from the first message on; otherwise DNS is asked while the server runs already. */
export async function startSigning(parts: {
  readonly store: Store;
  readonly directory: Directory;
  readonly pool: WorkPool;
  readonly resolver: Resolver;
  readonly settings: DkimSettings;
  /** How zones are changed, where `settings.dynamicUpdates` wants that. */
  readonly acme: AcmeSettings;
  readonly withheld: () => boolean;
  readonly now: () => number;
  readonly log: Log;
}): Promise<Signing> {
  const { directory, store, pool, now } = parts;
  const zone = parts.settings.dynamicUpdates ? makeDnsChallenge(parts.acme, parts.now) : undefined;
  const keys = makeKeyKeeper({ ...parts, zone, changed: () => signer.forget() });
  const returnPaths = await openReturnPaths(store, now);
  const { assumePublished } = parts.settings;
  const signer = makeSigner({ store, pool, now, domain: (name) => directory.domain(name), assumePublished });
  const unsubscribe = store.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === "directory")) signer.forget();
  });
  const stopKeys = keys.start();
  return {
    sign: (bytes, domain, by) => signer.sign(bytes, domain, by),
    inSevenBits: (message) => signer.inSevenBits(message),
    keys,
    mac: returnPaths.mac,
    directory: withReturnPaths(directory, returnPaths.back),
    forward: {
      directory,
      returnPath: returnPaths.local,
      sign: (bytes, domain) => signer.sign(bytes, domain),
      async seal(bytes, domain, found) {
        const sealing = await signer.sealingKey(domain);
        if (sealing === undefined) return "";
        const { selector, privateKey } = sealing.key;
        const by = { domain: sealing.domain, selector, privateKey, sealedAt: now() };
        return pool.run("arc-seal", { bytes, ...found, ...by });
      },
    },
    stop() {
      unsubscribe();
      stopKeys();
    },
  };
}
