/**
 * Trigram signature of a message: a Bloom filter with one bit per three successive bytes of its folded text, so that a
 * search reads only the messages that may match. Line ends and NUL are passed over on both sides.
 */
import { Buffer } from "node:buffer";
import { foldText } from "./fold.ts";

/** The largest filter. */
export const maxSignatureBytes = 32 * 1024;
/** Folded text that is looked at; a message with more gets an empty signature, which means "look inside". */
export const maxIndexedBytes = 256 * 1024;
/** A filter is halved as long as no more than this share of its bits is set afterwards. */
const maxLoad = 0.25;
const minSignatureBytes = 16;
/** Text for one byte of a new filter: ordinary text then sets about half of the bits. */
const bytesPerSignatureByte = 24;

/** ASCII capitals to small letters; 0 for what is passed over. */
const asciiFold = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) asciiFold[byte] = byte >= 65 && byte <= 90 ? byte + 32 : byte;
asciiFold[10] = asciiFold[13] = 0;

/** Work space of the one builder in use, as bytes and as words. */
const scratch = new Uint8Array(maxSignatureBytes);
const scratchWords = new Uint32Array(scratch.buffer);

/** Collects text and makes the signature of it. One at a time: a new builder forgets what the one before collected. */
export class SignatureBuilder {
  readonly #mask: number;
  #left = maxIndexedBytes;

  /** `expectedBytes`: about how much text will come. */
  constructor(expectedBytes: number) {
    let bytes = minSignatureBytes;
    while (bytes < maxSignatureBytes && bytes * bytesPerSignatureByte < expectedBytes) bytes *= 2;
    scratchWords.fill(0, 0, bytes / 4);
    this.#mask = bytes * 8 - 1;
  }

  /** Adds ASCII bytes as they are; case does not matter. */
  addAscii(bytes: Uint8Array): void {
    this.#left -= bytes.length;
    if (this.#left >= 0) addTrigrams(bytes, this.#mask);
  }

  /** Adds decoded text. */
  addText(text: string): void {
    const folded = foldText(text);
    const bytes = Buffer.from(folded, "utf8");
    this.#left -= bytes.length;
    if (this.#left >= 0) addTrigrams(bytes, this.#mask);
  }

  /** Whether more came than is looked at. */
  get full(): boolean {
    return this.#left < 0;
  }

  /** The filter: zero-length where the text was too long. */
  finish(): Uint8Array {
    if (this.full) return new Uint8Array(0);
    let words = (this.#mask + 1) / 32;
    while (words * 4 > minSignatureBytes) {
      const half = words / 2;
      let set = 0;
      for (let i = 0; i < half; i++) set += bitCount(scratchWords[i]! | scratchWords[i + half]!);
      if (set > half * 32 * maxLoad) break;
      for (let i = 0; i < half; i++) scratchWords[i] = scratchWords[i]! | scratchWords[i + half]!;
      words = half;
    }
    return scratch.slice(0, words * 4);
  }
}

function addTrigrams(bytes: Uint8Array, mask: number): void {
  let trigram = 0;
  let i = 0;
  // The first two bytes only fill the window.
  for (let length = 0; i < bytes.length && length < 2; i++) {
    const byte = asciiFold[bytes[i]!]!;
    if (byte === 0) continue;
    trigram = (trigram << 8) | byte;
    length++;
  }
  for (; i < bytes.length; i++) {
    const byte = asciiFold[bytes[i]!]!;
    if (byte === 0) continue;
    trigram = ((trigram << 8) | byte) & 0xffffff;
    const index = slot(trigram) & mask;
    scratch[index >>> 3]! |= 1 << (index & 7);
  }
}

/** Fibonacci hashing, the high bits mixed down so that a filter can be halved by its upper bit. */
function slot(trigram: number): number {
  const product = Math.imul(trigram, 0x9e3779b1);
  return product ^ (product >>> 15);
}

function bitCount(word: number): number {
  let count = word - ((word >>> 1) & 0x55555555);
  count = (count & 0x33333333) + ((count >>> 2) & 0x33333333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Slots of a needle, to be asked of many signatures; empty where it is too short to tell. */
export type NeedleSlots = Uint32Array;

/** The slots of a needle as the client gave it. */
export function needleSlots(needle: string): NeedleSlots {
  const folded = Buffer.from(foldText(needle), "utf8");
  const slots: number[] = [];
  let trigram = 0;
  let length = 0;
  for (const byte of folded) {
    const value = asciiFold[byte]!;
    if (value === 0) continue;
    trigram = ((trigram << 8) | value) & 0xffffff;
    if (++length >= 3) slots.push(slot(trigram) >>> 0);
  }
  return Uint32Array.from(slots);
}

/** False only where the message certainly does not hold the needle. */
export function mayContainSlots(signature: Uint8Array, slots: NeedleSlots): boolean {
  if (signature.length === 0) return true;
  const mask = signature.length * 8 - 1;
  for (let i = 0; i < slots.length; i++) {
    const index = slots[i]! & mask;
    if (((signature[index >>> 3]! >>> (index & 7)) & 1) === 0) return false;
  }
  return true;
}

/** False only where the message certainly does not hold `needle` (as the client gave it, in Unicode). */
export function mayContain(signature: Uint8Array, needle: string): boolean {
  return mayContainSlots(signature, needleSlots(needle));
}
