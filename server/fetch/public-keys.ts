/** Keys of elsewhere for somebody who writes there (draft-koch-openpgp-webkey-service §3.1): the domain hears that we ask, never who. */
import { addressOfUserId, publicKeyFacts } from "../../protocol/openpgp/packets.ts";
import { wkdUrls } from "../../protocol/openpgp/wkd.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import { type Ask, fetchResource } from "./resource.ts";

export type FoundKey =
  /** One public key in binary that names the address. */
  | { readonly kind: "found"; readonly key: Buffer }
  | { readonly kind: "none" }
  /** Too many are asked for: later. */
  | { readonly kind: "busy" };
/** Never rejects. */
export type FindKey = (mailbox: Mailbox) => Promise<FoundKey>;

const timeoutMs = 8_000;
export const maxKeyBytes = 64 * 1024;
const maxRedirects = 2;
/** Answers remembered, for so long; also that there is none. */
const maxRemembered = 1_000;
const rememberedMs = 60 * 60_000;
const noneRememberedMs = 5 * 60_000;
const maxUnderWay = 32;

/** @param port of https; another in tests alone */
export function makeFindKey(ask: Ask, now: () => number, port: number): FindKey {
  const remembered = new Map<string, { readonly until: number; readonly found: Promise<FoundKey> }>();
  let underWay = 0;

  async function get(url: string): Promise<"unreachable" | Buffer | undefined> {
    const at = port === 443 ? url : url.replace(/^(https:\/\/[^/]+)/, `$1:${port}`);
    const answer = await fetchResource(
      at,
      { method: "GET", headers: { "user-agent": "Angarium" }, timeoutMs, maxBytes: maxKeyBytes, maxRedirects },
      ask,
    );
    if (answer.kind === "failed")
      return answer.what === "refused" || answer.what === "unreachable" ? "unreachable" : undefined;
    return answer.status === 200 ? answer.body : undefined;
  }

  async function find({ local, domain }: Mailbox): Promise<FoundKey> {
    const urls = wkdUrls(local, domain);
    const advanced = await get(urls.advanced);
    // §3.1: the direct method is for domains that have no host of the advanced one.
    const key = advanced === "unreachable" ? await get(urls.direct) : advanced;
    if (key === undefined || key === "unreachable") return { kind: "none" };
    const address = `${local}@${domain}`.toLowerCase();
    const fits = publicKeyFacts(key)?.userIds.some((userId) => addressOfUserId(userId)?.toLowerCase() === address);
    return fits === true ? { kind: "found", key } : { kind: "none" };
  }

  return async (mailbox) => {
    const name = `${mailbox.local}@${mailbox.domain}`;
    const known = remembered.get(name);
    if (known !== undefined && now() < known.until) return known.found;
    if (underWay >= maxUnderWay) return { kind: "busy" };
    underWay++;
    const found = find(mailbox).finally(() => underWay--);
    remembered.delete(name);
    remembered.set(name, { until: now() + noneRememberedMs, found });
    if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value as string);
    if ((await found).kind === "found") remembered.set(name, { until: now() + rememberedMs, found });
    return found;
  };
}
