/** The verified reverse name of a peer: a PTR name whose addresses hold the peer's (RFC 8601 §2.7.3 "iprev"). */
import { parseDomain } from "../../protocol/smtp/address.ts";
import type { Resolver } from "../net/resolver.ts";

/** PTR names that are tried. */
const maxNames = 3;

/** Undefined where there is none, or DNS does not say; of loopback DNS is asked where `loopback` says so. */
export async function remoteNameOf(
  address: string,
  dns: Pick<Resolver, "ptr" | "a" | "aaaa">,
  loopback = false,
): Promise<string | undefined> {
  if (!loopback && isLoopback(address)) return undefined;
  const pointers = await dns.ptr(address);
  if (pointers.kind !== "found") return undefined;
  for (const name of pointers.records.slice(0, maxNames)) {
    const domain = parseDomain(name);
    if (domain === undefined || domain.startsWith("[")) continue;
    const addresses = await (address.includes(":") ? dns.aaaa(domain) : dns.a(domain));
    if (addresses.kind === "found" && addresses.records.includes(address)) return domain;
  }
  return undefined;
}

/** Nobody's DNS knows more about ourselves than we do. */
function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
