/**
 * How folded text falls apart for exact search: runs of letters and digits, blanks, and marks (all else). Told from the bytes alone,
 * character by character, so that a part of a text falls apart as the whole does, but that its first and its last run may be cut.
 */
import type { Buffer } from "node:buffer";
import { foldWords } from "./words.ts";

export const Kind = { passed: 0, blank: 1, run: 2, mark: 3 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** By the first byte of a character. What is passed over (line ends, NUL) ends a run, and is no byte of a gram, as in signatures. */
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === 0 || byte === 10 || byte === 13) return Kind.passed;
  if (byte === 9 || byte === 32) return Kind.blank;
  if ((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)) return Kind.run;
  // U+0080 to U+00BF, U+2000 to U+2FFF, and beyond U+FFFF: signs, nearly all of them; the rest of Unicode is nearly all letters.
  return byte < 128 || byte === 0xc2 || byte === 0xe2 || byte >= 0xf0 ? Kind.mark : Kind.run;
});

/** Calls `take` with each stretch of one kind, in order, but for what is passed over. `bytes`: UTF-8. */
export function eachStretch(bytes: Uint8Array, take: (kind: Kind, from: number, to: number) => void): void {
  for (let at = 0; at < bytes.length; ) {
    const from = at;
    const kind = kinds[bytes[at]!]! as Kind;
    // Bytes that continue a character (10xxxxxx) belong to it.
    do at++;
    while (at < bytes.length && ((bytes[at]! & 0xc0) === 0x80 || kinds[bytes[at]!] === kind));
    if (kind !== Kind.passed) take(kind, from, at);
  }
}

/** Whether all of a run is ASCII: it is its own word then. */
export function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at]! >= 128) return false;
  return true;
}

/** Characters that are not ASCII as the index of words has them. */
const letters = new Map<string, string>();

/**
 * The word that the index may have for a run: made character by character, so that a part of the run gives the same part of the word.
 */
export function wordOf(bytes: Buffer, from: number, to: number): string {
  if (isPlain(bytes, from, to)) return bytes.toString("latin1", from, to).toLowerCase();
  let word = "";
  for (const character of bytes.toString("utf8", from, to)) {
    let letter = letters.get(character);
    if (letter === undefined) {
      letter = foldWords(character);
      letters.set(character, letter);
    }
    word += letter;
  }
  return word;
}
