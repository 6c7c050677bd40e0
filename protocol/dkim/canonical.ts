/** The canonical forms that DKIM and ARC sign (RFC 6376 §3.4). */
import { Buffer } from "node:buffer";

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;
const lineEnd = Buffer.from("\r\n");

/** RFC 6376 §3.4.2: a whole field (name, colon, value, folds and line end included) as a byte string; no line end after it. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  const name = (colon < 0 ? field : field.slice(0, colon)).replace(/[ \t]+$/, "").toLowerCase();
  let from = colon + 1;
  let end = field.length;
  if (field.endsWith("\r\n")) end -= 2;
  while (from < end && isBlank(field.charCodeAt(from))) from++;
  while (end > from && isBlank(field.charCodeAt(end - 1))) end--;
  const value = field.slice(from, end);
  if (!/ {2}|\t|\r\n/.test(value)) return `${name}:${value}`; // nearly always
  const unfolded = value.replace(/\r\n/g, "").replace(/[ \t]+/g, " ");
  return `${name}:${unfolded.replace(/^ | $/g, "")}`;
}

/** Is given the canonical bytes of a body one piece after the other; a piece may be written over when it returns. */
export type TakePiece = (piece: Uint8Array) => void;

/** RFC 6376 §3.4.3: as it is, with one line end at its end. */
export function simpleBody(body: Buffer, take: TakePiece): void {
  let end = body.length;
  while (end >= 2 && body[end - 2] === cr && body[end - 1] === lf) end -= 2;
  take(body.subarray(0, end));
  take(lineEnd);
}

/** Small enough to stay in the processor's cache until it is hashed. */
const pieceBytes = 32 * 1024;
/** Eight bytes are written before it is known how many of them count, and one more after them. */
const spareBytes = 16;
const piece = new Uint8Array(new ArrayBuffer(pieceBytes + spareBytes));
const pieceView = new DataView(piece.buffer);

/**
 * RFC 6376 §3.4.4: runs of blanks are one space, none at the end of a line, no empty lines at the end. What is canonical from the start is
 * given as it lies in `body` (most bodies are, wholly). From the first change on all is copied together in one pass: eight bytes at a time
 * are copied as they are, where none of them is a control (but CR and LF) or stands behind a space though it is no visible character.
 */
export function relaxedBody(body: Buffer, take: TakePiece): void {
  const end = endOfText(body);
  if (end === 0) return;
  const bytes = new DataView(body.buffer, body.byteOffset, body.length);
  let i = unchangedUntil(body, bytes, end);
  if (i > 0) take(body.subarray(0, i));
  let length = 0;
  while (i < end) {
    const last = Math.min(end, i + pieceBytes - length) - 8;
    let blankBefore = 0;
    for (; i <= last; i += 8, length += 8) {
      const low = bytes.getInt32(i, true);
      const high = bytes.getInt32(i + 4, true);
      pieceView.setInt32(length, low, true);
      pieceView.setInt32(length + 4, high, true);
      const lowBlanks = below(low, 0x21212121);
      const highBlanks = below(high, 0x21212121);
      const controls = below(low, 0x0a0a0a0a) | below(high, 0x0a0a0a0a);
      const pairs =
        (lowBlanks & ((lowBlanks << 8) | blankBefore)) | (highBlanks & ((highBlanks << 8) | (lowBlanks >>> 24)));
      if ((pairs | controls) !== 0) {
        const skip = unchanged(low, high, blankBefore !== 0 && body[i - 1] === space);
        if (skip < 8) {
          i += skip;
          length += skip;
          blankBefore = 0;
          break;
        }
      }
      blankBefore = highBlanks >>> 24;
    }
    // A space at the end of what was copied may be the first of several.
    if (blankBefore !== 0 && body[i - 1] === space) {
      i--;
      length--;
    }
    if (i < end) {
      const byte = body[i++]!;
      if (!isBlank(byte)) piece[length++] = byte;
      else {
        while (isBlank(body[i]!)) i++;
        if (body[i] !== cr || body[i + 1] !== lf) piece[length++] = space;
      }
    }
    if (length >= pieceBytes - spareBytes) {
      take(piece.subarray(0, length));
      length = 0;
    }
  }
  if (length > 0) take(piece.subarray(0, length));
  // The last line keeps, or is given, its CRLF.
  take(lineEnd);
}

/** Blanks are looked for by the platform, which passes over base64 many bytes at a time, once in so many bytes. */
const strideBytes = 4096;

/** How many bytes from the start surely stay as they are: those before `end` without blanks, and those with single spaces within a line. */
function unchangedUntil(body: Buffer, bytes: DataView, end: number): number {
  const tabAt = place(body.indexOf(tab), end);
  for (let from = 0; ; ) {
    const calm = Math.min(place(body.indexOf(space, from), end), tabAt);
    if (calm === end || calm === tabAt) return calm;
    if (calm - from >= strideBytes) from = calm;
    const stop = Math.min(end, tabAt, from + strideBytes);
    const looked = singleSpaces(bytes, from, stop);
    if (looked <= stop - 9 || stop - from < strideBytes) return looked;
    from = looked;
  }
}

const place = (found: number, end: number): number => (found < 0 || found > end ? end : found);

/** As far from `from` as there are no controls (but CR and LF), and no space stands before what is no visible character; eight bytes at a time before `stop`. */
function singleSpaces(bytes: DataView, from: number, stop: number): number {
  let spaceBefore = 0;
  let i = from;
  for (; i <= stop - 8; i += 8) {
    const low = bytes.getInt32(i, true);
    const high = bytes.getInt32(i + 4, true);
    // A "!" behind a space may be marked too: then less is known to stay than does.
    const lowSpaces = below(low ^ 0x20202020, 0x01010101);
    const highSpaces = below(high ^ 0x20202020, 0x01010101);
    const marks =
      (below(low, 0x21212121) & ((lowSpaces << 8) | spaceBefore)) |
      (below(high, 0x21212121) & ((highSpaces << 8) | (lowSpaces >>> 24))) |
      below(low, 0x0a0a0a0a) |
      below(high, 0x0a0a0a0a);
    if (marks !== 0) break;
    spaceBefore = highSpaces >>> 24;
  }
  // A space at the end may be the first of several.
  return spaceBefore !== 0 ? i - 1 : i;
}

/** Without the blanks and line ends at its end. */
function endOfText(body: Buffer): number {
  let end = body.length;
  for (;;) {
    if (end > 0 && isBlank(body[end - 1]!)) end--;
    else if (end >= 2 && body[end - 1] === lf && body[end - 2] === cr) end -= 2;
    else return end;
  }
}

/** The top bit of each byte of `word` that is less than that of `bound`: sure of the lowest one that is marked, those above it may be wrong. */
function below(word: number, bound: number): number {
  return (word - bound) & ~word & 0x80808080;
}

/** How many of eight bytes are to be copied as they are; -1: the space before them begins what changes. */
function unchanged(low: number, high: number, spaceBefore: boolean): number {
  const lowSpaces = below(low ^ 0x20202020, 0x01010101);
  const highSpaces = below(high ^ 0x20202020, 0x01010101);
  const lowPairs = below(low, 0x21212121) & ((lowSpaces << 8) | (spaceBefore ? 0x80 : 0));
  const highPairs = below(high, 0x21212121) & ((highSpaces << 8) | (lowSpaces >>> 24));
  // What changes begins with the space before the second one of a pair.
  const pair = lowPairs !== 0 ? lowest(lowPairs) - 1 : highPairs !== 0 ? lowest(highPairs) + 3 : 8;
  const lowControls = below(low, 0x0a0a0a0a);
  const highControls = below(high, 0x0a0a0a0a);
  const control = lowControls !== 0 ? lowest(lowControls) : highControls !== 0 ? lowest(highControls) + 4 : 8;
  return Math.min(pair, control);
}

/** The number of the lowest byte that is marked. */
function lowest(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3;
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}
