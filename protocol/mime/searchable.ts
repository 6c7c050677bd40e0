/** The texts of a message that a search looks at: one per header field and one per text part, decoded (RFC 9051 §6.4.4). */
import { type Buffer, isAscii } from "node:buffer";
import { asciiCompatible, decodeCharset } from "./charset.ts";
import { charsetFor } from "./charset-names.ts";
import { charsetOf, decodeBody, fileNameOf } from "./decode.ts";
import { decodeWords } from "./fields/encoded-word.ts";
import { bytesOf, type Header, type HeaderField, unfold } from "./header.ts";
import type { Part } from "./parse.ts";

/** Answers true to end the walk. Text comes as Unicode, or as the ASCII bytes that it is. */
export type TextVisitor = (text: string | Buffer) => boolean;

/** Parts within a part, the part itself first. */
export function* partsOf(part: Part): Generator<Part> {
  yield part;
  for (const child of part.parts) yield* partsOf(child);
}

/** Visits all fields of a header, with their names and decoded values, and the file name its part has. */
export function visitHeader(part: Part, visit: TextVisitor): boolean {
  const { header } = part;
  for (const field of header.fields) if (visit(fieldText(header, field))) return true;
  const name = hasParameters(header) ? fileNameOf(part) : undefined;
  return name !== undefined && visit(name);
}

/** A field as it is searched, its name too: "Subject: Grüße". A line that is no field is searched as it is. */
export function fieldText(header: Header, field: HeaderField): string {
  const { text } = header;
  let end = field.end;
  while (end > field.valueStart && text.charCodeAt(end - 1) <= 32) end--;
  return text.slice(field.start, field.valueStart) + decodeWords(unfold(text.slice(field.valueStart, end)));
}

function hasParameters(header: Header): boolean {
  for (const { name } of header.fields) if (name === "content-disposition" || name === "content-type") return true;
  return false;
}

/** A part that is read as text: what is said to be, and reports on delivery and the like (message/delivery-status). */
export const hasText = ({ kind, contentType: { type } }: Part): boolean =>
  kind === "leaf" && (type === "text" || type === "message");

/** Visits the text of a part that has any, from at most `maxBytes` of it. */
export function visitText(raw: Uint8Array, part: Part, maxBytes: number, visit: TextVisitor): boolean {
  if (!hasText(part)) return false;
  const bytes = decodeBody(raw, part, maxBytes);
  const charset = charsetOf(part);
  if (isAscii(bytes) && asciiCompatible(charsetFor(charset))) return visit(bytes);
  return visit(decodeCharset(bytes, charset));
}

/** Whether the raw bytes of a header are its decoded text but for folds: plain ASCII without encoded words and file names. */
export function isPlainHeader(raw: Uint8Array, header: Header): boolean {
  return (
    header.end - header.start === header.text.length &&
    !header.text.includes("=?") &&
    !/name/i.test(header.text) &&
    isAscii(bytesOf(raw).subarray(header.start, header.end))
  );
}
