/** Whose domain a message claims to come from (RFC 9989 §4.3, §11.5). */
import { parseAddresses } from "../mime/fields/address.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { fieldValue, type Header } from "../mime/header.ts";
import { parseDomain } from "../smtp/address.ts";

export type Authors =
  /** One From field whose authors are all of one domain. */
  | { readonly kind: "one"; readonly domain: string }
  /** Of such a message nothing counts as aligned. */
  | { readonly kind: "none" }
  | { readonly kind: "several"; readonly domains: readonly string[] }
  /** More than are looked at: whose policy holds cannot be known. */
  | { readonly kind: "too-many"; readonly domains: readonly string[] };

/** Domains of authors that are looked at. */
export const maxAuthorDomains = 4;
export const maxAuthors = 100;
/** Characters of From fields that are searched for what looks like an author. */
const maxSearchedChars = 4000;

export function authorsOf(header: Header): Authors {
  const domains = new Set<string>();
  let fields = 0;
  let unreadable = false;
  let tooMany = false;
  let text = "";
  for (const field of header.fields) {
    if (field.name !== "from") continue;
    fields++;
    // Byte strings: a domain in UTF-8 (RFC 6532) is read as such.
    const value = Buffer.from(fieldValue(header, field), "latin1").toString("utf8");
    text = `${text} ${value}`.slice(0, maxSearchedChars);
    const entries = parseAddresses(value, maxAuthors + 1);
    tooMany ||= entries.length > maxAuthors;
    for (const entry of entries) {
      if (entry.kind !== "mailbox") continue;
      const domain = entry.domain === "" ? undefined : parseDomain(entry.domain.replace(/\.$/, ""));
      if (domain === undefined || domain.startsWith("[")) unreadable = true;
      else domains.add(domain);
    }
  }
  // A mail program may make an author of what we cannot read: then the policies of all that it might show hold.
  if (domains.size === 0)
    for (const [, name = ""] of decodeWords(text).matchAll(/@([^\s<>()[\],;:"@\0]+)/g)) {
      const domain = parseDomain(name.replace(/\.$/, ""));
      if (domain !== undefined) domains.add(domain);
      unreadable = true;
    }
  if (tooMany || domains.size > maxAuthorDomains)
    return { kind: "too-many", domains: [...domains].slice(0, maxAuthorDomains) };
  if (domains.size === 0) return { kind: "none" };
  if (fields === 1 && domains.size === 1 && !unreadable) return { kind: "one", domain: [...domains][0]! };
  return { kind: "several", domains: [...domains] };
}
