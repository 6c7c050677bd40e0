/** The assembly of the judge who asks who sent a message. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Config } from "../config/config.ts";
import { makeAuthenticate } from "../judge/authenticate/authenticate.ts";
import type { GoesBy } from "../judge/authenticate/fields.ts";
import { type Marks, makeMarks } from "../judge/authenticate/marks.ts";
import { type SeenMessage, seenOf } from "../judge/authenticate/report-row.ts";
import type { PartialJudge } from "../judge/judge.ts";
import { type HttpsAsk, httpsTalk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import type { WorkPool } from "../work/pool.ts";

/** Mark certificates and pictures are small. */
const maxFetchedBytes = 512 * 1024;
const fetchTimeoutMs = 10_000;

/** Marks of domains (BIMI), for the judge and for readers. */
export function startMarks(parts: {
  readonly config: Pick<Config, "transit">;
  readonly resolver: Resolver;
  readonly now: () => number;
  readonly https: Pick<HttpsAsk, "trust" | "privateAddresses"> & { readonly port: number };
}): Marks {
  const { config, resolver, now, https } = parts;
  let roots: readonly X509Certificate[] | undefined;
  return makeMarks({
    now,
    roots: () => (roots ??= markRoots(config.transit.caFile)),
    async fetch(url) {
      const { hostname, port, pathname, search } = new URL(url);
      const answer = await httpsTalk(
        { host: hostname, port: port === "" ? https.port : Number(port), path: pathname + search, method: "GET" },
        { ...https, resolver, timeoutMs: fetchTimeoutMs, maxBytes: maxFetchedBytes },
      );
      return answer.kind === "answer" && answer.status === 200 ? answer.body : undefined;
    },
  });
}

export function makeAuthenticating(parts: {
  readonly config: Pick<Config, "authentication">;
  readonly resolver: Resolver;
  readonly pool: WorkPool;
  readonly ourHost: string;
  readonly goesBy: GoesBy;
  readonly now: () => number;
  readonly marks: Marks;
  /** Counts messages for the DMARC reports that we send. */
  readonly seen: (message: SeenMessage) => void;
}): PartialJudge {
  const { config, resolver, pool, ourHost, goesBy, now, marks, seen } = parts;
  return makeAuthenticate({
    settings: config.authentication,
    resolver,
    ourHost,
    goesBy,
    now,
    hashesOfLarge: (bytes, bodyStart, wanted) => pool.run("body-hashes", { bytes, bodyStart, wanted }),
    marks,
    observe: (message) => {
      const one = seenOf(message);
      if (one !== undefined) seen(one);
    },
  });
}

/** The authorities that BIMI's group names, and those that the administrator believes besides. */
function markRoots(caFile: string): readonly X509Certificate[] {
  const known = createRequire(import.meta.url)("@postalsys/vmc/data/root-store.json") as readonly string[];
  const own =
    caFile === "" ? [] : (readFileSync(caFile, "latin1").match(/-----BEGIN [\s\S]*?-----END CERTIFICATE-----/g) ?? []);
  return [...known, ...own].map((pem) => new X509Certificate(pem));
}
