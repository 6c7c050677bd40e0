/** The MIME tree of a message (RFC 2045, 2046) as offsets into its bytes: one pass, nothing copied but header text, everything bounded. */
import type { Buffer } from "node:buffer";
import { type ContentType, parseContentType, parseParameterized, plainText } from "./fields/parameters.ts";
import { bytesOf, type Header, headerValue, splitHeader } from "./header.ts";

/** Parts of a message that are told apart; what follows belongs to the last of them. */
export const maxParts = 2000;
/** Multiparts and messages within each other; deeper ones are opaque. */
export const maxDepth = 50;
/** Header fields of all parts together. */
export const maxTreeFields = 40_000;
/** Lines beginning with "--" that are compared with the boundaries. */
export const maxDelimiterCandidates = 500_000;
/** RFC 2046 §5.1.1 allows 70; longer ones are met. */
export const maxBoundaryBytes = 250;
/** No encoding has a longer name. */
const maxEncodingChars = 200;

export type Part = {
  readonly header: Header;
  /** "multipart": `parts` are its parts. "message": `parts` is the one message in it. "leaf": everything else. */
  readonly kind: "leaf" | "multipart" | "message";
  readonly contentType: ContentType;
  /** Content-Transfer-Encoding, lower case; "7bit" where the part says none. */
  readonly encoding: string;
  /** Offsets into the raw bytes. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly parts: readonly Part[];
};

type OpenPart = { -readonly [key in keyof Part]: Part[key] } & { parts: OpenPart[] };
type Multipart = { readonly depth: number; readonly boundary: string };

/** The tree of `raw`. The root is the message itself. */
export function parseMessage(raw: Uint8Array): Part {
  return new Parser(bytesOf(raw)).run();
}

class Parser {
  readonly #raw: Buffer;
  /** Parts whose end is not known yet, the root first. */
  readonly #chain: OpenPart[] = [];
  /** Those of them that are multiparts and may still have parts. */
  readonly #open: Multipart[] = [];
  #parts = 0;
  #fields = 0;
  #candidates = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  run(): Part {
    const raw = this.#raw;
    let position = this.#openPart(0, plainText);
    while (this.#open.length > 0 && this.#parts < maxParts && this.#fields < maxTreeFields) {
      const line = this.#nextCandidate(position);
      if (line < 0) break;
      const found = this.#delimiter(line);
      let next = raw.indexOf(10, line);
      if (next < 0) next = raw.length - 1;
      position = next + 1;
      if (found === undefined) continue;
      this.#closeBelow(found.depth, line);
      while (this.#open.length > 0 && this.#open[this.#open.length - 1]!.depth > found.depth) this.#open.pop();
      if (found.last) this.#open.pop();
      else {
        const parent = this.#chain[found.depth]!;
        position = this.#openPart(position, parent.contentType.subtype === "digest" ? digestDefault : plainText);
      }
    }
    for (const part of this.#chain) part.end = raw.length;
    return this.#chain[0]!;
  }

  /** Start of the next line that begins with "--", at or after `from`, which is the start of a line; -1 for none. */
  #nextCandidate(from: number): number {
    if (++this.#candidates > maxDelimiterCandidates) return -1;
    const raw = this.#raw;
    if (raw[from] === 45 && raw[from + 1] === 45) return from;
    const found = raw.indexOf("\n--", from, "latin1");
    return found < 0 ? -1 : found + 1;
  }

  /** The multipart whose delimiter the line is: RFC 2046 §5.1.1, the longest boundary that it begins with, the innermost of equals. */
  #delimiter(line: number): { readonly depth: number; readonly last: boolean } | undefined {
    const raw = this.#raw;
    let stop = line + 2;
    const limit = Math.min(raw.length, stop + maxBoundaryBytes + 8);
    while (stop < limit && raw[stop] !== 10) stop++;
    const text = raw.toString("latin1", line + 2, stop);
    let best: Multipart | undefined;
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const multipart = this.#open[i]!;
      const boundary = multipart.boundary;
      if (text.startsWith(boundary) && (best === undefined || boundary.length > best.boundary.length)) best = multipart;
    }
    if (best === undefined) return undefined;
    return { depth: best.depth, last: text.startsWith("--", best.boundary.length) };
  }

  /** Ends all open parts deeper than `depth` before the delimiter at `line`; the line end before it belongs to the delimiter. */
  #closeBelow(depth: number, line: number): void {
    let end = line;
    if (end > 0 && this.#raw[end - 1] === 10) end--;
    if (end > 0 && this.#raw[end - 1] === 13 && end < line) end--;
    while (this.#chain.length > depth + 1) {
      const part = this.#chain.pop()!;
      // A header cut off by the delimiter reaches up to it, and so do the parts around it.
      end = Math.max(part.bodyStart, end);
      part.end = end;
    }
  }

  /** Reads the header at `start` and, where it is a message's, the headers within; answers where to look for delimiters next. */
  #openPart(start: number, fallback: ContentType): number {
    const stops =
      this.#open.length === 0
        ? undefined
        : (line: number): boolean =>
            this.#raw[line + 1] === 45 &&
            ++this.#candidates <= maxDelimiterCandidates &&
            this.#delimiter(line) !== undefined;
    for (;;) {
      const part = readPart(this.#raw, start, fallback, stops);
      const depth = this.#chain.length;
      this.#chain[depth - 1]?.parts.push(part);
      this.#chain.push(part);
      this.#parts++;
      this.#fields += part.header.fields.length;
      if (depth >= maxDepth) return part.bodyStart;
      const { type, subtype } = part.contentType;
      if (type === "multipart") {
        const boundary = boundaryOf(part.contentType);
        if (boundary === undefined) return part.bodyStart;
        part.kind = "multipart";
        this.#open.push({ depth, boundary });
        return part.bodyStart;
      }
      if (type !== "message" || (subtype !== "rfc822" && subtype !== "global")) return part.bodyStart;
      if (!isIdentity(part.encoding) || this.#parts >= maxParts) return part.bodyStart;
      part.kind = "message";
      start = part.bodyStart;
      fallback = plainText;
    }
  }
}

/** RFC 2046 §5.1.5. */
const digestDefault: ContentType = { type: "message", subtype: "rfc822", parameters: [] };

function readPart(
  raw: Buffer,
  start: number,
  fallback: ContentType,
  stops: ((line: number) => boolean) | undefined,
): OpenPart {
  const header = splitHeader(raw, start, raw.length, stops);
  const contentType = headerValue(header, "content-type");
  return {
    header,
    kind: "leaf",
    contentType: contentType === undefined ? fallback : (parseContentType(contentType) ?? plainText),
    encoding: encodingOf(headerValue(header, "content-transfer-encoding")),
    start,
    bodyStart: header.end,
    end: raw.length,
    parts: [],
  };
}

function encodingOf(value: string | undefined): string {
  if (value === undefined || value === "7bit" || value === "") return "7bit";
  const { value: name } = parseParameterized(value);
  const encoding = name.slice(0, maxEncodingChars).replace(/^["']+|["'.,]+$/g, "");
  return encoding === "" ? "7bit" : encoding;
}

/** RFC 2045 §6.2: encodings that change nothing. */
export function isIdentity(encoding: string): boolean {
  return encoding === "7bit" || encoding === "8bit" || encoding === "binary";
}

function boundaryOf(contentType: ContentType): string | undefined {
  for (const parameter of contentType.parameters)
    if (parameter.name === "boundary" && parameter.value !== "" && parameter.value.length <= maxBoundaryBytes)
      return parameter.value.replace(/[ \t]+$/, "") || undefined;
  return undefined;
}
