/** DNS as the command line or the configuration names it. */
import type { Log } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import { defaultDnsSettings, networkResolver, resolverFrom } from "../net/dns.ts";
import type { Resolver } from "../net/resolver.ts";

/** `source`: a file or HOST:PORT; undefined: `servers`, or the system's. Throws a sentence when it cannot be used. */
export function resolverOrSentence(source: string | undefined, servers: readonly string[]): (log: Log) => Resolver {
  return (log) => {
    const ask = { settings: defaultDnsSettings, monotonic: () => performance.now(), log };
    const resolver = source === undefined ? networkResolver(servers, ask) : resolverFrom(source, ask);
    if ("mistakes" in resolver) throw new UsageError(resolver.mistakes.join("\n"));
    return resolver;
  };
}
