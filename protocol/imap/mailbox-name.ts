/**
 * Mailbox names on the wire and as paths: modified UTF-7 (RFC 3501 §5.1.3) unless the client enabled UTF-8, INBOX in any case
 * (RFC 9051 §5.1), and the patterns of LIST.
 */

/** UTF-16 units of a whole path. */
export const maxMailboxNameChars = 1000;

/** Hierarchy delimiter of every mailbox. */
export const delimiter = "/";

/** C0, DEL, C1, line and paragraph separators, lone surrogates. RFC 5198 §2. */
const unfit = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u;

/** The path that a byte string from the client names; undefined where it names nothing (bad modified UTF-7 or UTF-8, control characters, too long). */
export function readMailboxName(wire: string, utf8: boolean): string | undefined {
  const name = readPattern(wire, utf8);
  return name === undefined ? undefined : canonicalInbox(name);
}

/** The same for a LIST pattern or reference, which INBOX may be part of without meaning it. */
export function readPattern(wire: string, utf8: boolean): string | undefined {
  if (wire.length > maxMailboxNameChars * 4) return undefined;
  const decoded = utf8 ? decodeUtf8(wire) : decodeUtf7(wire);
  if (decoded === undefined || decoded.length > maxMailboxNameChars || unfit.test(decoded)) return undefined;
  return decoded.normalize("NFC");
}

/** A path as the client reads it: a byte string, neither quoted nor a literal yet. */
export function writeMailboxName(path: string, utf8: boolean): string {
  if (plainAscii.test(path)) return path;
  return utf8 ? Buffer.from(path, "utf8").toString("latin1") : encodeUtf7(path);
}

const plainAscii = /^[ -%'-~]*$/;
const anyByteAbove = /[\x80-\xff]/;
const inboxLevel = /^inbox(?=\/|$)/i;

/** "inbox" and "Inbox/x" with INBOX in capitals. */
function canonicalInbox(path: string): string {
  return path.replace(inboxLevel, "INBOX");
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Unicode text of a byte string in UTF-8, undefined where it is not. */
export function decodeUtf8(bytes: string): string | undefined {
  if (!anyByteAbove.test(bytes)) return bytes;
  try {
    return strictUtf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined;
  }
}

const AMPERSAND = 0x26;
const MINUS = 0x2d;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
const values = new Int8Array(128).fill(-1);
for (let at = 0; at < alphabet.length; at++) values[alphabet.charCodeAt(at)] = at;

/** RFC 3501 §5.1.3, strictly: what could be written plainly must be, shifts do not touch, no bits are left over. */
export function decodeUtf7(wire: string): string | undefined {
  if (plainAscii.test(wire)) return wire;
  let out = "";
  for (let at = 0; at < wire.length; ) {
    const code = wire.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return undefined;
    if (code !== AMPERSAND) {
      out += wire[at++];
      continue;
    }
    const end = wire.indexOf("-", at + 1);
    if (end < 0) return undefined;
    if (end === at + 1) out += "&";
    else {
      const shifted = decodeShifted(wire, at + 1, end);
      if (shifted === undefined) return undefined;
      out += shifted;
      if (wire.charCodeAt(end + 1) === AMPERSAND && wire.charCodeAt(end + 2) !== MINUS) return undefined;
    }
    at = end + 1;
  }
  return out;
}

function decodeShifted(wire: string, from: number, to: number): string | undefined {
  let out = "";
  let bits = 0;
  let held = 0;
  for (let at = from; at < to; at++) {
    const value = values[wire.charCodeAt(at)] ?? -1;
    if (value < 0) return undefined;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 16) continue;
    bits -= 16;
    const unit = held >>> bits;
    held &= (1 << bits) - 1;
    if (unit >= 0x20 && unit <= 0x7e) return undefined;
    out += String.fromCharCode(unit);
  }
  return bits >= 6 || held !== 0 || !out.isWellFormed() ? undefined : out;
}

/** Any text as modified UTF-7. */
export function encodeUtf7(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code <= 0x7e) {
      out += code === AMPERSAND ? "&-" : text[at];
      at++;
      continue;
    }
    out += "&";
    let bits = 0;
    let held = 0;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit >= 0x20 && unit <= 0x7e) break;
      held = (held << 16) | unit;
      bits += 16;
      while (bits >= 6) {
        bits -= 6;
        out += alphabet[(held >>> bits) & 63];
      }
      held &= (1 << bits) - 1;
    }
    if (bits > 0) out += alphabet[(held << (6 - bits)) & 63];
    out += "-";
  }
  return out;
}

/** As much of INBOX as a pattern spells before its first wildcard: "inbox*" and "in%/sub" mean what is below INBOX too. */
const inboxBegun = /^i(?:n(?:b(?:ox?)?)?)?/i;
const toCapitals = (letters: string): string => letters.toUpperCase();

const STAR = 0x2a;
const PERCENT = 0x25;
const SLASH = 0x2f;

/**
 * Does a path match a LIST pattern ("*" anything, "%" anything within one level)? INBOX matches in any case. Takes at most
 * |pattern| × |path| steps: all places the pattern can be at are followed at once, and wildcards in a row are as good as one.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  if (pattern === "%") return !path.includes(delimiter);
  pattern = pattern.replace(/[*%]{2,}/g, (run) => (run.includes("*") ? "*" : "%"));
  if (path === "INBOX" && matchesExactly(pattern.toUpperCase(), path)) return true;
  return matchesExactly(path.startsWith("INBOX/") ? pattern.replace(inboxBegun, toCapitals) : pattern, path);
}

function matchesExactly(pattern: string, path: string): boolean {
  let places = new Uint8Array(pattern.length + 1);
  let next = new Uint8Array(pattern.length + 1);
  let low = 0;
  let high = reach(pattern, places, 0);
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    let nextLow = -1;
    let nextHigh = -1;
    for (let place = low; place <= high; place++) {
      if (places[place] === 0) continue;
      places[place] = 0;
      const wanted = pattern.charCodeAt(place);
      const stays = wanted === STAR || (wanted === PERCENT && code !== SLASH);
      if (!stays && (place === pattern.length || wanted !== code || wanted === PERCENT)) continue;
      const to = stays ? place : place + 1;
      if (nextLow < 0) nextLow = to;
      nextHigh = Math.max(nextHigh, reach(pattern, next, to));
    }
    if (nextLow < 0) return false;
    low = nextLow;
    high = nextHigh;
    [places, next] = [next, places];
  }
  return places[pattern.length] === 1;
}

/** Marks a place and those that wildcards let one reach from it without a character; answers the last. */
function reach(pattern: string, places: Uint8Array, place: number): number {
  places[place] = 1;
  let at = place;
  while (at < pattern.length && (pattern.charCodeAt(at) === STAR || pattern.charCodeAt(at) === PERCENT))
    places[++at] = 1;
  return at;
}
