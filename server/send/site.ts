/** Where a message can be handed over, worked out: the site (the roll-up key of the ready queue) and its hosts. */
import type { HostTarget } from "./route.ts";
import type { TlsPolicy } from "./tls-policy.ts";

/** One host of a site. `name` is what its certificate must say; addresses are in the order to try. */
export type Host = {
  readonly name: string;
  readonly port: number;
  readonly addresses: readonly string[];
  /** Its own TLS policy, where that is not the path's. */
  readonly tls?: TlsPolicy;
};

/** The policy for a host of a path. */
export const policyFor = (path: Path, host: Host): TlsPolicy => host.tls ?? path.tls;

/** A way to a site from one of our sources. Paths with one `key` share connections, limits and back-off. */
export type Path = {
  readonly key: string;
  readonly source: string;
  readonly site: string;
  /** The domain that mail by this path is for: the one whose TLS policies count. Undefined for `fixed` ones. */
  readonly domain: string | undefined;
  readonly protocol: "smtp" | "lmtp";
  readonly hosts: readonly Host[];
  readonly tls: TlsPolicy;
  readonly auth: HostTarget["auth"];
  /** A host that the administrator named, not one that a recipient's domain did. */
  readonly fixed: boolean;
  /** Group of sites whose limits hold here (`server/shape`); undefined: only the pool's own bounds. */
  readonly provider?: string;
  /** Where each domain of a site has a rate of its own: `key` without the domain. Connections and other rates are the site's. */
  readonly siteKey?: string;
  /** The source that it goes out by; undefined: the server's own address and name. */
  readonly egress?: Egress;
};

/** Where mail leaves from: one of our addresses, under a name of its own. */
export type Egress = {
  readonly name: string;
  /** "" leaves it to the system. */
  readonly address: string;
  /** "" is the server's name. */
  readonly ehlo: string;
  /** As `parseProxy` reads it ("socks5://HOST:PORT"); "" for none. */
  readonly proxy: string;
};

/** The same way by another source of ours: connections, limits and back-off are its own. */
export function byEgress(path: Path, egress: Egress): Path {
  const { key, siteKey } = path;
  const whole = siteKey === undefined ? {} : { siteKey: `${egress.name}${siteKey}` };
  return { ...path, key: `${egress.name}${key}`, ...whole, source: egress.address, egress };
}

/** The normalised, sorted set of hosts: domains served by the same machines are one site. */
export function siteOf(hosts: readonly Pick<Host, "name" | "port">[], protocol: "smtp" | "lmtp"): string {
  const names = hosts.map(
    ({ name, port }) => name.toLowerCase().replace(/\.$/, "") + (protocol === "smtp" && port === 25 ? "" : `:${port}`),
  );
  return (protocol === "lmtp" ? "lmtp:" : "") + [...new Set(names)].sort().join(",");
}
