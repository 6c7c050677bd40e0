/**
 * Where a word occurs: numbers of emails, ascending, each with the places in the email (as bits). One byte string: differences
 * and places together as numbers of variable length.
 */

/** Places of a word in an email. */
export const Place = { subject: 1, from: 2, to: 4, body: 8, attachment: 16 } as const;
export type Places = number;
const placeBits = 5;
export const everywhere: Places = (1 << placeBits) - 1;

/** Emails and places, side by side, ascending by email. */
export type Postings = { readonly emails: readonly number[]; readonly places: readonly Places[] };
export const noPostings: Postings = { emails: [], places: [] };

/** `emails` ascend; numbers up to 2^47. */
export function encodePostings({ emails, places }: Postings): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  for (let at = 0; at < emails.length; at++) {
    let value = (emails[at]! - before) * (1 << placeBits) + places[at]!;
    before = emails[at]!;
    while (value >= 128) {
      bytes.push((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    bytes.push(value);
  }
  return Uint8Array.from(bytes);
}

/** Bytes that are cut or wrong give what they begin with. */
export function decodePostings(bytes: Uint8Array): Postings {
  const emails: number[] = [];
  const places: Places[] = [];
  let before = 0;
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 127) * factor;
    if (byte >= 128) {
      factor *= 128;
      continue;
    }
    before += Math.floor(value / (1 << placeBits));
    emails.push(before);
    places.push(value % (1 << placeBits));
    value = 0;
    factor = 1;
  }
  return { emails, places };
}

/** All of them in one, emails that occur twice with the places of both. */
export function unite(all: readonly Postings[]): Postings {
  if (all.length === 0) return noPostings;
  if (all.length === 1) return all[0]!;
  const found = new Map<number, Places>();
  for (const { emails, places } of all)
    for (let at = 0; at < emails.length; at++) found.set(emails[at]!, (found.get(emails[at]!) ?? 0) | places[at]!);
  const emails = [...found.keys()].sort((one, other) => one - other);
  return { emails, places: emails.map((email) => found.get(email)!) };
}

/** Those in both; the places are of the first. */
export function intersect(one: Postings, other: Postings): Postings {
  const emails: number[] = [];
  const places: Places[] = [];
  for (let a = 0, b = 0; a < one.emails.length && b < other.emails.length; ) {
    const difference = one.emails[a]! - other.emails[b]!;
    if (difference === 0) {
      emails.push(one.emails[a]!);
      places.push(one.places[a]!);
    }
    if (difference <= 0) a++;
    if (difference >= 0) b++;
  }
  return { emails, places };
}

/** Those whose word is in one of `wanted` places. */
export function among(postings: Postings, wanted: Places): Postings {
  if (wanted === everywhere) return postings;
  const emails: number[] = [];
  const places: Places[] = [];
  for (let at = 0; at < postings.emails.length; at++)
    if ((postings.places[at]! & wanted) !== 0) {
      emails.push(postings.emails[at]!);
      places.push(postings.places[at]!);
    }
  return { emails, places };
}
