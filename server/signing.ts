/** The assembly of what makes outgoing mail ours: DKIM signatures, and the keys that change by themselves. */
import type { Directory } from "./access/directory.ts";
import type { Log } from "./log.ts";
import type { Resolver } from "./net/resolver.ts";
import { type DkimSettings, type KeyKeeper, makeKeyKeeper } from "./sign/key-keeper.ts";
import { makeSigner, type Signer } from "./sign/signer.ts";
import type { Store } from "./store/store.ts";
import type { WorkPool } from "./work/pool.ts";

export type Signing = {
  readonly signer: Signer;
  readonly keys: KeyKeeper;
  stop(): Promise<void>;
};

/** Where keys count as published they sign from the first message on; otherwise DNS is asked while the server runs already. */
export async function startSigning(parts: {
  readonly store: Store;
  readonly directory: Directory;
  readonly pool: WorkPool;
  readonly resolver: Resolver;
  readonly settings: DkimSettings;
  readonly now: () => number;
  readonly log: Log;
}): Promise<Signing> {
  const keys = makeKeyKeeper(parts);
  if (parts.settings.assumePublished) await keys.lookAtAll();
  const stop = keys.start();
  const { directory } = parts;
  return { signer: makeSigner({ ...parts, domain: (name) => directory.domain(name) }), keys, stop };
}
