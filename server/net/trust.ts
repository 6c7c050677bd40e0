/** The authorities whose certificates we believe: the usual ones, and those of a file that is looked at again when it changes. */
import { readFileSync, statSync } from "node:fs";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import type { Log } from "../base/log.ts";

/** How often the file is looked at. */
const lookEveryMs = 1000;

/** Answers one context for all connections (making one costs a millisecond). `caFile`: PEM, "" for none; while it cannot be used it counts for nothing. */
export function makeTrust(caFile: string, log: Log): () => SecureContext {
  const usual = createSecureContext({ minVersion: "TLSv1.2" });
  if (caFile === "") return () => usual;
  let context = usual;
  let stamp: string | undefined;
  let looked = -Infinity;
  return () => {
    const now = performance.now();
    if (now - looked < lookEveryMs) return context;
    looked = now;
    const stat = statSync(caFile, { throwIfNoEntry: false });
    const fresh = stat === undefined ? "missing" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
    if (fresh === stamp) return context;
    stamp = fresh;
    try {
      const ca = [...getCACertificates("default"), readFileSync(caFile, "utf8")];
      context = createSecureContext({ minVersion: "TLSv1.2", ca });
    } catch (error) {
      log.warn({ caFile, error: (error as Error).message }, "the file of further authorities cannot be used (yet)");
    }
    return context;
  };
}
