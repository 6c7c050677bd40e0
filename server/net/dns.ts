/** Where DNS answers come from: the system's servers, named servers, or a file. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Log } from "../base/log.ts";
import { type CacheBounds, cachedResolver, defaultCacheBounds } from "./dns-cache.ts";
import { fileResolver } from "./dns-file.ts";
import { askNetwork, type DnsServer, type DnsTimes } from "./dns-network.ts";
import type { Resolver } from "./resolver.ts";

export type DnsSettings = CacheBounds & DnsTimes;
export const defaultDnsSettings: DnsSettings = {
  ...defaultCacheBounds,
  tryTimeoutMs: 2_000,
  tcpTimeoutMs: 5_000,
  rounds: 2,
};

export type DnsAsk = { readonly settings: DnsSettings; readonly monotonic: () => number; readonly log: Log };

/** A resolver that asks these servers, or those of /etc/resolv.conf when there are none; or sentences about wrong ones. */
export function networkResolver(
  servers: readonly string[],
  ask: DnsAsk,
): Resolver | { readonly mistakes: readonly string[] } {
  const mistakes: string[] = [];
  const parsed: DnsServer[] = [];
  for (const text of servers) {
    const server = parseDnsServer(text);
    if (server === undefined)
      mistakes.push(`"${text}" is no DNS server: write "192.0.2.53", "192.0.2.53:53" or "[2001:db8::53]:53".`);
    else parsed.push(server);
  }
  if (mistakes.length > 0) return { mistakes };
  const used = parsed.length > 0 ? parsed : systemServers();
  return cachedResolver((name, type) => askNetwork(name, type, used, ask.settings), ask.settings, ask.monotonic);
}

/** What `--dns` names: HOST:PORT of a server, otherwise a file. */
export function resolverFrom(text: string, ask: DnsAsk): Resolver | { readonly mistakes: readonly string[] } {
  return parseDnsServer(text) === undefined ? fileResolver(text, ask) : networkResolver([text], ask);
}

/**
 * "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53", "localhost:5353". RFC 7672 §2.1.1: the AD bit says something only
 * over a path that nobody can forge on, which is this machine's own.
 */
export function parseDnsServer(text: string): DnsServer | undefined {
  if (isIP(text) !== 0) return { address: text, port: 53, believeAd: isLoopback(text) };
  const found = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+|localhost))(?::(\d{1,5}))?$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  if (found === null || host === undefined) return undefined;
  const address = host === "localhost" ? "127.0.0.1" : host;
  const port = Number(found[3] ?? 53);
  return isIP(address) !== 0 && port >= 1 && port <= 65_535
    ? { address, port, believeAd: isLoopback(address) }
    : undefined;
}

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";

/** resolv.conf(5). */
export function parseResolvConf(text: string): readonly DnsServer[] {
  const servers: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) servers.push(values[0].replace(/%.*$/, ""));
  }
  const usable = servers.filter((address) => isIP(address) !== 0);
  return (usable.length === 0 ? ["127.0.0.1"] : usable)
    .slice(0, maxSystemServers)
    .map((address) => ({ address, port: 53, believeAd: isLoopback(address) }));
}

const maxSystemServers = 3;

function systemServers(): readonly DnsServer[] {
  try {
    return parseResolvConf(readFileSync("/etc/resolv.conf", "utf8"));
  } catch {
    return parseResolvConf("");
  }
}
