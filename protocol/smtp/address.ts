/** Addresses and paths of the SMTP envelope. RFC 5321 §4.1.2, §4.1.3; RFC 6531 §3.3. */
import { domainToASCII } from "node:url";

export type Mailbox = {
  /** The local part by its meaning: quotes and backslashes of a quoted string are gone. "%" and "!" are plain text. */
  readonly local: string;
  /** Lower-case A-labels, or an address literal with its brackets: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
  readonly domain: string;
};

/**
 * RFC 5321 §4.5.3.1.1 asks for at least 64 octets and for no limit where that can be had: reply tokens, VERP and SRS local
 * parts pass 64 every day. The bound of the whole mailbox (RFC 3696 erratum 1690) is the one that counts.
 */
export const maxLocalBytes = 192;
export const maxDomainBytes = 255;
export const maxMailboxBytes = 254;
/** RFC 5321 §4.5.3.1.3 gives a path 256 octets; a source route, which we drop, may make it longer. */
export const maxPathBytes = 1024;

/**
 * Atoms and dots. RFC 5321 wants no dot at an end and no two together; some large Japanese providers gave out such
 * addresses, and refusing their mail helps nobody.
 */
const dotString = /^[\w!#$%&'*+\-/=?^`{|}~.]+$/;
const dotStringUtf8 = /^[\w!#$%&'*+\-/=?^`{|}~.\u0080-\u{10ffff}]+$/u;
/** Unicode that must not stand in an address: controls, separators, surrogates, non-characters. */
const badUnicode =
  /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}\p{Cs}\p{Noncharacter_Code_Point}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;
/** RFC 5321 has no underscore in a domain; real senders do. */
const ldhDomain = /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?(?:\.[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?)*$/;
const asciiOnly = /^[\x00-\x7f]*$/;
const ip4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** Where a path was found and where it ended, or why it is none. `utf8` tells that it needs SMTPUTF8. */
export type PathAt =
  | { readonly kind: "null"; readonly end: number }
  | { readonly kind: "mailbox"; readonly mailbox: Mailbox; readonly end: number; readonly utf8: boolean }
  /** A local part without a domain; only `<postmaster>` may be such (RFC 5321 §4.5.1). */
  | { readonly kind: "local"; readonly local: string; readonly end: number }
  | { readonly kind: "bad"; readonly why: "syntax" | "domain" | "too-long" };

const bad: PathAt = { kind: "bad", why: "syntax" };
const badDomain: PathAt = { kind: "bad", why: "domain" };
const tooLong: PathAt = { kind: "bad", why: "too-long" };

/** Reads `<path>` at `start` of a command's text. Source routes are checked and dropped (RFC 5321 appendix F.2). */
export function readPath(text: string, start: number): PathAt {
  if (text[start] !== "<") return bad;
  let at = start + 1;
  if (text[at] === ">") return { kind: "null", end: at + 1 };
  if (text[at] === "@") {
    const colon = text.indexOf(":", at);
    if (colon === -1 || colon - start > maxPathBytes) return bad;
    for (const hop of text.slice(at, colon).split(","))
      if (hop[0] !== "@" || parseDomain(hop.slice(1)) === undefined) return bad;
    at = colon + 1;
  }
  let local: string;
  let afterLocal: number;
  if (text[at] === '"') {
    const quoted = readQuoted(text, at);
    if (quoted === undefined) return bad;
    local = quoted.value;
    afterLocal = quoted.end;
    if (text[afterLocal] !== "@" && text[afterLocal] !== ">") return bad;
  } else {
    const close = text.indexOf(">", at);
    if (close === -1) return bad;
    const sign = text.indexOf("@", at);
    afterLocal = sign === -1 || sign > close ? close : sign;
    local = text.slice(at, afterLocal);
    if (!isDotString(local)) return local.length > maxPathBytes ? tooLong : bad;
  }
  if (byteLength(local) > maxLocalBytes) return tooLong;
  if (text[afterLocal] === ">") return { kind: "local", local, end: afterLocal + 1 };
  const close = text.indexOf(">", afterLocal + 1);
  if (close === -1) return bad;
  const given = text.slice(afterLocal + 1, close);
  const domain = parseDomain(given);
  if (domain === undefined) return given.length > maxDomainBytes ? tooLong : badDomain;
  if (byteLength(local) + 1 + domain.length > maxMailboxBytes) return tooLong;
  const utf8 = !asciiOnly.test(local) || !asciiOnly.test(given);
  return { kind: "mailbox", mailbox: { local, domain }, end: close + 1, utf8 };
}

/** An address without angle brackets ("a@b.test", with a quoted local part too), or undefined. */
export function parseMailbox(text: string): Mailbox | undefined {
  const path = text[0] === "@" ? bad : readPath(`<${text}>`, 0);
  return path.kind === "mailbox" && path.end === text.length + 2 ? path.mailbox : undefined;
}

/** "local@domain" as it goes into a command: quoted where it must be. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${formatLocal(mailbox.local)}@${mailbox.domain}`;
}

/** A local part as it goes into a command or a header field: quoted where it must be. */
export function formatLocal(local: string): string {
  return isDotString(local) ? local : `"${local.replace(/["\\]/g, "\\$&")}"`;
}

/** A domain name as lower-case A-labels, or an address literal with its brackets in one spelling; undefined where it is neither. */
export function parseDomain(text: string): string | undefined {
  if (text.length === 0 || text.length > maxDomainBytes) return undefined;
  const lower = text.toLowerCase();
  if (ldhDomain.test(lower)) return lower;
  if (lower[0] === "[") return parseLiteral(lower);
  if (asciiOnly.test(lower) || badUnicode.test(text)) return undefined;
  // What domainToASCII maps to a dot, a slash or a digit must not make another name of it than the one that was written.
  const ascii = domainToASCII(text);
  return ascii !== "" && ascii.length <= maxDomainBytes && ldhDomain.test(ascii) && !ip4.test(ascii)
    ? ascii
    : undefined;
}

function parseLiteral(lower: string): string | undefined {
  if (!lower.endsWith("]")) return undefined;
  const inner = lower.slice(1, -1);
  if (ip4.test(inner)) return lower;
  return inner.startsWith("ipv6:") && isIp6(inner.slice(5)) ? `[IPv6:${inner.slice(5)}]` : undefined;
}

/** RFC 4291 §2.2 text form, lower case. */
function isIp6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === "") {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = half.split(":");
    for (const [at, part] of parts.entries()) {
      if (/^[\da-f]{1,4}$/.test(part)) groups++;
      else if (index === halves.length - 1 && at === parts.length - 1 && ip4.test(part)) groups += 2;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isDotString(local: string): boolean {
  return dotString.test(local) || (dotStringUtf8.test(local) && !badUnicode.test(local));
}

/** Quoted-string of RFC 5321 §4.1.2, with the non-ASCII of RFC 6531 §3.3. */
function readQuoted(text: string, start: number): { value: string; end: number } | undefined {
  let value = "";
  let from = start + 1;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      value += text.slice(from, at);
      return badUnicode.test(value.replaceAll(" ", "")) ? undefined : { value, end: at + 1 };
    }
    if (code === 92) {
      value += text.slice(from, at);
      from = ++at;
      const escaped = text.charCodeAt(at);
      if (!(escaped >= 32 && escaped <= 126)) return undefined;
    } else if (code < 32 || code === 127) return undefined;
  }
  return undefined;
}

function byteLength(text: string): number {
  return asciiOnly.test(text) ? text.length : Buffer.byteLength(text, "utf8");
}
