/** The reverse name of a peer, and whether it leads back to it (RFC 8601 §2.7.3). By PTR questions: a silent DNS is not "no name". */
import type { IprevResult } from "../../../protocol/authentication/results.ts";
import { parseIp, samePrefix } from "../../../protocol/ip.ts";
import { parseDomain } from "../../../protocol/smtp/address.ts";
import type { Resolver } from "../../net/resolver.ts";

/** PTR names that are followed. */
const maxNames = 5;

export async function checkIprev(address: string, dns: Pick<Resolver, "ptr" | "a" | "aaaa">): Promise<IprevResult> {
  const ip = parseIp(address);
  if (ip === undefined) return { result: "permerror" };
  const pointers = await dns.ptr(address);
  if (pointers.kind === "trouble") return { result: "temperror" };
  if (pointers.kind === "none") return { result: "permerror" };
  const names = pointers.records
    .slice(0, maxNames)
    .map((name) => parseDomain(name))
    .filter((name) => name !== undefined && !name.startsWith("["));
  const answers = await Promise.all(names.map((name) => (ip.length === 4 ? dns.a(name!) : dns.aaaa(name!))));
  const index = answers.findIndex(
    (answer) =>
      answer.kind === "found" &&
      answer.records.some((text) => {
        const found = parseIp(text);
        return found !== undefined && samePrefix(ip, found, ip.length * 8);
      }),
  );
  const name = names[index];
  if (name !== undefined) return { result: "pass", name };
  return { result: answers.some((answer) => answer.kind === "trouble") ? "temperror" : "fail" };
}
