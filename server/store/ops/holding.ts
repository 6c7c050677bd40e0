/** Emails with a word that holds a piece of a needle, found in the lists of all words of an account (`word_lists`). */
import { Buffer } from "node:buffer";
import { eachPostingsAt, endsBelow, entryOf, wordEnd } from "../../../protocol/words/dictionary.ts";
import { BitSet } from "../../../protocol/words/email-set.ts";
import type { NeedlePiece } from "../../../protocol/words/grams.ts";
import { loose, type Places, PostingList } from "../../../protocol/words/postings.ts";
import type { AccountId, EmailId } from "../store.ts";
import { memory, type Op, rows } from "./tx.ts";
import { blockStart, unpackBody } from "./word-body.ts";
import { blockNamed, blockOf, readSegments } from "./words.ts";

/** All words of a segment, block by block. */
export class WordLists {
  /** What `joinLists` makes. */
  readonly words: Buffer;
  /** Where each block begins, and where the last one ends. */
  readonly starts: Uint32Array;
  readonly #ends: (Uint32Array | undefined)[] = [];

  constructor(words: Buffer) {
    this.words = words;
    const starts: number[] = [];
    for (let at = words.indexOf(blockStart); at >= 0; at = words.indexOf(blockStart, at + 1)) starts.push(at);
    this.starts = Uint32Array.from([...starts, words.length]);
  }

  /** In memory, with all there may be to it. */
  get bytes(): number {
    return 2 * this.words.length;
  }

  /** Where the words of a block end, after its beginning: there stands how frequent each is (`wordEnd`). */
  endsOf(block: number): Uint32Array {
    const known = this.#ends[block];
    if (known !== undefined) return known;
    const ends: number[] = [];
    const to = this.starts[block + 1]!;
    for (let at = this.starts[block]!; at < to; at++) if (this.words[at]! < endsBelow) ends.push(at);
    return (this.#ends[block] = Uint32Array.from(ends));
  }

  /** The block of a place in `words`. */
  blockOf(at: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle]! <= at) low = middle;
      else high = middle;
    }
    return low;
  }

  /** The first word of a block, by which it is named. */
  firstOf(block: number): string {
    const [start, end] = this.endsOf(block);
    return this.words.toString("utf8", start! + 1, end);
  }
}

/** What the words say of a piece of a needle. */
export type Holding = {
  /** Emails with a word that holds it; undefined where so many words do that not all of them were read. */
  readonly found: BitSet | undefined;
  /** Emails where such a word has been seen as it is in one of the places. */
  readonly sure: BitSet;
};

/** Words of one block that hold the piece: their places in the block, which ascend, and how frequent they are (`wordEnd`). */
type Held = { readonly first: string; readonly places: number[]; readonly frequencies: number[] };

/** Lists read at once. */
const listsAtOnce = 8;
/** A word in one of so many emails, at least, is frequent. */
const frequentOf = 8;
const endless = Number.POSITIVE_INFINITY;
/** Words are read from the most frequent on, about so many at a time: as soon as all emails are known, that was enough. */
const batches = [8, 64, 512, endless] as const;

/** `most`: words of one segment that are read. `end`: emails are below it. */
export function* emailsHolding(
  account: AccountId,
  piece: NeedlePiece,
  most: number,
  places: Places,
  end: EmailId,
): Op<Holding> {
  const found = new BitSet(end);
  const sure = new BitSet(end);
  let whole = true;
  let known = 0;
  const take = (email: number, at: Places): void => {
    if ((at & loose) !== 0 || (at & places) === 0) found.add(email);
    else if (sure.put(email)) known++;
  };
  const takeAll = (postings: Uint8Array): void => {
    const list = new PostingList(postings);
    for (let block = 0; block < list.blocks; block++) list.eachOf(block, take);
  };
  for (const { segment, emails } of yield* readSegments(account)) {
    if (piece.begins && piece.ends) {
      // A whole word needs no list.
      const block = yield* blockOf(account, segment, piece.word);
      const postings = block === undefined ? undefined : entryOf(block, piece.word);
      if (postings !== undefined) takeAll(postings);
      continue;
    }
    const part = Buffer.from(piece.word, "utf8");
    const lists = yield* listsOf(account, segment);
    known = 0;
    // A letter or two stand in very many words: mostly the frequent ones of those are enough.
    const frequent = wordEnd(emails / frequentOf);
    const steps =
      part.length < minIndexedBytes && places !== 0
        ? [() => heldInFrequent(lists, piece, part, frequent), () => heldIn(lists, piece, part, frequent)]
        : [() => heldIn(lists, piece, part, endsBelow)];
    for (const step of steps) {
      const held = step();
      const count = held.reduce((sum, { places }) => sum + places.length, 0);
      // Words of which no email is known for sure say something only where all of them are read.
      if (count > most && places === 0) return { found: undefined, sure };
      let read = endsBelow;
      for (const many of batches) {
        if (known >= emails || read === 0) break;
        const from = frequencyOf(held, Math.min(most, many));
        for (const { first, places: at, frequencies } of held) {
          const wanted = at.filter((_, index) => frequencies[index]! < read && frequencies[index]! >= from);
          const block = wanted.length === 0 ? undefined : yield* blockNamed(account, segment, first);
          if (block !== undefined) eachPostingsAt(block, wanted, takeAll);
          if (known >= emails) break;
        }
        read = from;
      }
      // Where all emails of the segment are known, the words that were not read say nothing more.
      if (known >= emails) break;
      if (count > most) whole = false;
    }
  }
  found.join(sure);
  return { found: whole ? found : undefined, sure };
}

/** Shorter parts stand in so many words that a plain loop is sooner through than one call for each. */
const minIndexedBytes = 3;

/** Those of all words that are less frequent than `below`. */
function heldIn(lists: WordLists, piece: NeedlePiece, part: Buffer, below: number): readonly Held[] {
  const { words, starts } = lists;
  const held: Held[] = [];
  let last: Held | undefined;
  let block = -1;
  let ends: Uint32Array = new Uint32Array(0);
  let place = 0;
  for (let at = next(words, part, 0); at >= 0; ) {
    if (block < 0 || starts[block + 1]! <= at) {
      block = lists.blockOf(at);
      ends = lists.endsOf(block);
      place = 0;
      last = undefined;
    }
    while (ends[place + 1]! < at) place++;
    const end = ends[place + 1]!;
    if (!fits(piece, part, at, ends[place]!, end)) {
      at = next(words, part, at + 1);
      continue;
    }
    if (words[end]! < below) {
      if (last === undefined) held.push((last = { first: lists.firstOf(block), places: [], frequencies: [] }));
      last.places.push(place);
      last.frequencies.push(words[end]!);
    }
    at = next(words, part, end + 1);
  }
  return held;
}

/** Those of the words that are at least as frequent as `least`: few, found by what stands behind them. */
function heldInFrequent(lists: WordLists, piece: NeedlePiece, part: Buffer, least: number): readonly Held[] {
  const { words } = lists;
  const found: number[] = [];
  for (let frequency = least; frequency < endsBelow; frequency++)
    for (let end = words.indexOf(frequency); end >= 0; end = words.indexOf(frequency, end + 1)) {
      let before = end - 1;
      while (words[before]! >= endsBelow) before--;
      for (let at = before + 1; at + part.length <= end; at++)
        if (startsWith(words, part, at) && fits(piece, part, at, before, end)) {
          found.push(end);
          break;
        }
    }
  const held = new Map<number, Held>();
  for (const end of found.sort((one, other) => one - other)) {
    const block = lists.blockOf(end);
    const of = held.get(block) ?? { first: lists.firstOf(block), places: [], frequencies: [] };
    held.set(block, of);
    of.places.push(lists.endsOf(block).indexOf(end) - 1);
    of.frequencies.push(words[end]!);
  }
  return [...held.values()];
}

/** Whether a piece may stand where its part does, within the word between these two ends. */
const fits = ({ begins, ends }: NeedlePiece, part: Buffer, at: number, before: number, end: number): boolean =>
  (!begins || at === before + 1) && (!ends || at + part.length === end);

function startsWith(words: Buffer, part: Buffer, at: number): boolean {
  for (let index = 0; index < part.length; index++) if (words[at + index] !== part[index]) return false;
  return true;
}

function next(words: Buffer, part: Buffer, from: number): number {
  if (part.length >= minIndexedBytes) return words.indexOf(part, from);
  const end = words.length - part.length + 1;
  for (let at = from; at < end; at++) if (startsWith(words, part, at)) return at;
  return -1;
}

/** How frequent words are of which there are so many or more; 0 where there are fewer altogether. */
function frequencyOf(held: readonly Held[], many: number): number {
  const counts = new Uint32Array(endsBelow);
  for (const { frequencies } of held) for (const frequency of frequencies) counts[frequency]!++;
  let count = 0;
  for (let frequency = endsBelow - 1; frequency > 0; frequency--) {
    count += counts[frequency]!;
    if (count >= many) return frequency;
  }
  return 0;
}

function* listsOf(account: AccountId, segment: number): Op<WordLists> {
  const { lists } = yield* memory();
  const name = `${account}/${segment}`;
  const known = lists.get(name);
  if (known !== undefined) return known;
  const parts: Uint8Array[] = [];
  for (let after = ""; ; ) {
    const kept = yield* rows(
      `SELECT word, body FROM word_lists WHERE account = $1 AND segment = $2 AND word > $3 ORDER BY word LIMIT ${listsAtOnce}`,
      account,
      segment,
      after,
    );
    for (const [, body] of kept) parts.push(unpackBody(body as Uint8Array));
    if (kept.length < listsAtOnce) break;
    after = kept.at(-1)![0] as string;
  }
  const all = new WordLists(Buffer.concat(parts));
  lists.put(name, all, all.bytes);
  return all;
}
