/**
 * A sorted dictionary of words and their postings, cut into blocks: each is named by its first word and can be read alone.
 * Words are ordered by code points, which is the order of their UTF-8 bytes, and share what they begin with in common.
 */
import { Buffer } from "node:buffer";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { countOf } from "./postings.ts";

/** Entries are added to a block until it has so many bytes. What SQLite keeps of 13,200 bytes fills its pages. */
export const blockBytes = 13_200;

/** `list`: its words alone, each with `wordEnd` behind it. */
export type DictionaryBlock = readonly [firstWord: string, body: Uint8Array, list: Uint8Array];

/** What stands behind a word of a list that is in so many emails: a byte below `endsBelow`, as no word has, the larger the more there are. */
export const wordEnd = (emails: number): number =>
  Math.min(endsBelow - 1, 12 + Math.floor(Math.log2(Math.max(1, emails)) / 2));
export const endsBelow = 32;

/** By code points; below 0, 0 or above it. */
export function compareWords(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    let a = one.charCodeAt(at);
    let b = other.charCodeAt(at);
    if (a === b) continue;
    // Surrogates stand for what comes after U+FFFF.
    if (a >= 0xd800 && b >= 0xd800) {
      a = a >= 0xe000 ? a - 0x800 : a + 0x2000;
      b = b >= 0xe000 ? b - 0x800 : b + 0x2000;
    }
    return a - b;
  }
  return one.length - other.length;
}

/** Takes words in ascending order; gives blocks as they become full. */
export class DictionaryWriter {
  readonly #blocks: DictionaryBlock[] = [];
  #body = new ByteWriter();
  #list = new ByteWriter();
  #first = "";
  #before: Uint8Array = new Uint8Array(0);
  #entries = 0;
  /** Words in the blocks that have been cut. */
  words = 0;

  /** Where the block begins that is not full yet; "" where there is none. */
  get open(): string {
    return this.#body.length > 0 ? this.#first : "";
  }

  add(word: string, postings: Uint8Array): void {
    const bytes = Buffer.from(word, "utf8");
    if (this.#body.length > 0 && this.#body.length + bytes.length + postings.length + 8 > blockBytes) this.#cut();
    if (this.#body.length === 0) {
      this.#first = word;
      this.#before = bytes.subarray(0, 0);
    }
    let shared = 0;
    while (shared < this.#before.length && shared < bytes.length && this.#before[shared] === bytes[shared]) shared++;
    this.#body.number(shared);
    this.#body.number(bytes.length - shared);
    this.#body.bytes(bytes.subarray(shared));
    this.#body.number(postings.length);
    this.#body.bytes(postings);
    this.#list.bytes(bytes);
    this.#list.number(wordEnd(countOf(postings)));
    this.#before = bytes;
    this.#entries++;
  }

  #cut(): void {
    this.#blocks.push([this.#first, this.#body.finish(), this.#list.finish()]);
    this.#body = new ByteWriter();
    this.#list = new ByteWriter();
    this.words += this.#entries;
    this.#entries = 0;
  }

  /** The blocks that are full, once. */
  take(): readonly DictionaryBlock[] {
    return this.#blocks.splice(0);
  }

  /** What is left, the last block with it. */
  finish(): readonly DictionaryBlock[] {
    if (this.#body.length > 0) this.#cut();
    return this.take();
  }
}

/** Calls `take` with each word of a block and a view of its postings, ascending; it answers false to end. */
export function eachEntry(body: Uint8Array, take: (word: string, postings: Uint8Array) => boolean): void {
  const reader = new ByteReader(body);
  let before: Uint8Array = new Uint8Array(0);
  while (!reader.ended) {
    const shared = reader.number();
    const rest = reader.bytes(reader.number());
    const bytes = new Uint8Array(Math.min(shared, before.length) + rest.length);
    bytes.set(before.subarray(0, bytes.length - rest.length));
    bytes.set(rest, bytes.length - rest.length);
    before = bytes;
    const postings = reader.bytes(reader.number());
    if (!take(Buffer.from(bytes.buffer).toString("utf8"), postings)) return;
  }
}

/** Calls `take` with a view of the postings of some words of a block, by their places in it, which ascend from 0. */
export function eachPostingsAt(
  body: Uint8Array,
  places: readonly number[],
  take: (postings: Uint8Array) => void,
): void {
  const reader = new ByteReader(body);
  let place = 0;
  for (const wanted of places) {
    for (; !reader.ended; place++) {
      reader.number();
      reader.skip(reader.number());
      const length = reader.number();
      if (place === wanted) {
        take(reader.bytes(length));
        place++;
        break;
      }
      reader.skip(length);
    }
  }
}

/** The postings of one word in a block; undefined where it is not there. */
export function entryOf(body: Uint8Array, word: string): Uint8Array | undefined {
  const wanted = Buffer.from(word, "utf8");
  const reader = new ByteReader(body);
  // How much of the wanted word the entry before had in common with it, and whether it came before it.
  let common = 0;
  for (let first = true; !reader.ended; first = false) {
    const shared = reader.number();
    const rest = reader.bytes(reader.number());
    const postings = reader.number();
    if (first || shared >= common) {
      // Where it shares more than is common, it differs from the wanted word where the one before did: it comes before it too.
      if (first || shared === common) {
        let at = shared;
        let index = 0;
        while (index < rest.length && at < wanted.length && rest[index] === wanted[at]) {
          index++;
          at++;
        }
        common = at;
        if (index === rest.length && at === wanted.length) return reader.bytes(postings);
        if (index < rest.length && (at === wanted.length || rest[index]! > wanted[at]!)) return undefined;
      }
    } else return undefined; // it leaves what was common, upwards
    reader.at += postings;
  }
  return undefined;
}
