/** Whether a signature that we have found good covers fields of a message: what it does not cover, anybody on the way may have written. */
import { colonList, parseTags } from "../dkim/tags.ts";
import { fieldValue, type Header } from "../mime/header.ts";
import { authservId } from "./field.ts";

/** Our own topmost Authentication-Results (RFC 8601) of a message that came by delivery; a field of another name is a stranger's. */
export function ownResults(header: Header, ourHost: string): string | undefined {
  const field = header.fields.find(({ name }) => name === "authentication-results");
  const value = field && fieldValue(header, field);
  return value !== undefined && authservId(value) === ourHost.toLowerCase() ? value : undefined;
}

/** How RFC 6008 tells signatures of one message apart: domain, selector, and the first characters of b=. */
const nameOf = (domain: string, selector: string, b: string): string =>
  `${domain.toLowerCase()} ${selector.toLowerCase()} ${b.replace(/\s+/g, "").slice(0, 8)}`;

/** The signatures that passed, by `nameOf`. */
function passed(header: Header, ourHost: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const piece of (ownResults(header, ourHost) ?? "").split(";")) {
    if (!/^\s*dkim\s*=\s*pass\s/i.test(piece)) continue;
    const of = (tag: string): string => new RegExp(`\\sheader\\.${tag}="?([^\\s"]+)`).exec(piece)?.[1] ?? "";
    names.add(nameOf(of("d"), of("s"), of("b")));
  }
  return names;
}

/**
 * `names`: in lower case. Each must be there exactly once: of two, a signature may cover the other (RFC 6376 §5.4.2). Of signatures that bear the name
 * of one that passed all must cover them: one that says so may be a stranger's, which never held.
 */
export function isCovered(header: Header, ourHost: string, names: readonly string[]): boolean {
  for (const wanted of names) if (header.fields.filter(({ name }) => name === wanted).length !== 1) return false;
  const good = passed(header, ourHost);
  const covers = new Map<string, boolean>();
  for (const field of header.fields) {
    if (field.name !== "dkim-signature") continue;
    const tags = parseTags(fieldValue(header, field));
    const name = nameOf(tags?.get("d") ?? "", tags?.get("s") ?? "", tags?.get("b") ?? "");
    if (!good.has(name)) continue;
    const covered = colonList(tags?.get("h") ?? "").map((one) => one.toLowerCase());
    covers.set(name, (covers.get(name) ?? true) && names.every((one) => covered.includes(one)));
  }
  return [...covers.values()].includes(true);
}
