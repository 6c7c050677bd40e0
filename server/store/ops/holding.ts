/** Emails with a word that holds a piece of a needle, found in the lists of all words of an account (`word_lists`). */
import { Buffer } from "node:buffer";
import { bytesOf } from "../../../protocol/mime/header.ts";
import { entryOf, listEnd } from "../../../protocol/words/dictionary.ts";
import type { BitSet } from "../../../protocol/words/email-set.ts";
import type { NeedlePiece } from "../../../protocol/words/grams.ts";
import { loose, type Places, PostingList } from "../../../protocol/words/postings.ts";
import type { AccountId } from "../store.ts";
import { type Op, rows } from "./tx.ts";
import { blockStart, unpackBody } from "./word-body.ts";
import { blockOf, readSegments } from "./words.ts";

/** Lists read at once. */
const listsAtOnce = 8;

/** Words of one block of a segment, ascending; `first`: its first word, by which it is named. */
type BlockWords = { readonly segment: number; readonly first: string; readonly words: readonly string[] };

/** The words that hold a piece of a needle; `whole` unless there are more than `most`. */
export type Holding = { readonly blocks: readonly BlockWords[]; readonly count: number; readonly whole: boolean };

export function* wordsHolding(account: AccountId, piece: NeedlePiece, most: number): Op<Holding> {
  const { word, begins, ends } = piece;
  const blocks: BlockWords[] = [];
  let count = 0;
  for (const { segment } of yield* readSegments(account)) {
    // A whole word needs no list.
    if (begins && ends) blocks.push({ segment, first: word, words: [word] });
    else count += yield* listedWords(account, segment, piece, most - count, blocks);
    if (count > most) return { blocks, count, whole: false };
  }
  return { blocks, count, whole: true };
}

/** About so many of them, the short ones, which are frequent. */
export function shortOnes({ blocks }: Holding, most: number): readonly BlockWords[] {
  const lengths = blocks.flatMap(({ words }) => words.map(({ length }) => length)).sort((one, other) => one - other);
  const longest = lengths[most] ?? Number.POSITIVE_INFINITY;
  return blocks.map((one) => ({ ...one, words: one.words.filter(({ length }) => length < longest) }));
}

/** Adds the emails that have one of the words to `found`, and those where it has been seen as it is in one of the places to `seen`. */
export function* addEmails(
  account: AccountId,
  all: readonly BlockWords[],
  found: BitSet,
  seen: BitSet,
  places: Places,
): Op<void> {
  const take = (email: number, at: Places): void => {
    found.add(email);
    if ((at & loose) === 0 && (at & places) !== 0) seen.add(email);
  };
  for (const { segment, first, words } of all) {
    if (words.length === 0) continue;
    const block = yield* blockOf(account, segment, first);
    if (block === undefined) continue;
    for (const word of words) {
      const postings = entryOf(block, word);
      if (postings === undefined) continue;
      const list = new PostingList(postings);
      for (let at = 0; at < list.blocks; at++) list.eachOf(at, take);
    }
  }
}

/** Adds the words of a segment that hold the piece to `blocks`; answers how many, one more than `most` where there are too many. */
function* listedWords(
  account: AccountId,
  segment: number,
  { word, begins, ends }: NeedlePiece,
  most: number,
  blocks: BlockWords[],
): Op<number> {
  const end = String.fromCharCode(listEnd);
  const part = Buffer.from(`${begins ? end : ""}${word}${ends ? end : ""}`, "utf8");
  let count = 0;
  for (let after = ""; ; ) {
    const lists = yield* rows(
      `SELECT word, body FROM word_lists WHERE account = $1 AND segment = $2 AND word > $3 ORDER BY word LIMIT ${listsAtOnce}`,
      account,
      segment,
      after,
    );
    for (const [, body] of lists) {
      const list = bytesOf(unpackBody(body as Uint8Array));
      let words: string[] = [];
      for (let at = list.indexOf(part), next = 0; at >= 0; ) {
        const from = begins ? at + 1 : list.lastIndexOf(listEnd, at) + 1;
        const to = list.indexOf(listEnd, from);
        if (to < 0) break; // no list that this program has written ends so
        if (from > next) {
          // The first one in a block that has not been seen before.
          const start = list.lastIndexOf(blockStart, from) + 2;
          words = [];
          blocks.push({ segment, first: list.toString("utf8", start, list.indexOf(listEnd, start)), words });
          next = list.indexOf(blockStart, from);
          if (next < 0) next = list.length;
        }
        words.push(list.toString("utf8", from, to));
        if (++count > most) return count;
        at = list.indexOf(part, to);
      }
    }
    if (lists.length < listsAtOnce) return count;
    after = lists.at(-1)![0] as string;
  }
}
