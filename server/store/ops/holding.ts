/** Emails with a word that holds a piece of a needle, found in the lists of all words of an account (`word_lists`). */
import { Buffer } from "node:buffer";
import { eachPostingsAt, entryOf, listEnd } from "../../../protocol/words/dictionary.ts";
import { BitSet } from "../../../protocol/words/email-set.ts";
import type { NeedlePiece } from "../../../protocol/words/grams.ts";
import { loose, type Places, PostingList } from "../../../protocol/words/postings.ts";
import type { AccountId, EmailId } from "../store.ts";
import { memory, type Op, rows } from "./tx.ts";
import { blockStart, unpackBody } from "./word-body.ts";
import { blockNamed, blockOf, readSegments } from "./words.ts";

/** The words of one block of a segment, each between two `listEnd`, which stand at `ends`; `first`: its first word, by which it is named. */
export type BlockList = { readonly first: string; readonly words: Buffer; readonly ends: Uint32Array };

/** What the words say of a piece of a needle. */
export type Holding = {
  /** Emails with a word that holds it; undefined where so many words do that not all of them were read. */
  readonly found: BitSet | undefined;
  /** Emails where such a word has been seen as it is in one of the places. */
  readonly sure: BitSet;
};

/** Words of one block that hold the piece: their places in the block, which ascend, and how long they are. */
type Held = { readonly first: string; readonly places: number[]; readonly lengths: number[] };

/** Lists read at once. */
const listsAtOnce = 8;
/** What a block's list takes beside its bytes. */
const listOverhead = 200;
const shortWord = 4;
const endless = Number.POSITIVE_INFINITY;
/** Words are read from the shortest on, which are frequent, about so many at a time: as soon as all emails are known, that was enough. */
const batches = [32, 256, endless] as const;

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
    found.add(email);
    if ((at & loose) !== 0 || (at & places) === 0 || sure.has(email)) return;
    sure.add(email);
    known++;
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
    const part = partOf(piece);
    const lists = yield* listsOf(account, segment);
    known = 0;
    // A letter or two stand in very many words: mostly the shortest of those are enough.
    const [first, ...further] = part.length < minIndexedBytes && places !== 0 ? [shortWord, endless] : [endless];
    for (let longest = first!, longer = 0; ; longer = longest, longest = further.shift()!) {
      const held: Held[] = [];
      let count = 0;
      for (const list of lists) {
        const one = longest === shortWord ? heldInShort(list, part) : heldIn(list, piece, part, longer);
        if (one.places.length > 0) held.push(one);
        count += one.places.length;
      }
      // Words of which no email is known for sure say something only where all of them are read.
      if (count > most && places === 0) return { found: undefined, sure };
      let read = 0;
      for (const many of batches) {
        if (known >= emails) break;
        const upTo = longestOf(held, Math.min(most, many));
        for (const { first, places: at, lengths } of held) {
          const wanted = at.filter((_, index) => lengths[index]! > read && lengths[index]! <= upTo);
          const block = wanted.length === 0 ? undefined : yield* blockNamed(account, segment, first);
          if (block !== undefined) eachPostingsAt(block, wanted, takeAll);
        }
        read = upTo;
      }
      // Where all emails of the segment are known, the words that were not read say nothing more.
      if (known >= emails) break;
      if (count > most) whole = false;
      if (further.length === 0) break;
    }
  }
  return { found: whole ? found : undefined, sure };
}

/** What stands in a list where a word holds the piece. */
const partOf = ({ word, begins, ends }: NeedlePiece): Buffer => {
  const end = String.fromCharCode(listEnd);
  return Buffer.from(`${begins ? end : ""}${word}${ends ? end : ""}`, "utf8");
};

/** Shorter parts stand in so many words that a plain loop is sooner through than one call for each. */
const minIndexedBytes = 3;

/** In words longer than `longer` bytes. */
function heldIn({ first, words }: BlockList, { begins }: NeedlePiece, part: Buffer, longer: number): Held {
  const places: number[] = [];
  const lengths: number[] = [];
  // The word that has been counted up to: its place, and where the `listEnd` before it is.
  let place = 0;
  let from = 0;
  for (let at = next(words, part, 0); at >= 0; ) {
    const inside = begins ? at + 1 : at;
    let to = from + 1;
    for (;;) {
      while (words[to] !== listEnd) if (++to >= words.length) return { first, places, lengths };
      if (to > inside) break;
      place++;
      from = to++;
    }
    const length = to - from - 1;
    if (length > longer) {
      places.push(place);
      lengths.push(length);
    }
    // The next word begins where this one ends.
    place++;
    from = to;
    at = next(words, part, begins ? to : to + 1);
  }
  return { first, places, lengths };
}

/** In words of up to `shortWord` bytes; `part` is shorter than `minIndexedBytes`. */
function heldInShort({ first, words, ends }: BlockList, part: Buffer): Held {
  const places: number[] = [];
  const lengths: number[] = [];
  const [one, other] = part;
  for (let place = 0; place + 1 < ends.length; place++) {
    const from = ends[place]!;
    const to = ends[place + 1]!;
    if (to - from - 1 > shortWord) continue;
    // A part may have the `listEnd` before a word, or the one after it, in it.
    for (let at = from; at <= to - part.length + 1; at++) {
      if (words[at] !== one || (other !== undefined && words[at + 1] !== other)) continue;
      places.push(place);
      lengths.push(to - from - 1);
      break;
    }
  }
  return { first, places, lengths };
}

function next(words: Buffer, part: Buffer, from: number): number {
  if (part.length >= minIndexedBytes) return words.indexOf(part, from);
  const [one, other] = part;
  const end = words.length - part.length + 1;
  for (let at = from; at < end; at++)
    if (words[at] === one && (other === undefined || words[at + 1] === other)) return at;
  return -1;
}

/** The length up to which there are so many words, or all. */
function longestOf(held: readonly Held[], many: number): number {
  const byLength: number[] = [];
  for (const { lengths } of held) for (const length of lengths) byLength[length] = (byLength[length] ?? 0) + 1;
  let count = 0;
  for (let length = 0; length < byLength.length; length++) {
    count += byLength[length] ?? 0;
    if (count >= many) return length;
  }
  return byLength.length;
}

function* listsOf(account: AccountId, segment: number): Op<readonly BlockList[]> {
  const { lists } = yield* memory();
  const name = `${account}/${segment}`;
  const known = lists.get(name);
  if (known !== undefined) return known;
  const all: BlockList[] = [];
  let bytes = 0;
  for (let after = ""; ; ) {
    const kept = yield* rows(
      `SELECT word, body FROM word_lists WHERE account = $1 AND segment = $2 AND word > $3 ORDER BY word LIMIT ${listsAtOnce}`,
      account,
      segment,
      after,
    );
    for (const [, body] of kept)
      for (const one of blocksIn(Buffer.from(unpackBody(body as Uint8Array)))) {
        all.push(one);
        bytes += one.words.length + one.ends.byteLength + listOverhead;
      }
    if (kept.length < listsAtOnce) break;
    after = kept.at(-1)![0] as string;
  }
  lists.put(name, all, bytes);
  return all;
}

/** Lists that were joined (`word-body.ts`). */
function* blocksIn(joined: Buffer): Generator<BlockList> {
  for (let at = joined.indexOf(blockStart); at >= 0; ) {
    const end = joined.indexOf(blockStart, at + 1);
    const words = joined.subarray(at + 1, end < 0 ? joined.length : end);
    const ends: number[] = [];
    for (let end = 0; end >= 0; end = words.indexOf(listEnd, end + 1)) ends.push(end);
    yield { first: words.toString("utf8", 1, ends[1]), words, ends: Uint32Array.from(ends) };
    at = end;
  }
}
