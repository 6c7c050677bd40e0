/** Which hosts take mail for a domain: RFC 5321 §5.1, RFC 7505. */
import { isIP } from "node:net";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { isPublicAddress } from "../net/guard.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import type { Host } from "./site.ts";
import type { HostNames } from "./tlsa.ts";

export type MxSettings = {
  /** Hosts of a domain that are looked at, best first. */
  readonly maxHosts: number;
  /** Addresses that are kept of one host. */
  readonly maxAddressesPerHost: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Try IPv6 addresses before IPv4 ones. */
  readonly preferIpv6: boolean;
  /** Port of every MX host. */
  readonly port: number;
  /** MX hosts may lie in private networks: whoever writes a domain's DNS says where we connect to. */
  readonly privateAddresses: boolean;
};
export const defaultMxSettings: MxSettings = {
  maxHosts: 12,
  maxAddressesPerHost: 6,
  ipv4: true,
  ipv6: true,
  preferIpv6: false,
  port: 25,
  privateAddresses: false,
};

/** A host with what DNSSEC says of its names. */
export type FoundHost = Host & HostNames;

export type Lookup =
  | {
      readonly kind: "found";
      readonly hosts: readonly FoundHost[];
      /** DNSSEC vouches for the names of the hosts. */
      readonly secure: boolean;
      readonly ttlSeconds: number;
    }
  /** Nobody will ever take it. */
  | { readonly kind: "failed"; readonly reply: Reply; readonly ttlSeconds: number }
  /** Not known now. */
  | { readonly kind: "later"; readonly reply: Reply };

export type LookupAsk = {
  readonly resolver: Resolver;
  /** Host names and addresses that are ourselves, lower case: mail is not sent round in a loop. */
  readonly ours: ReadonlySet<string>;
  /** 0 ≤ random() < 1, for the order among equals. */
  readonly random: () => number;
  readonly settings: MxSettings;
};

/** The hosts for a domain (or an address literal), in the order to try. */
export async function lookUpMx(domain: string, ask: LookupAsk): Promise<Lookup> {
  const literal = addressOfLiteral(domain);
  if (literal !== undefined) {
    if (ask.ours.has(literal)) return loop(domain);
    if (!mayReach(literal, ask)) return closed(domain, literal);
    return {
      kind: "found",
      hosts: [{ name: literal, port: ask.settings.port, addresses: [literal], owner: literal, secure: false }],
      secure: false,
      ttlSeconds: maxTtlSeconds,
    };
  }
  const answer = await ask.resolver.mx(domain);
  if (answer.kind === "trouble") return trouble(domain, answer);
  if (answer.kind === "none") {
    if (!answer.exists)
      return {
        kind: "failed",
        reply: reply(550, "5.1.2", `Domain ${domain} does not exist`),
        ttlSeconds: answer.ttlSeconds,
      };
    // RFC 5321 §5.1: no MX record: the domain itself, as if with preference 0.
    return lookUpHosts([domain], domain, answer.secure, answer.ttlSeconds, ask);
  }
  // RFC 7505 §3: a single record with an empty host. Beside others it means nothing.
  const records = answer.records.filter((record) => record.exchange !== "");
  if (records.length === 0)
    return {
      kind: "failed",
      reply: reply(556, "5.1.10", `Domain ${domain} does not take mail (null MX)`),
      ttlSeconds: answer.ttlSeconds,
    };
  const ordered = records
    .map(({ preference, exchange }) => ({ preference, exchange, lot: ask.random() }))
    .sort((a, b) => a.preference - b.preference || a.lot - b.lot);
  // RFC 5321 §5.1: we and all that are not better than we are no way to go.
  const us = ordered.find(({ exchange }) => ask.ours.has(exchange));
  const better = us === undefined ? ordered : ordered.filter(({ preference }) => preference < us.preference);
  if (better.length === 0) return loop(domain);
  const names = [...new Set(better.map(({ exchange }) => exchange))].slice(0, ask.settings.maxHosts);
  return lookUpHosts(names, domain, answer.secure, answer.ttlSeconds, ask);
}

/** The addresses of hosts already chosen: MX hosts, or one that a route names. */
export async function lookUpHosts(
  names: readonly string[],
  domain: string,
  secure: boolean,
  ttlSeconds: number,
  ask: LookupAsk,
): Promise<Lookup> {
  const found = await Promise.all(names.map((name) => addressesOf(name, ask)));
  const hosts: FoundHost[] = [];
  let ttl = ttlSeconds;
  let unknown: Answer<string> | undefined;
  let inside: string | undefined;
  for (const [index, { addresses: all, ttlSeconds, trouble, owner, secure }] of found.entries()) {
    // An address of ours under another name: it and all after it lead back here.
    if (all.some((address) => ask.ours.has(address))) {
      if (hosts.length === 0 && unknown === undefined) return loop(domain);
      break;
    }
    unknown ??= trouble;
    const addresses = all.filter((address) => mayReach(address, ask));
    inside ??= all.find((address) => !mayReach(address, ask));
    if (addresses.length === 0) continue;
    ttl = Math.min(ttl, ttlSeconds);
    hosts.push({ name: names[index]!, port: ask.settings.port, addresses, owner, secure });
  }
  if (hosts.length > 0) return { kind: "found", hosts, secure, ttlSeconds: Math.min(ttl, maxTtlSeconds) };
  if (unknown !== undefined) return trouble(names.join(", "), unknown);
  if (inside !== undefined) return closed(domain, inside);
  return { kind: "failed", reply: reply(550, "5.4.4", `No address for ${names.join(", ")}`), ttlSeconds: ttl };
}

/** Answers older than this are asked again, whatever DNS allows. */
const maxTtlSeconds = 3600;

type Addresses = Pick<FoundHost, "addresses" | "owner" | "secure"> & {
  readonly ttlSeconds: number;
  readonly trouble: Answer<string> | undefined;
};

async function addressesOf(name: string, { resolver, settings, random }: LookupAsk): Promise<Addresses> {
  if (isIP(name) !== 0)
    return { addresses: [name], ttlSeconds: maxTtlSeconds, trouble: undefined, owner: name, secure: false };
  const none: Answer<string> = { kind: "none", exists: true, secure: false, ttlSeconds: maxTtlSeconds };
  const [a, aaaa] = await Promise.all([
    settings.ipv4 ? resolver.a(name) : none,
    settings.ipv6 ? resolver.aaaa(name) : none,
  ]);
  const ordered = settings.preferIpv6 ? [aaaa, a] : [a, aaaa];
  const addresses: string[] = [];
  let ttlSeconds = maxTtlSeconds;
  let owner = name;
  // What counts is where connections go: the families that were found (RFC 7672 §2.1.2).
  let secure = true;
  for (const answer of ordered) {
    if (answer.kind !== "found") continue;
    owner = answer.owner ?? name;
    secure &&= answer.secure;
    addresses.push(...shuffled(answer.records, random));
    ttlSeconds = Math.min(ttlSeconds, answer.ttlSeconds);
  }
  return {
    addresses: addresses.slice(0, settings.maxAddressesPerHost),
    ttlSeconds,
    owner,
    secure,
    trouble: ordered.find((answer) => answer.kind === "trouble"),
  };
}

function shuffled(addresses: readonly string[], random: () => number): string[] {
  if (addresses.length < 2) return [...addresses];
  return addresses
    .map((address) => ({ address, lot: random() }))
    .sort((a, b) => a.lot - b.lot)
    .map(({ address }) => address);
}

/** "[192.0.2.1]" and "[IPv6:2001:db8::1]", RFC 5321 §4.1.3. */
function addressOfLiteral(domain: string): string | undefined {
  if (domain[0] !== "[" || !domain.endsWith("]")) return undefined;
  const address = domain.slice(1, -1).replace(/^ipv6:/i, "");
  return isIP(address) === 0 ? undefined : address;
}

const mayReach = (address: string, { settings }: LookupAsk): boolean =>
  settings.privateAddresses || isPublicAddress(address);

function closed(domain: string, address: string): Lookup {
  const text = `The mail hosts of ${domain} are at ${address}, an address of a private network, where mail by MX does not go ([send] privateAddresses)`;
  return { kind: "failed", reply: reply(550, "5.4.4", text), ttlSeconds: 300 };
}

function loop(domain: string): Lookup {
  return { kind: "failed", reply: reply(554, "5.4.6", `Mail for ${domain} loops back to this server`), ttlSeconds: 60 };
}

function trouble(name: string, answer: Answer<unknown>): Lookup {
  const why = answer.kind === "trouble" ? answer.reason : "no answer";
  return { kind: "later", reply: reply(451, "4.4.3", `DNS lookup of ${name} failed: ${why}`) };
}
