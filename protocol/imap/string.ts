/** Strings as a server writes them, RFC 9051 §4.3: byte strings (latin1) in, byte strings out. */

const astringSafe = /^[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+$/;
const quotedSafe = /^[\x01-\x09\x0b\x0c\x0e-!#-[\]-\x7f]*$/;
const quotedSafe8 = /^[\x01-\x09\x0b\x0c\x0e-!#-[\]-\xff]*$/;
const quotable = /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/;
const quotable8 = /^[\x01-\x09\x0b\x0c\x0e-\xff]*$/;

/** The longest text we put in quotes; a longer one is a literal. */
const maxQuoted = 4096;

/** A quoted string, or a literal where it cannot be one. `utf8`: the client takes UTF-8 in quotes. */
export function string(bytes: string, utf8 = false): string {
  if (bytes.length <= maxQuoted) {
    if ((utf8 ? quotedSafe8 : quotedSafe).test(bytes)) return `"${bytes}"`;
    if ((utf8 ? quotable8 : quotable).test(bytes)) return `"${bytes.replace(/["\\]/g, "\\$&")}"`;
  }
  return `{${bytes.length}}\r\n${bytes}`;
}

/** NIL for undefined. */
export function nstring(bytes: string | undefined, utf8 = false): string {
  return bytes === undefined ? "NIL" : string(bytes, utf8);
}

/** An atom where it can be one. "NIL" is quoted so that nobody takes it for nothing. */
export function astring(bytes: string, utf8 = false): string {
  return astringSafe.test(bytes) && bytes.toUpperCase() !== "NIL" ? bytes : string(bytes, utf8);
}
