/** The header section of a message or part, split into fields by offsets into the raw bytes (RFC 5322 §2.2, obsolete forms too). */
import { Buffer } from "node:buffer";

/** Fields are looked for in the first so many bytes of a header section; what lies beyond is kept but has no meaning. */
export const maxHeaderBytes = 1 << 20;
/** Fields of one header section that are looked at. */
export const maxHeaderFields = 4000;

const firstWindowBytes = 4096;

/** One field. Offsets count from the first byte of the section, not of the message. */
export type HeaderField = {
  /** Lower case; "" for a line that is no field (no colon, or blanks or controls in the name). */
  readonly name: string;
  readonly start: number;
  /** Just after the colon. */
  readonly valueStart: number;
  /** Just after the line end of the last line. */
  readonly end: number;
};

export type Header = {
  /** Offset of the section in the raw bytes. */
  readonly start: number;
  /** Offset in the raw bytes just after the section, its empty line included: where the body begins. */
  readonly end: number;
  /** The section as a byte string (latin1), at most `maxHeaderBytes`. */
  readonly text: string;
  readonly fields: readonly HeaderField[];
};

/** Tells whether the line of `raw` from `start` ends the header though no empty line came (a multipart delimiter). */
export type StopsAt = (start: number) => boolean;

/** Splits the section that begins at `start`; it ends with an empty line (CRLF or bare LF), at `limit`, or where `stops` says so. */
export function splitHeader(raw: Buffer, start: number, limit: number, stops?: StopsAt): Header {
  for (let size = firstWindowBytes; ; size *= 8) {
    const stop = Math.min(limit, start + Math.min(size, maxHeaderBytes));
    const header = splitWindow(raw, start, stop, limit, stops, size >= maxHeaderBytes);
    if (header !== undefined) return header;
  }
}

function splitWindow(
  raw: Buffer,
  start: number,
  stop: number,
  limit: number,
  stops: StopsAt | undefined,
  last: boolean,
): Header | undefined {
  const text = raw.toString("latin1", start, stop);
  const fields: HeaderField[] = [];
  let fieldStart = -1;
  let position = 0;
  while (position < text.length) {
    const first = text.charCodeAt(position);
    if (first === 10 || (first === 13 && text.charCodeAt(position + 1) === 10)) {
      if (fieldStart >= 0) addField(fields, text, fieldStart, position);
      const end = position + (first === 10 ? 1 : 2);
      return { start, end: start + end, text: text.slice(0, end), fields };
    }
    if (first === 45 && stops?.(start + position) === true) {
      if (fieldStart >= 0) addField(fields, text, fieldStart, position);
      return { start, end: start + position, text: text.slice(0, position), fields };
    }
    if (first !== 32 && first !== 9) {
      if (fieldStart >= 0) addField(fields, text, fieldStart, position);
      fieldStart = position;
    } else if (fieldStart < 0) fieldStart = position;
    const lineEnd = text.indexOf("\n", position);
    if (lineEnd < 0) break;
    position = lineEnd + 1;
  }
  if (stop < limit && !last) return undefined; // The window was too small.
  if (fieldStart >= 0) addField(fields, text, fieldStart, text.length);
  const end = stop < limit ? emptyLineAfter(raw, start + position, limit, stops) : limit;
  return { start, end, text, fields };
}

/** Where the section ends when it is longer than what is split. */
function emptyLineAfter(raw: Buffer, from: number, limit: number, stops: StopsAt | undefined): number {
  let line = from;
  while (line < limit) {
    const first = raw[line];
    if (first === 10) return line + 1;
    if (first === 13 && raw[line + 1] === 10) return Math.min(limit, line + 2);
    if (first === 45 && stops?.(line) === true) return line;
    const lineEnd = raw.indexOf(10, line);
    if (lineEnd < 0) break;
    line = lineEnd + 1;
  }
  return limit;
}

function addField(fields: HeaderField[], text: string, start: number, end: number): void {
  if (fields.length >= maxHeaderFields) return;
  let colon = start;
  let nameEnd = -1;
  for (; colon < end; colon++) {
    const code = text.charCodeAt(colon);
    if (code === 58) break;
    if (code === 32 || code === 9) {
      if (nameEnd < 0) nameEnd = colon; // RFC 5322 §4.5: blanks may stand before the colon.
    } else if (nameEnd >= 0 || code < 33 || code > 126) {
      colon = end;
      break;
    }
  }
  if (nameEnd < 0) nameEnd = colon;
  if (colon >= end || nameEnd === start) fields.push({ name: "", start, valueStart: start, end });
  else fields.push({ name: text.slice(start, nameEnd).toLowerCase(), start, valueStart: colon + 1, end });
}

/** The first field called `name` (lower case). */
export function findField(header: Header, name: string): HeaderField | undefined {
  for (const field of header.fields) if (field.name === name) return field;
  return undefined;
}

/** The value as it stands in the message, folds and line end included: a byte string. */
export function rawValue(header: Header, field: HeaderField): string {
  return header.text.slice(field.valueStart, field.end);
}

/** The value on one line, trimmed, without NUL: a byte string (RFC 5322 §2.2.3). */
export function fieldValue(header: Header, field: HeaderField): string {
  const text = header.text;
  let start = field.valueStart;
  let end = field.end;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return unfold(text.slice(start, end));
}

/** The unfolded value of the first field called `name` (lower case), or undefined: a byte string. */
export function headerValue(header: Header, name: string): string | undefined {
  const field = findField(header, name);
  return field === undefined ? undefined : fieldValue(header, field);
}

/** Takes CR, LF and NUL out of a folded value, so that the result is always one clean line (search signatures pass over the same bytes). */
export function unfold(value: string): string {
  return /[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]+/g, "") : value;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10;
}

/** Length of the header section in bytes, its empty line included (the whole message where there is no empty line). */
export function headerSection(raw: Uint8Array): { readonly start: 0; readonly end: number } {
  return { start: 0, end: emptyLineAfter(bytesOf(raw), 0, raw.length, undefined) };
}

/** The same bytes as a Buffer, without copying. */
export function bytesOf(raw: Uint8Array): Buffer {
  return Buffer.isBuffer(raw) ? raw : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}
