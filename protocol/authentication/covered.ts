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

/** The domains whose signatures passed. */
function passedDomains(header: Header, ourHost: string): ReadonlySet<string> {
  const domains = new Set<string>();
  const value = ownResults(header, ourHost);
  if (value === undefined) return domains;
  for (const piece of value
    .replace(/\([^()]*\)/g, " ")
    .replace(/"[^"]*"/g, "")
    .split(";")) {
    if (!/^\s*dkim\s*=\s*pass\b/i.test(piece)) continue;
    const domain = /\bheader\.d\s*=\s*([\w.-]+)/i.exec(piece)?.[1];
    if (domain !== undefined) domains.add(domain.toLowerCase());
  }
  return domains;
}

/** `names`: in lower case. Each must be there exactly once: of two, a signature may cover the other (RFC 6376 §5.4.2). */
export function isCovered(header: Header, ourHost: string, names: readonly string[]): boolean {
  for (const wanted of names) if (header.fields.filter(({ name }) => name === wanted).length !== 1) return false;
  const passed = passedDomains(header, ourHost);
  return header.fields.some((field) => {
    if (field.name !== "dkim-signature") return false;
    const tags = parseTags(fieldValue(header, field));
    if (tags === undefined || !passed.has((tags.get("d") ?? "").toLowerCase())) return false;
    const covered = new Set(colonList(tags.get("h") ?? "").map((name) => name.toLowerCase()));
    return names.every((name) => covered.has(name));
  });
}
