/**
 * The filters (`grams.ts`) of many emails, turned round: for each bit of a filter one bit for each email. A search reads a few
 * columns for a thousand emails in place of a thousand filters.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { bitOf } from "./grams.ts";

/** Emails of one block. A row of eight columns, 960 bytes, then fits into a page of SQLite's four times. */
export const gramBlockEmails = 960;
const columnBytes = gramBlockEmails / 8;
/** Neighbouring columns that are kept together. */
const columnsPerChunk = 8;

/** `filters`: of one size, at most `gramBlockEmails`. Chunk c has the columns from 8c on. */
export function turnRound(filters: readonly Uint8Array[], size: number): readonly Uint8Array[] {
  const columns = size * 8;
  const bits = new Uint8Array(columns * columnBytes);
  for (let email = 0; email < filters.length; email++) {
    const at = email >>> 3;
    const mask = 1 << (email & 7);
    const filter = filters[email]!;
    for (let byte = 0; byte < filter.length; byte++)
      for (let left = filter[byte]!; left !== 0; left &= left - 1)
        bits[(byte * 8 + 31 - Math.clz32(left & -left)) * columnBytes + at]! |= mask;
  }
  const chunkBytes = columnsPerChunk * columnBytes;
  return Array.from({ length: columns / columnsPerChunk }, (_, at) =>
    bits.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  );
}

export type Column = { readonly chunk: number; readonly from: number };

/** Where the column of a slot is, for filters of `size` bytes. */
export function columnOf(slot: number, size: number): Column {
  const column = bitOf(slot, size * 8);
  return { chunk: Math.floor(column / columnsPerChunk), from: (column % columnsPerChunk) * columnBytes };
}

/** Which emails of a block are left. */
export class Left {
  readonly #bits = new Uint8Array(columnBytes).fill(255);

  /** Takes out those that the column (in its chunk, from there on) does not have; answers whether any are left. */
  keep(chunk: Uint8Array, from: number): boolean {
    let any = 0;
    for (let at = 0; at < columnBytes; at++) any |= this.#bits[at]! &= chunk[from + at] ?? 0;
    return any !== 0;
  }

  has(index: number): boolean {
    return ((this.#bits[index >>> 3]! >>> (index & 7)) & 1) === 1;
  }
}

/** Whether one filter holds all slots. */
export function holdsSlots(filter: Uint8Array, slots: readonly number[]): boolean {
  const bits = filter.length * 8;
  for (const slot of slots) {
    const bit = bitOf(slot, bits);
    if (((filter[bit >>> 3]! >>> (bit & 7)) & 1) === 0) return false;
  }
  return true;
}

/** `emails` ascend. */
export function encodeEmails(emails: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  let before = 0;
  for (const email of emails) {
    out.number(email - before);
    before = email;
  }
  return out.finish();
}

export function decodeEmails(bytes: Uint8Array): readonly number[] {
  const reader = new ByteReader(bytes);
  const emails: number[] = [];
  for (let email = 0; !reader.ended; ) emails.push((email += reader.number()));
  return emails;
}
