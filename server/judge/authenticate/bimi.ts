/** BIMI: the picture that the author's domain wants shown beside its mail, where DMARC is strict enough and has passed. */
import type { BimiResult, DmarcResult } from "../../../protocol/authentication/results.ts";
import { bimiIn } from "../../../protocol/bimi/record.ts";
import { parseTags } from "../../../protocol/dkim/tags.ts";
import { type Header, headerValue } from "../../../protocol/mime/header.ts";
import type { Resolver } from "../../net/resolver.ts";
import type { Marks } from "./marks.ts";

export async function checkBimi(
  header: Header,
  dmarc: DmarcResult,
  dns: Pick<Resolver, "txt">,
  marks: Marks | undefined,
): Promise<BimiResult | undefined> {
  const { policy, fromDomain, organization } = dmarc;
  // A domain that would let forgeries through is shown with no picture.
  if (dmarc.result !== "pass" || policy === undefined || fromDomain === undefined) return undefined;
  if (policy.testing || policy.p === "none" || policy.sp === "none") return undefined;
  const given = headerValue(header, "bimi-selector");
  const asked = given === undefined ? undefined : parseTags(given)?.get("s")?.toLowerCase();
  const selector = asked !== undefined && /^[\w-]{1,63}(?:\.[\w-]{1,63})*$/.test(asked) ? asked : "default";
  for (const domain of new Set([fromDomain, organization ?? fromDomain])) {
    const answer = await dns.txt(`${selector}._bimi.${domain}`);
    if (answer.kind === "trouble") return { result: "temperror", domain, selector };
    if (answer.kind === "none") continue;
    const record = bimiIn(answer.records);
    if (record === undefined) continue;
    if (record === "bad") return { result: "fail", domain, selector, reason: "the record cannot be used" };
    const { location, authority } = record;
    if (location === "" && authority === "") return { result: "declined", domain, selector };
    if (authority === "") return { result: "pass", domain, selector, location };
    const base = { domain, selector, location, authority };
    const names = [fromDomain, domain].flatMap((name) => [name, `${selector}._bimi.${name}`]);
    const mark = (await marks?.of({ authority, location, names })) ?? "later";
    if (mark === "later") return { ...base, result: "skipped", reason: "the certificate is not fetched yet" };
    const { svg: _picture, ...said } = mark;
    return { ...base, ...said };
  }
  return { result: "none" };
}
