/** How far it is certain that a message comes from the address it shows. */
import type { Authentication } from "../authenticate/authentication.ts";
import { domainOf } from "./links.ts";

/**
 * "proved": DKIM or SPF stand for the author's domain. "unasked": nothing was checked (the peer is believed). "unsaid": the domain has
 * never said how its mail can be told, and envelope and message name the same one. "unproved": all else, forgeries among it.
 */
export type Vouching = "proved" | "unasked" | "unsaid" | "unproved";

export function vouchingFor(
  authentication: Authentication | undefined,
  from: { readonly domain: string } | undefined,
  envelopeFrom: string,
): Vouching {
  if (authentication === undefined) return "unasked";
  if (from === undefined) return "unproved";
  const { aligned, dmarc, spf, dkim } = authentication;
  const author = domainOf(from.domain.toLowerCase());
  if (aligned.some((domain) => domainOf(domain) === author)) return "proved";
  const path = envelopeFrom.slice(envelopeFrom.lastIndexOf("@") + 1).toLowerCase();
  const saysNothing =
    dmarc.result === "none" &&
    (spf === undefined || spf.result === "none" || spf.result === "neutral") &&
    dkim.every(({ domain }) => domainOf(domain) !== author) &&
    (path === "" || domainOf(path) === author);
  return saysNothing ? "unsaid" : "unproved";
}

/** Whether the field that we wrote into a delivered message says that the sender was not proved; false where there is none. */
export function wasUnproved(header: string): boolean {
  return /^x-spam-status:[^\r\n]*\bsender=unproved\b/im.exec(header) !== null;
}
