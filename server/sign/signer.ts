/** Signs outgoing messages with the keys of their domain; the work is done in the pool. */
import type { Instant, StoreReader } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";
import { type DkimKeys, readDkimKeys } from "./dkim-keys.ts";

export interface Signer {
  /** DKIM-Signature lines, each ended with CRLF, to put before `bytes`; "" for a domain without keys. `domain` is a lower-case A-label. */
  sign(bytes: Uint8Array, domain: string): Promise<string>;
}

/** Keys are read again after this long: another process may have made new ones. */
const keysTtlMs = 5_000;
const maxDomains = 10_000;

export function makeSigner(parts: {
  readonly store: Pick<StoreReader, "setting">;
  readonly pool: Pick<WorkPool, "run">;
  readonly now: () => Instant;
}): Signer {
  const known = new Map<string, { readonly at: number; readonly keys: Promise<DkimKeys | undefined> }>();
  const keysOf = (domain: string): Promise<DkimKeys | undefined> => {
    const at = performance.now();
    const found = known.get(domain);
    if (found !== undefined && at - found.at < keysTtlMs) return found.keys;
    if (known.size >= maxDomains) known.clear();
    const entry = { at, keys: readDkimKeys(parts.store, domain) };
    entry.keys.catch(() => {
      if (known.get(domain) === entry) known.delete(domain);
    });
    known.set(domain, entry);
    return entry.keys;
  };
  return {
    async sign(bytes, domain) {
      const found = await keysOf(domain);
      if (found === undefined || found.keys.length === 0) return "";
      const keys = found.keys.map(({ selector, privateKey }) => ({ selector, privateKey }));
      return parts.pool.run("dkim-sign", { bytes, domain, keys, signedAt: parts.now() });
    },
  };
}
