/**
 * The one guard for every host and URL that somebody else names (import servers, webhooks, pictures, OIDC, DNS servers): what they name
 * must not be a way to this machine or to the networks behind it. A name is looked up once, and the connection goes to the
 * address that was looked at: no second answer can change it.
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Resolver } from "./resolver.ts";

export type GuardSettings = {
  /** Addresses of this machine and of private networks may be reached: tests, and servers of one's own network. */
  readonly privateAddresses: boolean;
  /** Networks that may be reached though they are private: "10.1.0.0/16". */
  readonly allow?: { has(address: string): boolean };
};

export type Guarded =
  /** At least one address, all of them allowed; connect to these and to nothing else, with `host` for TLS and Host. */
  | { readonly kind: "ok"; readonly host: string; readonly addresses: readonly string[] }
  | { readonly kind: "refused"; readonly what: "name" | "dns" | "private"; readonly why: string };

export type Guard = {
  /** A host name or an address, as somebody typed it. Never rejects. */
  readonly host: (host: string) => Promise<Guarded>;
  /** A URL with one of these schemes ("https:"); credentials in it are refused. */
  readonly url: (url: string, schemes: readonly string[]) => Promise<Guarded & { readonly url?: URL }>;
};

const maxAddresses = 4;
const maxUrlChars = 2000;

export function makeGuard(resolver: Pick<Resolver, "a" | "aaaa">, settings: GuardSettings): Guard {
  const host = async (given: string): Promise<Guarded> => {
    const name = given
      .trim()
      .replace(/^\[(.*)\]$/, "$1")
      .replace(/\.$/, "")
      .toLowerCase();
    if (isIP(name) !== 0) return allowed(name, [name], settings);
    if (!isHostName(name)) return refused("name", `"${given.slice(0, 100)}" is no host name.`);
    if (!settings.privateAddresses && isLocalName(name))
      return refused("private", `${name} is a name of a private network.`);
    const [a, aaaa] = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
    const found = [a, aaaa].flatMap((answer) => (answer.kind === "found" ? answer.records : [])).slice(0, maxAddresses);
    if (found.length === 0)
      return refused(
        "dns",
        a.kind === "trouble" ? `${name} cannot be looked up (${a.reason}).` : `${name} has no address.`,
      );
    return allowed(name, found, settings);
  };
  return {
    host,
    url: async (text, schemes) => {
      const url = text.length > maxUrlChars ? null : URL.parse(text);
      if (url === null) return refused("name", "This is no URL.");
      if (!schemes.includes(url.protocol))
        return refused("name", `The URL must begin with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}.`);
      if (url.username !== "" || url.password !== "")
        return refused("name", "Names and passwords have no place in a URL.");
      return { ...(await host(url.hostname)), url };
    },
  };
}

/** One address that is not allowed refuses the name: a stranger's DNS may mix them to see which one we take. */
function allowed(host: string, addresses: readonly string[], settings: GuardSettings): Guarded {
  const wrong = addresses.find((address) => !isReachable(address, settings));
  if (wrong === undefined) return { kind: "ok", host, addresses };
  return refused("private", `${host} leads to ${wrong}, an address of a private network.`);
}

function isReachable(address: string, { privateAddresses, allow }: GuardSettings): boolean {
  if (!ipaddr.isValid(address)) return false;
  if (privateAddresses || allow?.has(address) === true) return true;
  return isPublicAddress(address);
}

/** Whether the whole world can mean this address: no loopback, private, link-local, shared, multicast or reserved one, also not inside of IPv6. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address) || address.includes("%")) return false;
  const plain = ipaddr.process(address);
  if (plain.kind() !== "ipv6") return plain.range() === "unicast";
  // What IANA has given out to the world is 2000::/3; ::/96 carries an IPv4 address in the way of RFC 4291 §2.5.5.1, which nothing routes.
  if (plain.range() === "unicast") return (plain.toByteArray()[0]! & 0xe0) === 0x20;
  // NAT64 (RFC 6052) and 6to4 (RFC 3056) carry an IPv4 address: it counts.
  const bytes = plain.toByteArray();
  const inner =
    plain.range() === "rfc6052" ? bytes.slice(12) : plain.range() === "6to4" ? bytes.slice(2, 6) : undefined;
  return inner !== undefined && ipaddr.fromByteArray(inner).range() === "unicast";
}

const isHostName = (name: string): boolean =>
  name.length <= 253 &&
  /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);

/** RFC 6761 §6.3, RFC 6762 §3, RFC 8375, and what ICANN keeps for private use. */
export const isLocalName = (name: string): boolean =>
  !name.includes(".") || /(?:^|\.)(?:localhost|local|localdomain|internal|intranet|lan|home\.arpa)$/.test(name);

const refused = (what: Extract<Guarded, { kind: "refused" }>["what"], why: string): Guarded => ({
  kind: "refused",
  what,
  why,
});
