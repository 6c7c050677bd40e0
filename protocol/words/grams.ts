/**
 * What tells exact search which emails surely do not hold a needle: a Bloom filter of every four successive bytes of an email's
 * folded text. It rules out far more than the signature that is made on arrival (three bytes, `protocol/mime/signature.ts`),
 * is made behind the delivery, and has one of a few sizes, so that those of one size can be turned round (`gram-block.ts`).
 */
import { Buffer } from "node:buffer";
import { foldText } from "../mime/fold.ts";

/** The filters there are, in bytes. */
export const gramSizes = [64, 128, 256, 512, 1024, 2048, 4096] as const;
const largest = gramSizes[gramSizes.length - 1]!;
/** A filter is made smaller as long as no more than this share of its bits is set afterwards. */
const maxLoad = 0.5;
/** Folded text that is looked at; an email with more fits every needle. */
const maxGramBytes = 256 * 1024;

/** The filter of an email of which nothing is known. */
export const fitsAll: Uint8Array = new Uint8Array(gramSizes[0]).fill(255);

const fold = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) fold[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;
// As in the signatures: line ends and NUL are passed over on both sides.
fold[10] = fold[13] = 0;

/** How many bits of a byte are set. */
const bitsOf = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll("0", "").length);

function slotOf(gram: number): number {
  let hash = Math.imul(gram ^ (gram >>> 15), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Calls `take` with the slot of each gram. */
function eachSlot(bytes: Uint8Array, take: (slot: number) => void): void {
  let gram = 0;
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = fold[bytes[at]!]!;
    if (byte === 0) continue;
    gram = (gram << 8) | byte;
    if (++length >= 4) take(slotOf(gram));
  }
}

/** Work space of the one builder in use. */
const scratch = new Uint8Array(largest);

/** Collects text and makes the filter of it. One at a time: a new builder forgets what the one before collected. */
export class GramBuilder {
  readonly #size: number;
  #left = maxGramBytes;

  /** `expectedBytes`: about how much text will come. */
  constructor(expectedBytes: number) {
    this.#size = gramSizes.find((size) => size * 2 >= expectedBytes) ?? largest;
    scratch.fill(0, 0, this.#size);
  }

  /** ASCII bytes as they are; case does not matter. */
  addAscii(bytes: Uint8Array): void {
    this.#left -= bytes.length;
    if (this.#left < 0) return;
    const mask = this.#size * 8 - 1;
    eachSlot(bytes, (slot) => {
      const bit = slot & mask;
      scratch[bit >>> 3]! |= 1 << (bit & 7);
    });
  }

  /** Decoded text. */
  addText(text: string): void {
    this.addAscii(Buffer.from(foldText(text), "utf8"));
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

/** Slots of a needle as the client gave it; empty where it is too short to tell. */
export function gramSlots(needle: string): readonly number[] {
  const slots = new Set<number>();
  eachSlot(Buffer.from(foldText(needle), "utf8"), (slot) => slots.add(slot));
  return [...slots];
}
