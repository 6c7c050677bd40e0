/**
 * Where a word occurs: numbers of emails, ascending, each with the places in the email (as bits). One byte string: how many
 * there are, then differences and places together as numbers of variable length. Long lists are cut into blocks that can be
 * read alone: a table in front tells where each begins, so that a question about a few emails reads a few blocks.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";

/** Places of a word in an email. */
export const Place = { subject: 1, from: 2, to: 4, body: 8, attachment: 16 } as const;
export type Places = number;
const placeBits = 5;
export const everywhere: Places = (1 << placeBits) - 1;
/**
 * Beside the places: nobody has seen the word stand in the text as it is. It came of letters with accents, of markup, of a document that is no text,
 * or was cut; an exact search must look.
 */
export const loose: Places = 1 << placeBits;
/** Where nearly all words are, and as they are: said by one bit beside the difference, all else by a number behind it. */
const usual: Places = Place.body;

/** Emails of one block. */
export const blockEmails = 128;

/** Emails and places, side by side, ascending by email. */
export type Postings = { readonly emails: readonly number[]; readonly places: readonly Places[] };
export const noPostings: Postings = { emails: [], places: [] };

/** `emails` ascend; numbers up to 2^47. */
export function encodePostings({ emails, places }: Postings): Uint8Array {
  const count = emails.length;
  const out = new ByteWriter();
  out.number(count);
  if (count <= blockEmails) {
    writeBlock(out, emails, places, 0, count, 0);
    return out.finish();
  }
  const blocks = new ByteWriter();
  for (let from = 0, before = 0; from < count; from += blockEmails) {
    const began = blocks.length;
    const first = emails[from]!;
    writeBlock(blocks, emails, places, from, Math.min(count, from + blockEmails), first);
    out.number(first - before);
    out.number(blocks.length - began);
    before = first;
  }
  out.bytes(blocks.finish());
  return out.finish();
}

function writeBlock(
  out: ByteWriter,
  emails: readonly number[],
  places: readonly Places[],
  from: number,
  to: number,
  base: number,
): void {
  for (let at = from, before = base; at < to; at++) {
    const place = places[at]!;
    out.number((emails[at]! - before) * 2 + (place === usual ? 0 : 1));
    if (place !== usual) out.number(place);
    before = emails[at]!;
  }
}

/** Calls `take` with each email and its places, ascending. Bytes that are cut or wrong give what they begin with. */
function eachPosting(bytes: Uint8Array, take: (email: number, places: Places) => void): void {
  const list = new PostingList(bytes);
  for (let block = 0; block < list.blocks; block++) list.eachOf(block, take);
}

export function decodePostings(bytes: Uint8Array): Postings {
  const emails: number[] = [];
  const places: Places[] = [];
  eachPosting(bytes, (email, at) => {
    emails.push(email);
    places.push(at);
  });
  return { emails, places };
}

/** How many emails postings say they have. */
export const countOf = (bytes: Uint8Array): number => (bytes.length === 0 ? 0 : new ByteReader(bytes).number());

/** A list that is read in blocks. */
export class PostingList {
  /** How many emails it says it has. */
  readonly count: number;
  readonly #bytes: Uint8Array;
  /** First email of each block, and where its bytes begin; a last entry where they end. */
  readonly #firsts: number[] = [];
  readonly #starts: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const reader = new ByteReader(bytes);
    this.count = reader.number();
    if (this.count <= blockEmails) {
      this.#firsts.push(0);
      this.#starts.push(reader.at, bytes.length);
      return;
    }
    const lengths: number[] = [];
    for (let left = Math.ceil(this.count / blockEmails), first = 0; left > 0 && !reader.ended; left--) {
      first += reader.number();
      this.#firsts.push(first);
      lengths.push(reader.number());
    }
    let start = reader.at;
    for (const length of lengths) {
      this.#starts.push(start);
      start += length;
    }
    this.#starts.push(start);
  }

  get blocks(): number {
    return this.#firsts.length;
  }

  /** The block in which an email would be; -1 where it would come before all of them. */
  blockOf(email: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! <= email) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  eachOf(block: number, take: (email: number, places: Places) => void): void {
    const bytes = this.#bytes;
    const end = Math.min(bytes.length, this.#starts[block + 1]!);
    let email = this.#firsts[block]!;
    for (let at = this.#starts[block]!; at < end; ) {
      let byte = bytes[at++]!;
      const isUsual = (byte & 1) === 0;
      // Differences are mostly small: one byte.
      if (byte < 128) email += byte >>> 1;
      else {
        let value = byte & 127;
        let factor = 128;
        do {
          if (at >= end) return;
          byte = bytes[at++]!;
          value += (byte & 127) * factor;
          factor *= 128;
        } while (byte >= 128);
        email += Math.floor(value / 2);
      }
      if (isUsual) take(email, usual);
      else if (at < end) take(email, bytes[at++]!);
    }
  }
}

/** All of them in one, emails that occur twice with the places of both. */
export function unite(all: readonly Postings[]): Postings {
  if (all.length === 0) return noPostings;
  if (all.length === 1) return all[0]!;
  const sorted = all.filter(({ emails }) => emails.length > 0).sort((one, other) => one.emails[0]! - other.emails[0]!);
  if (sorted.every(({ emails }, at) => at === 0 || sorted[at - 1]!.emails.at(-1)! < emails[0]!))
    return { emails: sorted.flatMap(({ emails }) => emails), places: sorted.flatMap(({ places }) => places) };
  const found = new Map<number, Places>();
  for (const { emails, places } of all)
    for (let at = 0; at < emails.length; at++) found.set(emails[at]!, (found.get(emails[at]!) ?? 0) | places[at]!);
  const emails = [...found.keys()].sort((one, other) => one - other);
  return { emails, places: emails.map((email) => found.get(email)!) };
}
