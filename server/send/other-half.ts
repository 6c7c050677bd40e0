/** Split delivery: the server that has those of a domain's people who are not here. */
import { parseIp } from "../../protocol/ip.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Domain } from "../store/store.ts";
import { parseTarget } from "./route.ts";

/** Whether this address is that server's. A name that cannot be looked up now says no: what goes round then ends as a mail loop does. */
export async function isOtherHalf(
  { settings }: Pick<Domain, "settings">,
  address: string,
  resolver: Pick<Resolver, "a" | "aaaa">,
): Promise<boolean> {
  const target = settings.relayTo === undefined ? undefined : parseTarget(settings.relayTo);
  if (target === undefined || target === "mx" || target.kind !== "host") return false;
  const { host } = target;
  const theirs = parseIp(host) !== undefined ? [host] : await addressesOf(host, resolver);
  const peer = parseIp(address);
  return peer !== undefined && theirs.some((one) => Buffer.compare(parseIp(one) ?? Buffer.alloc(0), peer) === 0);
}

async function addressesOf(host: string, resolver: Pick<Resolver, "a" | "aaaa">): Promise<readonly string[]> {
  const answers = await Promise.all([resolver.a(host), resolver.aaaa(host)]);
  return answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
}
