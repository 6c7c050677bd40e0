/** The canonical forms that DKIM and ARC sign (RFC 6376 §3.4). */
import { Buffer } from "node:buffer";
import { beyondBytes, memory, squeeze, writtenAt } from "./squeeze.ts";

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;
const lineEnd = Buffer.from("\r\n");

/** RFC 6376 §3.4.2: a whole field (name, colon, value, folds and line end included) as a byte string; no line end after it. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  let nameEnd = colon < 0 ? field.length : colon;
  while (nameEnd > 0 && isBlank(field.charCodeAt(nameEnd - 1))) nameEnd--;
  const name = field.slice(0, nameEnd).toLowerCase();
  let value = field.slice(colon + 1, field.endsWith("\r\n") ? -2 : undefined);
  if (value.includes("\r\n")) value = value.replaceAll("\r\n", "");
  let from = 0;
  let end = value.length;
  while (from < end && isBlank(value.charCodeAt(from))) from++;
  while (end > from && isBlank(value.charCodeAt(end - 1))) end--;
  value = value.slice(from, end);
  if (value.includes("  ") || value.includes("\t")) value = value.replace(/[ \t]+/g, " ");
  return `${name}:${value}`;
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

/** Small enough that it stays, read and written, in the processor's cache until it is hashed. */
const pieceBytes = 16 * 1024;

/**
 * RFC 6376 §3.4.4: runs of blanks are one space, none at the end of a line, no empty lines at the end. A piece without any blank (base64) is given
 * as it lies in `body`, the others are squeezed.
 */
export function relaxedBody(body: Buffer, take: TakePiece): void {
  const end = endOfText(body);
  if (end === 0) return;
  for (let i = 0; i < end; ) {
    const until = Math.min(end - i, pieceBytes);
    const piece = body.subarray(i, i + until);
    if (!piece.includes(space) && !piece.includes(tab)) {
      take(piece);
      i += until;
      continue;
    }
    const length = Math.min(end - i, pieceBytes + beyondBytes);
    memory.set(body.subarray(i, i + length));
    memory.fill(0, length, length + beyondBytes); // behind the end of the text zeros are squeezed too, stay, and are cut off
    const [read, written] = squeeze(0, until, 0);
    i += read;
    take(memory.subarray(writtenAt, writtenAt + written - Math.max(0, i - end)));
  }
  // The last line keeps, or is given, its CRLF.
  take(lineEnd);
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

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}
