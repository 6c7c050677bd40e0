/** The assembly of the judge who asks who sent a message. */
import type { Config } from "./config/config.ts";
import { makeAuthenticate } from "./judge/authenticate/authenticate.ts";
import { type SeenMessage, seenOf } from "./judge/authenticate/report-row.ts";
import type { PartialJudge } from "./judge/judge.ts";
import type { Resolver } from "./net/resolver.ts";
import type { WorkPool } from "./work/pool.ts";

export function makeAuthenticating(parts: {
  readonly config: Pick<Config, "authentication">;
  readonly resolver: Resolver;
  readonly pool: WorkPool;
  readonly ourHost: string;
  readonly now: () => number;
  /** Counts messages for the DMARC reports that we send. */
  readonly seen: (message: SeenMessage) => void;
}): PartialJudge {
  const { config, resolver, pool, ourHost, now, seen } = parts;
  return makeAuthenticate({
    settings: config.authentication,
    resolver,
    ourHost,
    now,
    hashesOfLarge: (bytes, bodyStart, wanted) => pool.run("body-hashes", { bytes, bodyStart, wanted }),
    observe: (message) => {
      const one = seenOf(message);
      if (one !== undefined) seen(one);
    },
  });
}
