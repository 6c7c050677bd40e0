/**
 * What tells exact search which emails surely do not hold a needle: a Bloom filter of the four successive bytes of an email's folded
 * text that the index of words does not answer for. Runs of letters and digits that are words of the email there are left out, so that
 * needles put together from what all words are made of are ruled out too; the dictionary of words says where those runs are
 * (`runs.ts`). Made behind the delivery, of one of a few sizes, so that those of one size can be turned round (`gram-block.ts`).
 */
import { Buffer } from "node:buffer";
import { foldText } from "../mime/fold.ts";
import { eachStretch, isPlain, Kind, wordOf } from "./runs.ts";

/** The filters there are, in bytes. */
export const gramSizes = [64, 128, 256, 512, 1024, 2048, 4096] as const;
/** ASCII capitals as small letters. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte));
const largest = gramSizes[gramSizes.length - 1]!;
/** A filter is made smaller as long as no more than this share of its bits is set afterwards. */
const maxLoad = 0.5;
/** Folded text that is looked at; an email with more fits every needle. */
export const maxGramBytes = 256 * 1024;

/** The filter of an email of which nothing is known. */
export const fitsAll: Uint8Array = new Uint8Array(gramSizes[0]).fill(255);

/** Grams with a blank in the middle are always in the filter: of two words they tell whether they stand side by side. */
const tellsOfBlank = (gram: number): boolean => isBlank((gram >>> 8) & 255) || isBlank((gram >>> 16) & 255);
const isBlank = (byte: number): boolean => byte === 32 || byte === 9;

/** How many bits of a byte are set. */
const bitsOf = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

function slotOf(gram: number): number {
  let hash = Math.imul(gram ^ (gram >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Work space of the one builder in use. */
const scratch = new Uint8Array(largest);

/** Whether the index of words has this word of the email; `asItIs`: it stands in the text letter by letter. */
export type IsWord = (word: string, asItIs: boolean) => boolean;

/** Collects text and makes the filter of it. One at a time: a new builder forgets what the one before collected. */
export class GramBuilder {
  readonly #size: number;
  #left = maxGramBytes;

  /** `expectedBytes`: about how much text will come. */
  constructor(expectedBytes: number) {
    this.#size = gramSizes.find((size) => size * 2 >= expectedBytes) ?? largest;
    scratch.fill(0, 0, this.#size);
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
    const mask = this.#size * 8 - 1;
    let gram = 0;
    let length = 0;
    /** Of the last four bytes, one bit each: whether it must be in the filter. */
    let wanted = 0;
    eachStretch(bytes, (kind, from, to) => {
      let own = kind === Kind.mark ? 1 : 0;
      if (kind === Kind.run) {
        const plain = ascii !== undefined || isPlain(bytes, from, to);
        const word = ascii?.slice(from, to) ?? wordOf(bytes, from, to);
        if (!isWord(word, plain)) own = 1;
      }
      for (let at = from; at < to; at++) {
        if (own === 0 && wanted === 0 && at - from >= 2 && to - at > 4) {
          // What lies between is in no gram that is wanted.
          length += to - 4 - at;
          at = to - 4;
        }
        gram = (gram << 8) | lower[bytes[at]!]!;
        wanted = ((wanted << 1) | own) & 15;
        if (++length < 4 || (wanted === 0 && !tellsOfBlank(gram))) continue;
        const bit = slotOf(gram) & mask;
        scratch[bit >>> 3]! |= 1 << (bit & 7);
      }
    });
  }

  /** Whether more came than is looked at. */
  get full(): boolean {
    return this.#left < 0;
  }

  /** A filter of one of the sizes; all bits are set where the text was too long. */
  finish(): Uint8Array {
    if (this.full) return fitsAll;
    let size = this.#size;
    while (size > gramSizes[0]) {
      const half = size / 2;
      let set = 0;
      for (let at = 0; at < half; at++) set += bitsOf[scratch[at]! | scratch[at + half]!]!;
      if (set > half * 8 * maxLoad) break;
      for (let at = 0; at < half; at++) scratch[at]! |= scratch[at + half]!;
      size = half;
    }
    return scratch.slice(0, size);
  }
}

/** A run of letters and digits of a needle. */
export type NeedlePiece = {
  /** As the index of words would have it. */
  readonly word: string;
  /** The run begins, and ends, in the needle; otherwise it may go on beyond it in the text. */
  readonly begins: boolean;
  readonly ends: boolean;
  /** What the filter has where this run is not a word of the email. */
  readonly slots: readonly number[];
};

export type NeedleGrams = {
  /** What the filter has in any case. */
  readonly slots: readonly number[];
  /** An email must have each of them: as a word, or in its filter. */
  readonly pieces: readonly NeedlePiece[];
  /** The needle is one run, and its own word: what has a word that holds it and stands in the text as it is holds it for sure. */
  readonly bare: boolean;
};

/** A needle as the client gave it. */
export function needleGrams(needle: string): NeedleGrams {
  // Half a surrogate pair has no bytes of its own: nothing is known of such a needle.
  if (!needle.isWellFormed()) return { slots: [], pieces: [], bare: false };
  const bytes = Buffer.from(foldText(needle), "utf8");
  const slots = new Set<number>();
  const pieces: (Omit<NeedlePiece, "slots"> & { readonly slots: Set<number> })[] = [];
  // What each of the last four bytes belongs to: a piece, a mark (its slots are `slots`), or a blank.
  const owners: (Set<number> | undefined)[] = [];
  let gram = 0;
  let length = 0;
  eachStretch(bytes, (kind, from, to) => {
    let own: Set<number> | undefined = kind === Kind.mark ? slots : undefined;
    if (kind === Kind.run) {
      own = new Set();
      pieces.push({
        word: wordOf(bytes, from, to),
        begins: from > 0,
        ends: to < bytes.length,
        slots: own,
      });
    }
    for (let at = from; at < to; at++) {
      gram = (gram << 8) | bytes[at]!;
      owners.push(own);
      if (owners.length > 4) owners.shift();
      if (++length < 4) continue;
      if (tellsOfBlank(gram)) slots.add(slotOf(gram));
      else for (const owner of owners) owner?.add(slotOf(gram));
    }
  });
  return {
    slots: [...slots],
    pieces: pieces.map((piece) => ({ ...piece, slots: [...piece.slots] })),
    bare: pieces.length === 1 && !pieces[0]!.begins && !pieces[0]!.ends && isPlain(bytes, 0, bytes.length),
  };
}
