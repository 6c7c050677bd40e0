/** Sets of emails by their numbers: what an index says before anybody has looked at the emails themselves. */
import { everywhere, type Places, type PostingList } from "./postings.ts";

export interface EmailSet {
  /** How many there are, or more. */
  readonly size: number;
  has(email: number): boolean;
  /** All of them, ascending. */
  list(): readonly number[];
}

/** One bit for each number from 0. */
export class BitSet implements EmailSet {
  readonly #words: Uint32Array;

  /** Numbers below `end`. */
  constructor(end: number) {
    this.#words = new Uint32Array((end + 31) >>> 5);
  }

  copy(): BitSet {
    const copy = new BitSet(this.#words.length * 32);
    copy.#words.set(this.#words);
    return copy;
  }

  add(email: number): void {
    const at = email >>> 5;
    if (at < this.#words.length) this.#words[at]! |= 1 << (email & 31);
  }

  /** Adds it; answers whether it was not there. */
  put(email: number): boolean {
    const at = email >>> 5;
    if (at >= this.#words.length) return false;
    const word = this.#words[at]!;
    const more = word | (1 << (email & 31));
    if (more === (word | 0)) return false;
    this.#words[at] = more;
    return true;
  }

  has(email: number): boolean {
    const at = email >>> 5;
    return at < this.#words.length && ((this.#words[at]! >>> (email & 31)) & 1) === 1;
  }

  /** Takes out what `other` does not have. */
  keep(other: BitSet): void {
    for (let at = 0; at < this.#words.length; at++) this.#words[at]! &= other.#words[at] ?? 0;
  }

  /** Puts in what `other` has. */
  join(other: BitSet): void {
    for (let at = 0; at < this.#words.length; at++) this.#words[at]! |= other.#words[at] ?? 0;
  }

  get size(): number {
    let count = 0;
    for (let word of this.#words) {
      word -= (word >>> 1) & 0x55555555;
      word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
      count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return count;
  }

  list(): readonly number[] {
    const emails: number[] = [];
    for (let at = 0; at < this.#words.length; at++)
      for (let word = this.#words[at]!; word !== 0; word &= word - 1)
        emails.push(at * 32 + (31 - Math.clz32(word & -word)));
    return emails;
  }
}

/** A list of numbers. */
export class FewEmails implements EmailSet {
  readonly #emails: readonly number[];
  #known: ReadonlySet<number> | undefined;

  /** `emails` ascend. */
  constructor(emails: readonly number[]) {
    this.#emails = emails;
  }

  get size(): number {
    return this.#emails.length;
  }

  has(email: number): boolean {
    this.#known ??= new Set(this.#emails);
    return this.#known.has(email);
  }

  list(): readonly number[] {
    return this.#emails;
  }
}

/** More lists than this are read whole and at once. */
const maxLazyLists = 64;

/** The emails in any of some lists; blocks of the lists are read when somebody asks about an email in them. */
export class TermSet implements EmailSet {
  readonly #lists: readonly PostingList[];
  readonly #read: readonly Uint8Array[];
  readonly places: Places;
  readonly #bits: BitSet;
  readonly size: number;
  #whole = false;

  /** `end`: emails are below it; `places`: a word must be in one of these. */
  constructor(lists: readonly PostingList[], places: Places, end: number) {
    this.#lists = lists;
    this.places = places;
    this.#bits = new BitSet(end);
    this.#read = lists.map((list) => new Uint8Array(list.blocks));
    this.size = lists.reduce((sum, { count }) => sum + count, 0);
    if (lists.length > maxLazyLists) this.whole();
  }

  has(email: number): boolean {
    if (this.#bits.has(email)) return true;
    if (this.#whole) return false;
    for (let at = 0; at < this.#lists.length; at++) {
      const block = this.#lists[at]!.blockOf(email);
      if (block >= 0) this.#readBlock(at, block);
    }
    return this.#bits.has(email);
  }

  /** Everything as bits. */
  whole(): BitSet {
    if (!this.#whole) {
      for (let at = 0; at < this.#lists.length; at++)
        for (let block = 0; block < this.#lists[at]!.blocks; block++) this.#readBlock(at, block);
      this.#whole = true;
    }
    return this.#bits;
  }

  #readBlock(at: number, block: number): void {
    const read = this.#read[at]!;
    if (read[block] === 1) return;
    read[block] = 1;
    const places = this.places;
    const bits = this.#bits;
    this.#lists[at]!.eachOf(
      block,
      places === everywhere
        ? (email) => bits.add(email)
        : (email, found) => {
            if ((found & places) !== 0) bits.add(email);
          },
    );
  }

  list(): readonly number[] {
    return this.whole().list();
  }
}

/** Sets of so many emails are looked through one by one, without reading the others whole. */
const fewEmails = 4_096;

/** What is in all of the terms. One frequent term alone stays unread until somebody asks. */
export function inAll(terms: readonly TermSet[], end: number): EmailSet {
  const [least, ...others] = [...terms].sort((one, other) => one.size - other.size);
  if (least === undefined) return new FewEmails([]);
  if (least.size <= fewEmails)
    return new FewEmails(least.list().filter((email) => others.every((other) => other.has(email))));
  // In some places only a part of the emails is meant, and nobody knows how large: it must be read.
  if (others.length === 0) return least.places === everywhere ? least : least.whole();
  const all = new BitSet(end);
  all.join(least.whole());
  for (const other of others) all.keep(other.whole());
  return all;
}
