/** Longer names and passwords are refused before any work is done on them. */
export const maxNameChars = 512;
export const maxPasswordChars = 1024;

const plainAscii = /^[\x20-\x7e]*$/;
// RFC 3454 tables B.1 (mapped to nothing) and C.1.2 (other spaces).
const mappedToNothing = /\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u00ad\u1806\u200b-\u200d\u2060\ufeff]/gu;
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
// RFC 4013 §2.3: controls, private use, non-characters, surrogates, format and tagging characters, inappropriate for plain text.
const prohibited =
  /[\p{Cc}\p{Co}\p{Cs}\u06dd\u070f\u180e\u200e\u200f\u2028-\u202e\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufdd0-\ufdef\ufff9-\uffff\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]|\u0340|\u0341/u;

/**
 * SASLprep (RFC 4013) of a name or password: spaces and invisible characters mapped, NFKC; undefined where it holds what
 * is prohibited. Bidirectional checks and unassigned code points are left out: they would only lock people out.
 */
export function saslPrep(text: string): string | undefined {
  if (plainAscii.test(text)) return text;
  const mapped = text.replace(otherSpaces, " ").replace(mappedToNothing, "").normalize("NFKC");
  return prohibited.test(mapped) ? undefined : mapped;
}
