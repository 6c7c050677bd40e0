/** The picture of a domain for a reader: the default one, where a mark authority vouches for it and the policy lets nobody else write as it. */
import { bimiIn } from "../../../protocol/bimi/record.ts";
import type { Resolver } from "../../net/resolver.ts";
import type { Marks } from "./marks.ts";

/**
 * Its SVG, or undefined. The selector is always "default": another could be made for one recipient alone, and asking for it would tell that they read.
 */
export async function markOf(
  domain: string,
  dns: Pick<Resolver, "txt">,
  marks: Pick<Marks, "of">,
): Promise<Buffer | undefined> {
  const name = domain.toLowerCase();
  if (name.length > 253 || !/^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d-]{2,63}$/.test(name)) return undefined;
  const answer = await dns.txt(`default._bimi.${name}`);
  const record = answer.kind === "found" ? bimiIn(answer.records) : undefined;
  if (record === undefined || record === "bad" || record.authority === "" || record.location === "") return undefined;
  const mark = await marks.of({ ...record, names: [name, `default._bimi.${name}`] });
  return mark === "later" || mark.result !== "pass" ? undefined : mark.svg;
}
