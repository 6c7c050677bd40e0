/** Base 32 in lower case (RFC 4648 §6 without padding): what a mail server that changes the case of local parts leaves readable. */
const letters = "abcdefghijklmnopqrstuvwxyz234567";

/** The first `chars` characters of the bytes' base 32; there must be enough bytes. */
export function base32(bytes: Uint8Array, chars: number): string {
  let text = "";
  for (let bit = 0; text.length < chars; bit += 5) {
    const at = bit >> 3;
    const pair = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    text += letters[(pair >> (11 - (bit & 7))) & 31];
  }
  return text;
}

/** A number below 1024 as two characters. */
export function twoChars(value: number): string {
  return letters[(value >> 5) & 31]! + letters[value & 31]!;
}

/** The number of two characters, in any case; undefined where they are none. */
export function ofTwoChars(text: string): number | undefined {
  const high = letters.indexOf((text[0] ?? "?").toLowerCase());
  const low = letters.indexOf((text[1] ?? "?").toLowerCase());
  return text.length !== 2 || high < 0 || low < 0 ? undefined : high * 32 + low;
}
