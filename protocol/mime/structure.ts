/** IMAP BODYSTRUCTURE (RFC 9051 §7.5.2) of a MIME tree as a byte string. */
import type { Buffer } from "node:buffer";
import { envelopeOf, nstring } from "./envelope.ts";
import { joinContinuations, type Parameter, parseParameterized } from "./fields/parameters.ts";
import { bytesOf, fieldValue, findField, type Header } from "./header.ts";
import type { Part } from "./parse.ts";

/** Longer values of a part's fields and parameters are cut. */
export const maxStructureValueBytes = 2000;
/** Parameters of one field that are listed. */
export const maxStructureParameters = 50;
const maxLanguages = 50;

/** BODYSTRUCTURE with its parentheses, extension data included. Recursion is bounded by `maxDepth` of the tree. */
export function structureOf(raw: Uint8Array, part: Part): string {
  return write(bytesOf(raw), part);
}

function write(raw: Buffer, part: Part): string {
  if (part.kind === "multipart") {
    let out = "(";
    for (const child of part.parts) out += write(raw, child);
    // The grammar wants at least one part: a multipart without any has one that is empty.
    if (part.parts.length === 0) out += '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL)';
    return `${out} ${short(part.contentType.subtype)} ${parameterList(part.contentType.parameters)}${extension(part.header, true)})`;
  }
  const { type, subtype, parameters } = part.contentType;
  const fields = bodyFields(part);
  if (part.kind === "message") {
    const inner = part.parts[0]!;
    return `("message" ${short(subtype)} ${parameterList(parameters)} ${fields} ${envelopeOf(inner.header)} ${write(raw, inner)} ${countLines(raw, part.bodyStart, part.end)}${extension(part.header)})`;
  }
  if (type === "text")
    return `("text" ${short(subtype)} ${parameterList(parameters)} ${fields} ${countLines(raw, part.bodyStart, part.end)}${extension(part.header)})`;
  // Opaque multiparts and messages (too deep, encoded, no boundary) would break the grammar under their own name.
  if (type === "multipart" || (type === "message" && (subtype === "rfc822" || subtype === "global")))
    return `("application" "octet-stream" NIL ${fields}${extension(part.header)})`;
  return `(${short(type)} ${short(subtype)} ${parameterList(parameters)} ${fields}${extension(part.header)})`;
}

/** body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets */
function bodyFields(part: Part): string {
  const { header } = part;
  const encoding = part.encoding === "7bit" ? '"7bit"' : short(part.encoding);
  return `${field(header, "content-id")} ${field(header, "content-description")} ${encoding} ${part.end - part.bodyStart}`;
}

/** MD5, disposition, language, location, each with a blank before it; a multipart has no MD5. */
function extension(header: Header, multipart = false): string {
  const interesting = header.fields.some(({ name }) => extensionFields.has(name));
  const md5 = multipart ? "" : ` ${interesting ? field(header, "content-md5") : "NIL"}`;
  if (!interesting) return `${md5} NIL NIL NIL`;
  return `${md5} ${disposition(header)} ${language(header)} ${field(header, "content-location")}`;
}

const extensionFields: ReadonlySet<string> = new Set([
  "content-md5",
  "content-disposition",
  "content-language",
  "content-location",
]);

function disposition(header: Header): string {
  const value = fieldText(header, "content-disposition");
  if (value === undefined) return "NIL";
  const parsed = parseParameterized(value);
  if (parsed.value === "") return "NIL";
  return `(${short(parsed.value)} ${parameterList(parsed.parameters)})`;
}

function language(header: Header): string {
  const value = fieldText(header, "content-language");
  if (value === undefined) return "NIL";
  const tags = parseParameterized(value)
    .value.split(",")
    .filter((tag) => tag !== "")
    .slice(0, maxLanguages);
  if (tags.length === 0) return "NIL";
  return `(${tags.map(short).join(" ")})`;
}

function parameterList(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return "NIL";
  const joined = joinContinuations(parameters);
  let out = "(";
  let count = 0;
  for (const { name, value } of joined) {
    if (count++ === maxStructureParameters) break;
    out += `${out === "(" ? "" : " "}${short(name)} ${short(value)}`;
  }
  return `${out})`;
}

function field(header: Header, name: string): string {
  return nstring(fieldText(header, name)?.slice(0, maxStructureValueBytes));
}

function fieldText(header: Header, name: string): string | undefined {
  const found = findField(header, name);
  return found === undefined ? undefined : fieldValue(header, found);
}

function short(value: string): string {
  return nstring(value.slice(0, maxStructureValueBytes));
}

/** Lines of a body: its line feeds. Looked for in four bytes at once, and without a branch for each. */
export function countLines(raw: Buffer, start: number, end: number): number {
  const firstWord = start + ((4 - ((raw.byteOffset + start) & 3)) & 3);
  if (firstWord >= end) return countOneByOne(raw, start, end);
  const words = new Int32Array(raw.buffer, raw.byteOffset + firstWord, (end - firstWord) >> 2);
  let lines = countOneByOne(raw, start, firstWord) + countOneByOne(raw, firstWord + words.length * 4, end);
  for (let i = 0; i < words.length; ) {
    // Each byte of `sums` counts the line feeds at its own place among four, up to 255 of them.
    let sums = 0;
    for (const until = Math.min(words.length, i + 255); i < until; i++) {
      // A byte of `word` is zero where the text has a line feed: there alone its highest bit is not set by what follows.
      const word = words[i]! ^ 0x0a0a0a0a;
      sums = (sums + ((~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) >>> 7) & 0x01010101)) | 0;
    }
    lines += (sums & 0xff) + ((sums >>> 8) & 0xff) + ((sums >>> 16) & 0xff) + (sums >>> 24);
  }
  return lines;
}

function countOneByOne(raw: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) if (raw[i] === 10) lines++;
  return lines;
}
