/** The network that an address is counted with: a /24 of IPv4, a /64 of IPv6. */
import { peerKey } from "../net/networks.ts";

export function networkOf(address: string): string {
  if (address.includes(":")) return peerKey(address);
  return `${address.slice(0, address.lastIndexOf("."))}.0/24`;
}

/** Nobody's DNS and nobody's list knows more about ourselves than we do. */
export function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
