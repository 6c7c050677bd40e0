/** Sets of IP networks, and the key under which a peer is counted. */
import { BlockList, isIP } from "node:net";

export type Networks = { has(address: string): boolean };

/** "192.0.2.0/24", "2001:db8::/32" or one address; undefined where it is neither. */
export function parseNetwork(
  text: string,
): { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" } | undefined {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return undefined;
  const bits = version === 4 ? 32 : 128;
  const length = slash === -1 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) return undefined;
  return { address, prefix: Number(length), family: version === 4 ? "ipv4" : "ipv6" };
}

/** Throws on a text that is no network: the configuration has been checked before. */
export function networks(list: readonly string[]): Networks {
  if (list.length === 0) return { has: () => false };
  const found = new BlockList();
  for (const text of list) {
    const network = parseNetwork(text);
    if (network === undefined) throw new Error(`Not a network: ${text}`);
    found.addSubnet(network.address, network.prefix, network.family);
  }
  return {
    has(address) {
      const version = isIP(address);
      return version !== 0 && found.check(address, version === 4 ? "ipv4" : "ipv6");
    },
  };
}

/** The address itself for IPv4, its /64 for IPv6: one customer has at least that much. */
export function peerKey(address: string): string {
  if (!address.includes(":")) return address;
  const halves = address.split("::");
  const head = halves[0] === "" ? [] : halves[0]!.split(":");
  if (halves.length === 2 && head.length < 4) {
    const tail = halves[1] === "" ? [] : halves[1]!.split(":");
    const tailGroups = tail.length + (tail.at(-1)?.includes(".") === true ? 1 : 0);
    while (head.length + tailGroups < 8) head.push("0");
    head.push(...tail);
  }
  return `${head
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
