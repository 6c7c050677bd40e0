/** Bodies of an email: parts, their values and the structure of RFC 8621 §4.1.4. */
import { Buffer, isUtf8 } from "node:buffer";
import { type BodyParts, bodyParts } from "../mime/attachments.ts";
import { asciiCompatible, decodeCharset } from "../mime/charset.ts";
import { charsetFor, guessed } from "../mime/charset-names.ts";
import { charsetOf, decodeBody, fileNameOf, transferEncodingOf } from "../mime/decode.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { parseMessageId } from "../mime/fields/message-id.ts";
import { parseParameterized } from "../mime/fields/parameters.ts";
import { headerValue } from "../mime/header.ts";
import { type Part, parseMessage } from "../mime/parse.ts";
import { allHeaders, headerProperty } from "./email-header.ts";
import type { Property } from "./email-properties.ts";
import { partBlobId } from "./ids.ts";
import type { Json } from "./types.ts";

/** Text of one part that is decoded; more is truncated, and said to be. */
export const maxTextBytes = 8 * 1024 * 1024;
const everything = 0x7fff_ffff;
const cr = 13;
const lf = 10;

/** A message taken apart, and the numbers of its parts. */
export type Email = {
  readonly raw: Uint8Array;
  readonly root: Part;
  /** Undefined where the blob's own parts are no blobs. */
  readonly blobId: string | undefined;
  readonly partIds: ReadonlyMap<Part, string>;
};

export function openEmail(raw: Uint8Array, blobId: string | undefined): Email {
  const root = parseMessage(raw);
  const partIds = new Map<Part, string>();
  number(root, "", partIds);
  return { raw, root, blobId, partIds };
}

function number(part: Part, prefix: string, ids: Map<Part, string>): void {
  if (part.kind !== "multipart") {
    ids.set(part, prefix === "" ? "1" : prefix);
    return;
  }
  for (const [i, child] of part.parts.entries()) number(child, prefix === "" ? `${i + 1}` : `${prefix}.${i + 1}`, ids);
}

export const partsOfBody = (email: Email): BodyParts => bodyParts(email.root);

/** An EmailBodyPart with these properties. */
export function bodyPart(email: Email, part: Part, properties: readonly Property[], withChildren: boolean): Json {
  const out: { [name: string]: Json } = {};
  for (const property of properties)
    out[property.name] =
      property.kind === "header"
        ? headerProperty(part.header, property.header)
        : partProperty(email, part, property.name, properties, withChildren);
  // RFC 8621 §4.1.4: the structure has its parts, whatever properties are asked for.
  if (withChildren && part.kind === "multipart") out["subParts"] = children(email, part, properties);
  return out;
}

const children = (email: Email, part: Part, properties: readonly Property[]): Json =>
  part.parts.map((child) => bodyPart(email, child, properties, true));

function partProperty(
  email: Email,
  part: Part,
  name: string,
  properties: readonly Property[],
  withChildren: boolean,
): Json {
  const isMultipart = part.kind === "multipart";
  switch (name) {
    case "partId":
      return isMultipart ? null : (email.partIds.get(part) ?? null);
    case "blobId": {
      const partId = email.partIds.get(part);
      return isMultipart || partId === undefined || email.blobId === undefined
        ? null
        : partBlobId(email.blobId, partId);
    }
    case "size":
      return isMultipart ? 0 : decodeBody(email.raw, part, everything).length;
    case "headers":
      return allHeaders(part.header);
    case "name": {
      const file = fileNameOf(part);
      return file === undefined ? null : file.normalize("NFC").toWellFormed();
    }
    case "type":
      return `${part.contentType.type}/${part.contentType.subtype}`;
    case "charset":
      // RFC 8621 §4.1.4: us-ascii is implied for text.
      return part.contentType.type === "text" ? charsetOf(part) || "us-ascii" : null;
    case "disposition": {
      const value = headerValue(part.header, "content-disposition");
      return (value && parseParameterized(value).value) || null;
    }
    case "cid": {
      const value = headerValue(part.header, "content-id");
      return (value && parseMessageId(value)) ?? null;
    }
    case "language": {
      const value = headerValue(part.header, "content-language");
      const tags =
        value === undefined
          ? []
          : value
              .split(",")
              .map((tag) => tag.trim())
              .filter((tag) => tag !== "");
      return tags.length === 0 ? null : tags;
    }
    case "location": {
      const value = headerValue(part.header, "content-location");
      return value === undefined ? null : decodeWords(value).replace(/\s+/g, "");
    }
    case "subParts":
      return isMultipart && withChildren ? children(email, part, properties) : null;
    default:
      return null;
  }
}

export const isTextPart = (part: Part): boolean => part.kind === "leaf" && part.contentType.type === "text";

/** An EmailBodyValue; `maxBytes` 0: as much as `maxTextBytes`. */
export function bodyValue(email: Email, part: Part, maxBytes: number): Json {
  const bytes = decodeBody(email.raw, part, maxTextBytes + 1);
  const isCut = bytes.length > maxTextBytes;
  const used = isCut ? bytes.subarray(0, maxTextBytes) : bytes;
  const label = charsetOf(part);
  // In bytes where that is the same: in text it takes ten times as long, and a letter may be nothing but line ends.
  const inBytes = asciiCompatible(charsetFor(label));
  const decoded = decodeCharset(inBytes ? withoutReturns(used) : used, label).replace(/^\ufeff/, "");
  const text = (inBytes ? decoded : decoded.replaceAll("\r\n", "\n")).toWellFormed();
  const isHtml = part.contentType.subtype === "html";
  const truncated = truncate(text, maxBytes, isHtml);
  return {
    value: truncated,
    isEncodingProblem: isBroken(used, label, text) || transferEncodingOf(part) === "unknown",
    isTruncated: isCut || truncated.length < text.length,
  };
}

/** LF in place of each CRLF. */
function withoutReturns(bytes: Uint8Array): Uint8Array {
  let from = bytes.indexOf(cr);
  if (from < 0) return bytes;
  const out = Buffer.from(bytes);
  let length = from;
  for (; from < bytes.length; from++) {
    const byte = bytes[from]!;
    if (byte !== cr || bytes[from + 1] !== lf) out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** RFC 8621 §4.1.4: malformed for its charset, or a charset nobody knows. */
function isBroken(bytes: Uint8Array, label: string, text: string): boolean {
  const charset = charsetFor(label);
  if (charset === guessed) {
    const isNamed = label !== "" && !/^(?:us-?ascii|ascii|ansi_x3|iso646|unknown-?8bit)/i.test(label);
    return isNamed || (label !== "" && /[^\x00-\x7f]/.test(text)) || (label === "" && !isUtf8(bytes));
  }
  if (charset === "utf-8") return !isUtf8(bytes);
  return text.includes("\ufffd") && (asciiCompatible(charset) || bytes.length % 2 === 1);
}

/** At most `maxBytes` of UTF-8, no character cut, no HTML tag cut open. */
export function truncate(text: string, maxBytes: number, isHtml: boolean): string {
  if (maxBytes <= 0 || text.length * 3 <= maxBytes) return text;
  let bytes = 0;
  let end = 0;
  while (end < text.length) {
    const code = text.codePointAt(end) as number;
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes + size > maxBytes) break;
    bytes += size;
    end += code > 0xffff ? 2 : 1;
  }
  if (end === text.length) return text;
  let cut = text.slice(0, end);
  if (isHtml) {
    const open = cut.lastIndexOf("<");
    if (open > cut.lastIndexOf(">")) cut = cut.slice(0, open);
    const entity = cut.lastIndexOf("&");
    if (entity >= 0 && cut.length - entity < 10 && !cut.slice(entity).includes(";")) cut = cut.slice(0, entity);
  }
  return cut;
}

/** The part at a path of a blob id, as a blob of its own; undefined where there is none. */
export function partAt(
  raw: Uint8Array,
  path: readonly number[],
): { readonly bytes: Uint8Array; readonly type: string; readonly name: string | undefined } | undefined {
  const root = parseMessage(raw);
  let part = root;
  let at = 0;
  if (root.kind !== "multipart") at = path[0] === 1 ? 1 : path.length + 1;
  for (; at < path.length && part.kind === "multipart"; at++) {
    const child = part.parts[(path[at] as number) - 1];
    if (child === undefined) return undefined;
    part = child;
  }
  if (part.kind === "multipart" || at > path.length) return undefined;
  const bytes = decodeBody(raw, part, everything);
  if (at < path.length) return part.contentType.type === "message" ? partAt(bytes, path.slice(at)) : undefined;
  return { bytes, type: `${part.contentType.type}/${part.contentType.subtype}`, name: fileNameOf(part) };
}
