/** Pieces of messages as FETCH names them. RFC 9051 §6.4.5. */
import type { Section } from "../../protocol/imap/command.ts";
import { decodeBody, transferEncodingOf } from "../../protocol/mime/decode.ts";
import { parseMessageIds } from "../../protocol/mime/fields/message-id.ts";
import { bytesOf, headerSection, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";

export function sectionOf(bytes: Buffer, section: Section): Buffer | undefined {
  const { part, text } = section;
  if (part.length === 0) {
    if (text === "") return bytes;
    const { end } = headerSection(bytes);
    return text === "TEXT" ? bytes.subarray(end) : header(bytes.subarray(0, end), section);
  }
  const found = partAt(parseMessage(bytes), part);
  if (found === undefined) return undefined;
  if (text === "") return bytes.subarray(found.bodyStart, found.end);
  if (text === "MIME") return bytes.subarray(found.start, found.bodyStart);
  const inner = found.kind === "message" ? found.parts[0] : undefined;
  if (inner === undefined) return undefined;
  if (text === "TEXT") return bytes.subarray(inner.bodyStart, inner.end);
  return header(bytes.subarray(inner.start, inner.bodyStart), section);
}

function partAt(root: Part, path: readonly number[]): Part | undefined {
  let at: Part | undefined = root;
  for (const [depth, number] of path.entries()) {
    if (at?.kind === "message" && depth > 0) at = at.parts[0];
    if (at?.kind === "multipart") at = at.parts[number - 1];
    else if (number !== 1) return undefined;
  }
  return at;
}

function header(bytes: Buffer, { text, fields }: Section): Buffer {
  if (text === "HEADER") return bytes;
  const wanted = new Set(fields.map((name) => name.toLowerCase()));
  const except = text === "HEADER.FIELDS.NOT";
  const split = splitHeader(bytes, 0, bytes.length);
  const kept = split.fields.filter((field) => wanted.has(field.name) !== except);
  return Buffer.from(`${kept.map((field) => split.text.slice(field.start, field.end)).join("")}\r\n`, "latin1");
}

export function binaryOf(bytes: Buffer, path: readonly number[]): Buffer | "unknown-cte" | undefined {
  if (path.length === 0) return bytes;
  const part = partAt(parseMessage(bytes), path);
  if (part === undefined) return undefined;
  return transferEncodingOf(part) === "unknown" ? "unknown-cte" : decodeBody(bytes, part, Number.MAX_SAFE_INTEGER);
}

const maxReferencesRead = 1000;

/** RFC 5256 §3: References, or else the first id of In-Reply-To; oldest first, without brackets. */
export function referencesOf(header: Uint8Array): readonly string[] {
  const split = splitHeader(bytesOf(header), 0, header.length);
  const ids = parseMessageIds(headerValue(split, "references") ?? "", maxReferencesRead);
  return ids.length > 0 ? ids : parseMessageIds(headerValue(split, "in-reply-to") ?? "", 1);
}
