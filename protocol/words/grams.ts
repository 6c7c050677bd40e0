/**
 * What tells exact search which emails surely do not hold a needle: two Bloom filters of what of an email's folded text the index of words does not
 * answer for. One has three successive bytes of each run of letters and digits that is no word of the email in the index; the dictionary of words says
 * where the other runs are (`runs.ts`), so that needles put together from what all words are made of are ruled out too. The other has what stands between
 * runs: four successive bytes with a mark among them, and the bytes around blanks. They are apart because there are few of the first in most mail, and a
 * needle may have one of them alone. Made behind the delivery, of one of a few sizes, so that those of one size can be turned round (`gram-block.ts`).
 */
import { Buffer } from "node:buffer";
import { foldText } from "../mime/fold.ts";
import { eachStretch, isPlain, Kind, wordOf } from "./runs.ts";

/** The filters there are, in bytes: each is a half or a third of larger ones, and they can be folded into it. */
export const gramSizes = [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144] as const;
/** What a filter has. */
export const GramKind = { run: 0, between: 1 } as const;
export type GramKind = (typeof GramKind)[keyof typeof GramKind];
/** ASCII capitals as small letters. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const largest = gramSizes[gramSizes.length - 1]!;
/** A filter is the smallest one of which no more than this share of the bits is set. */
const maxLoad = 0.5;
/** Folded text that is looked at; an email with more fits every needle. */
export const maxGramBytes = 256 * 1024;

/** A filter of which nothing is known. */
const fitsAll: Uint8Array = new Uint8Array(gramSizes[0]).fill(255);

/**
 * What stands around a blank is always in the filter, as one gram each of the bytes before it, itself, and the bytes after it: of two words they tell
 * whether they stand side by side. Short ones for needles that have no more, long ones because a few letters stand so in nearly every text.
 */
const aroundBlank: readonly (readonly [before: number, after: number])[] = [
  [2, 1],
  [3, 2],
  [3, 3],
  [4, 4],
];
/** What tells grams of runs from the others, and the second bit that each of those has from the first: a needle of three letters has but one gram. */
const inRun = [255, 254] as const;

/** By the first four bytes of a gram, and the others with what sort of gram it is. */
function slotOf(gram: number, rest: number): number {
  let hash = Math.imul(gram ^ (gram >>> 15), 0x85ebca6b) ^ Math.imul(rest, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Text without what is passed over, and in small letters, of the one that is taken apart. */
const kept = new Uint8Array(maxGramBytes);

/**
 * Calls `take` with each gram around a blank and with a mark, and what `run` gives (asked with each run's place in `bytes`) with each gram of three bytes in that run.
 * `bytes`: at most `maxGramBytes`.
 */
function eachGram(
  bytes: Uint8Array,
  take: (slot: number) => void,
  run: (from: number, to: number) => ((slot: number) => void) | undefined,
): void {
  let end = 0;
  const blanks: number[] = [];
  const marks: number[] = [];
  eachStretch(bytes, (kind, from, to) => {
    const begin = end;
    for (let at = from; at < to; at++) kept[end++] = lower[bytes[at]!]!;
    if (kind === Kind.mark) marks.push(begin, end);
    else if (kind === Kind.blank) blanks.push(begin, end);
    else {
      const takeRun = run(from, to);
      if (takeRun === undefined) return;
      for (let at = begin; at + 3 <= end; at++) {
        const gram = (kept[at]! << 16) | (kept[at + 1]! << 8) | kept[at + 2]!;
        for (const bit of inRun) takeRun(slotOf(gram, bit));
      }
    }
  });
  for (let index = 0; index < marks.length; index += 2) {
    const last = Math.min(marks[index + 1]! - 1, end - 4);
    for (let at = Math.max(0, marks[index]! - 3); at <= last; at++) take(slotOf(fourAt(at), 0));
  }
  for (let index = 0; index < blanks.length; index += 2)
    for (let blank = blanks[index]!; blank < blanks[index + 1]!; blank++)
      for (const [before, after] of aroundBlank) {
        const from = blank - before;
        if (from < 0 || blank + after >= end) continue;
        let rest = after;
        for (let at = from + 4; at <= blank + after; at++) rest = Math.imul(rest, 0x01000193) ^ kept[at]!;
        take(slotOf(fourAt(from), rest));
      }
}

const fourAt = (at: number): number => (kept[at]! << 24) | (kept[at + 1]! << 16) | (kept[at + 2]! << 8) | kept[at + 3]!;

/** The bit that a slot is in a filter of so many bits: in one of half as many it is half as far. */
export const bitOf = (slot: number, bits: number): number => Math.floor((slot * bits) / 2 ** 32);

/** A filter as it is made: a byte for each bit. */
class Growing {
  readonly #bits = new Uint8Array(largest * 8);
  readonly #fours = new Uint32Array(this.#bits.buffer);
  readonly #set = new Uint32Array(largest * 8);
  #end = 0;

  /** Forgets what it had; `bits`: of a size that the others are parts of. */
  begin(bits: number): void {
    this.#bits.fill(0, 0, bits);
    this.#end = bits;
  }

  readonly take = (slot: number): void => {
    this.#bits[bitOf(slot, this.#end)] = 1;
  };

  finish(): Uint8Array {
    const [bits, fours, set] = [this.#bits, this.#fours, this.#set];
    let length = 0;
    for (let four = 0; four < this.#end / 4; four++) {
      if (fours[four] === 0) continue;
      for (let bit = 4 * four; bit < 4 * four + 4; bit++) if (bits[bit] === 1) set[length++] = bit;
    }
    for (const size of gramSizes) {
      const fold = this.#end / (size * 8);
      // A filter that holds far more than it has bits for is not even tried.
      if (fold > 1 && (!Number.isInteger(fold) || length > size * 8)) continue;
      const filter = new Uint8Array(size);
      let count = 0;
      for (let at = 0, before = -1; at < length; at++) {
        const bit = Math.floor(set[at]! / fold);
        if (bit === before) continue;
        filter[bit >>> 3]! |= 1 << (bit & 7);
        before = bit;
        count++;
      }
      if (count <= size * 8 * maxLoad || fold <= 1) return filter;
    }
    return fitsAll;
  }
}

/** Work space of the one builder in use. */
const growing = { run: new Growing(), between: new Growing() } as const;
/** Text for a byte of a filter when it is begun: what it becomes is smaller. */
const bytesPerByte = 3;

/** Whether the index of words has this word of the email; `asItIs`: it stands in the text letter by letter. */
export type IsWord = (word: string, asItIs: boolean) => boolean;

/** What an email has of each kind. */
export type GramFilters = readonly [run: Uint8Array, between: Uint8Array];
/** The filters of an email of which nothing is known. */
export const fitAll: GramFilters = [fitsAll, fitsAll];

/** Collects text and makes the filters of it. One at a time: a new builder forgets what the one before collected. */
export class GramBuilder {
  #left = maxGramBytes;

  /** `expectedBytes`: about how much text will come. */
  constructor(expectedBytes: number) {
    const size = gramSizes.find((size) => size % 3 === 0 && size * bytesPerByte >= expectedBytes) ?? largest;
    growing.run.begin(size * 8);
    growing.between.begin(size * 8);
  }

  /** ASCII bytes as they are; case does not matter. `isWord` is asked for every run. */
  addAscii(bytes: Buffer, isWord: IsWord): void {
    this.#add(bytes, isWord, bytes.toString("latin1").toLowerCase());
  }

  /** Decoded text. */
  addText(text: string, isWord: IsWord): void {
    const folded = foldText(text);
    const bytes = Buffer.from(folded, "utf8");
    this.#add(bytes, isWord, bytes.length === folded.length ? folded : undefined);
  }

  /** `ascii`: the same as folded text, where each byte is a character. */
  #add(bytes: Buffer, isWord: IsWord, ascii: string | undefined): void {
    this.#left -= bytes.length;
    if (this.#left < 0) return;
    eachGram(bytes, growing.between.take, (from, to) => {
      const plain = ascii !== undefined || isPlain(bytes, from, to);
      return isWord(ascii?.slice(from, to) ?? wordOf(bytes, from, to), plain) ? undefined : growing.run.take;
    });
  }

  /** Whether more came than is looked at. */
  get full(): boolean {
    return this.#left < 0;
  }

  /** Filters of some of the sizes; all bits are set where the text was too long. */
  finish(): GramFilters {
    return this.full ? fitAll : [growing.run.finish(), growing.between.finish()];
  }
}

/** A run of letters and digits of a needle. */
export type NeedlePiece = {
  /** As the index of words would have it. */
  readonly word: string;
  /** The run begins, and ends, in the needle; otherwise it may go on beyond it in the text. */
  readonly begins: boolean;
  readonly ends: boolean;
  /** What the filter of runs has where this one is not a word of the email. */
  readonly slots: readonly number[];
};

export type NeedleGrams = {
  /** What the filter of all between runs has in any case. */
  readonly slots: readonly number[];
  /** An email must have each of them: as a word, or in its filter. */
  readonly pieces: readonly NeedlePiece[];
  /** The needle is one run, and its own word: what has a word that holds it and stands in the text as it is holds it for sure. */
  readonly bare: boolean;
};

/** A needle as the client gave it. */
export function needleGrams(needle: string): NeedleGrams {
  const bytes = Buffer.from(foldText(needle), "utf8");
  // Half a surrogate pair has no bytes of its own, and nobody has such texts: nothing is known of such needles.
  if (!needle.isWellFormed() || bytes.length > maxGramBytes) return { slots: [], pieces: [], bare: false };
  const slots = new Set<number>();
  const pieces: (Omit<NeedlePiece, "slots"> & { readonly slots: Set<number> })[] = [];
  const take = (slot: number) => slots.add(slot);
  eachGram(bytes, take, (from, to) => {
    const own = new Set<number>();
    pieces.push({ word: wordOf(bytes, from, to), begins: from > 0, ends: to < bytes.length, slots: own });
    return (slot) => own.add(slot);
  });
  return {
    slots: [...slots],
    pieces: pieces.map((piece) => ({ ...piece, slots: [...piece.slots] })),
    bare: pieces.length === 1 && !pieces[0]!.begins && !pieces[0]!.ends && isPlain(bytes, 0, bytes.length),
  };
}
