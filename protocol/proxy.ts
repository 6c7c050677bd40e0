/** The PROXY protocol, versions 1 and 2: what a load balancer says about the client before the client's own bytes. */
import { parseIp4, parseIp6 } from "./ip.ts";

export type ProxyEndpoint = { readonly address: string; readonly port: number };

export type ProxyHeader =
  /** Not all of it has come. */
  | { readonly kind: "more" }
  | { readonly kind: "bad" }
  /** The proxy itself speaks (health check), or it does not know: the connection's own addresses hold. */
  | { readonly kind: "local"; readonly usedBytes: number }
  | {
      readonly kind: "proxied";
      readonly usedBytes: number;
      readonly source: ProxyEndpoint;
      readonly destination: ProxyEndpoint;
    };

/** A version 1 line has at most 107 bytes; a version 2 header at most this many, its TLVs included. */
export const maxProxyHeaderBytes = 4096;
const maxLineBytes = 107;
const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const lineStart = Buffer.from("PROXY ");
const more: ProxyHeader = { kind: "more" };
const bad: ProxyHeader = { kind: "bad" };

/** Reads the header at the beginning of what has come so far. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, signature)) return bytes.length < 16 ? more : readVersion2(bytes);
  if (startsLike(bytes, lineStart)) return readVersion1(bytes);
  return bad;
}

/** Whether `bytes` begins with `start`, or is a beginning of it. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, length, 0, length) === 0;
}

function readVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, maxLineBytes).indexOf("\r\n");
  if (end === -1) return bytes.length >= maxLineBytes ? bad : more;
  const line = bytes.toString("latin1", 0, end);
  const usedBytes = end + 2;
  if (/^PROXY UNKNOWN(?: [ -~]*)?$/.test(line)) return { kind: "local", usedBytes };
  const found = /^PROXY TCP([46]) ([\da-fA-F.:]{2,45}) ([\da-fA-F.:]{2,45}) (\d{1,5}) (\d{1,5})$/.exec(line);
  if (found === null) return bad;
  const [version, source, destination] = [found[1], found[2]!, found[3]!];
  const [sourcePort, destinationPort] = [Number(found[4]), Number(found[5])];
  const address = version === "4" ? written4 : written6;
  const [from, to] = [address(source), address(destination)];
  if (from === undefined || to === undefined || sourcePort > 65_535 || destinationPort > 65_535) return bad;
  return {
    kind: "proxied",
    usedBytes,
    source: { address: from, port: sourcePort },
    destination: { address: to, port: destinationPort },
  };
}

function readVersion2(bytes: Buffer): ProxyHeader {
  const versionAndCommand = bytes[12]!;
  const family = bytes[13]!;
  const length = bytes.readUInt16BE(14);
  const usedBytes = 16 + length;
  if (versionAndCommand >> 4 !== 2 || (versionAndCommand & 15) > 1 || usedBytes > maxProxyHeaderBytes) return bad;
  if (bytes.length < usedBytes) return more;
  if ((versionAndCommand & 15) === 0) return { kind: "local", usedBytes };
  switch (family) {
    case 0x11: // TCP over IPv4
      if (length < 12) return bad;
      return proxied(usedBytes, ip4(bytes, 16), ip4(bytes, 20), bytes, 24);
    case 0x21: // TCP over IPv6
      if (length < 36) return bad;
      return proxied(usedBytes, ip6(bytes, 16), ip6(bytes, 32), bytes, 48);
    case 0x00: // unspecified: "the receiver must use the real connection endpoints"
      return { kind: "local", usedBytes };
    default:
      return bad;
  }
}

function proxied(usedBytes: number, source: string, destination: string, bytes: Buffer, portsAt: number): ProxyHeader {
  return {
    kind: "proxied",
    usedBytes,
    source: { address: source, port: bytes.readUInt16BE(portsAt) },
    destination: { address: destination, port: bytes.readUInt16BE(portsAt + 2) },
  };
}

/** As a version 2 header would have it, so that limits per address know it; undefined for what is no address. */
function written4(text: string): string | undefined {
  const bytes = parseIp4(text);
  return bytes && ip4(Buffer.from(bytes), 0);
}

function written6(text: string): string | undefined {
  const bytes = parseIp6(text);
  return bytes && ip6(Buffer.from(bytes), 0);
}

function ip4(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: lower case, no leading zeros, the longest run of zero groups as "::". */
function ip6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + index * 2).toString(16));
  let best = { start: 0, length: 0 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}
