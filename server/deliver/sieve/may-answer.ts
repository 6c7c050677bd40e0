/** Whether a vacation answer may go out: RFC 5230 §4.5 and §4.6, RFC 3834 §2. */
import { mailboxesOf } from "../../../protocol/mime/fields/address.ts";
import { type Header, headerValue } from "../../../protocol/mime/header.ts";

/** Senders that are programs. */
const robots =
  /^(?:mailer-daemon|postmaster|daemon|listserv|listproc|majordomo|mailman|root|no-?reply|do-?not-?reply|no_reply|bounces?|notifications?|owner-.*|.*-owner|.*-request|.*-bounces?(?:\+.*)?|bounces?[+=-].*|.*-no-?reply|no-?reply-.*|srs[01][=+-].*)$/i;

const addressFields = ["to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc"];
/** Addresses that are looked at for one of ours. */
const maxAddresses = 500;

/** Why not, in a word or two; undefined: it may. */
export function whyNoAnswer(envelopeFrom: string, header: Header): string | undefined {
  if (envelopeFrom === "") return "null sender";
  if (robots.test(envelopeFrom.slice(0, envelopeFrom.lastIndexOf("@")))) return "a program wrote";
  const automatic = headerValue(header, "auto-submitted");
  if (automatic !== undefined && !/^\s*no\s*(?:[;(]|$)/i.test(automatic)) return "auto-submitted";
  if (header.fields.some(({ name }) => /^list-(?:id|post|help|unsubscribe|subscribe|owner|archive)$/.test(name)))
    return "a mailing list";
  if (/^\s*(?:bulk|junk|list)\b/i.test(headerValue(header, "precedence") ?? "")) return "bulk mail";
  if (/\b(?:all|oof|autoreply)\b/i.test(headerValue(header, "x-auto-response-suppress") ?? "")) return "asked not to";
  return undefined;
}

/** RFC 5230 §4.5: some address of the recipient's must be named in the header. */
export function* namedRecipients(header: Header): Generator<{ readonly local: string; readonly domain: string }> {
  let left = maxAddresses;
  for (const name of addressFields) {
    const value = headerValue(header, name);
    if (value === undefined) continue;
    for (const { local, domain } of mailboxesOf(value, left)) {
      left--;
      yield { local, domain: domain.toLowerCase() };
    }
    if (left <= 0) return;
  }
}
