/** IMAP body sections (RFC 9051 §6.4.5) and BINARY sections (RFC 3516): the exact bytes a path of part numbers names. */
import { Buffer } from "node:buffer";
import { decodeBody, transferEncodingOf } from "./decode.ts";
import { bytesOf, headerSection } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";

export type BodySection = {
  /** [] is the message itself; [1, 2] is part 1.2. */
  readonly part: readonly number[];
  readonly text: "" | "HEADER" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT" | "TEXT" | "MIME";
  /** Names for HEADER.FIELDS and HEADER.FIELDS.NOT, any case. */
  readonly fields: readonly string[];
};

/** The bytes of a section, a view where they stand together; undefined where the message has no such part. `root` is the message's tree where it is known already. */
export function sectionOf(raw: Uint8Array, section: BodySection, root?: Part): Buffer | undefined {
  const bytes = bytesOf(raw);
  const { part, text } = section;
  if (part.length === 0) {
    if (text === "") return bytes;
    const { end } = headerSection(bytes);
    return text === "TEXT" ? bytes.subarray(end) : headerText(bytes, 0, end, section);
  }
  const found = partAt(root ?? parseMessage(bytes), part);
  if (found === undefined) return undefined;
  if (text === "") return bytes.subarray(found.bodyStart, found.end);
  if (text === "MIME") return bytes.subarray(found.start, found.bodyStart);
  // HEADER and TEXT are of messages within the message.
  const inner = found.kind === "message" ? found.parts[0] : undefined;
  if (inner === undefined) return undefined;
  if (text === "TEXT") return bytes.subarray(inner.bodyStart, inner.end);
  return headerText(bytes, inner.start, inner.bodyStart, section);
}

/** The content of a part with its transfer encoding undone: RFC 3516 BINARY. "unknown-cte" where we cannot. */
export function binaryOf(raw: Uint8Array, path: readonly number[], root?: Part): Buffer | "unknown-cte" | undefined {
  const bytes = bytesOf(raw);
  if (path.length === 0) return bytes;
  const part = partAt(root ?? parseMessage(bytes), path);
  if (part === undefined) return undefined;
  return transferEncodingOf(part) === "unknown" ? "unknown-cte" : decodeBody(bytes, part, part.end - part.bodyStart);
}

/** The part a path names; part 1 of a message that is no multipart is its body. */
export function partAt(root: Part, path: readonly number[]): Part | undefined {
  let at: Part = root;
  for (const [depth, number] of path.entries()) {
    // The parts of a message within the message are numbered under the number of the part that holds it.
    if (depth > 0) {
      const inner = at.kind === "message" ? at.parts[0] : at;
      if (inner === undefined || (at.kind === "leaf" && depth > 0)) return undefined;
      at = inner;
    }
    if (at.kind === "multipart") {
      const child = at.parts[number - 1];
      if (child === undefined) return undefined;
      at = child;
    } else if (number !== 1) return undefined;
  }
  return at;
}

function headerText(bytes: Buffer, start: number, end: number, section: BodySection): Buffer {
  if (section.text === "HEADER") return bytes.subarray(start, end);
  return selectFields(bytes, start, end, section.fields, section.text === "HEADER.FIELDS.NOT");
}

const emptyLine = Buffer.from("\r\n");

/** The fields of a header section with (or without) the names asked, as they stand in it, and an empty line. */
function selectFields(bytes: Buffer, start: number, end: number, names: readonly string[], except: boolean): Buffer {
  const wanted = new Set<string>();
  for (const name of names) wanted.add(name.toLowerCase());
  const pieces: Buffer[] = [];
  let keptFrom = -1; // Fields that follow each other are taken in one piece.
  let line = start;
  let keeping = false;
  while (line < end) {
    const first = bytes[line]!;
    if (first === 10 || (first === 13 && bytes[line + 1] === 10)) break;
    if (first !== 32 && first !== 9) keeping = wanted.has(fieldName(bytes, line, end)) !== except;
    else if (line === start) keeping = except; // A continuation of nothing.
    if (keeping && keptFrom < 0) keptFrom = line;
    else if (!keeping && keptFrom >= 0) {
      pieces.push(bytes.subarray(keptFrom, line));
      keptFrom = -1;
    }
    const next = bytes.indexOf(10, line);
    line = next < 0 || next >= end ? end : next + 1;
  }
  if (keptFrom >= 0) pieces.push(bytes.subarray(keptFrom, line));
  const last = pieces.at(-1);
  if (last !== undefined && last[last.length - 1] !== 10) pieces.push(emptyLine); // A header cut off in its last line.
  pieces.push(emptyLine);
  return Buffer.concat(pieces);
}

const maxNameBytes = 998;

/** The name of the field at `line`, lower case; "" where there is none. */
function fieldName(bytes: Buffer, line: number, end: number): string {
  const limit = Math.min(end, line + maxNameBytes);
  let stop = line;
  while (stop < limit) {
    const byte = bytes[stop]!;
    if (byte === 58 || byte <= 32 || byte >= 127) break;
    stop++;
  }
  let colon = stop;
  while (colon < limit && (bytes[colon] === 32 || bytes[colon] === 9)) colon++;
  return bytes[colon] === 58 ? bytes.toString("latin1", line, stop).toLowerCase() : "";
}
