/** Messages in a form that every server takes: in seven bits (RFC 6152 §3), in lines of at most 998 octets. Pure. */
import { Buffer, isAscii } from "node:buffer";
import { decodeQuotedPrintable } from "./decode.ts";
import {
  encodeBase64,
  encodeQuotedPrintable,
  encodingFor,
  hasLongLine,
  hasShortLines,
  maxLineBytes,
} from "./encode.ts";
import { bytesOf, headerValue } from "./header.ts";
import { isIdentity, type Part, parseMessage } from "./parse.ts";

/** RFC 5322 §2.1.1: what lines should not be longer than. */
const usualLineBytes = 78;

/** Bytes from `start` to `end` of the message give way to these. */
type Edit = { readonly start: number; readonly end: number; readonly bytes: Buffer };

/**
 * The message in seven bits, or undefined where it cannot be had without harm: a header beyond ASCII (RFC 6532), a signed or
 * encrypted part whose bytes must stay (RFC 1847 §2.1), a body that is 8-bit in spite of its encoding.
 */
export function toSevenBit(message: Uint8Array): Buffer | undefined {
  return converted(bytesOf(message), { fits: (bytes) => isAscii(bytes) && hasShortLines(bytes), sevenBit: true });
}

/**
 * The message without lines that SMTP does not carry (RFC 5321 §4.5.3.1.6): fields are folded, bodies with such lines get a transfer
 * encoding, all else stays byte for byte; undefined where that cannot be had without harm.
 */
export function toShortLines(message: Uint8Array): Buffer | undefined {
  return converted(bytesOf(message), { fits: (bytes) => !hasLongLine(bytes), sevenBit: false });
}

type Way = { readonly fits: (bytes: Buffer) => boolean; readonly sevenBit: boolean };

function converted(raw: Buffer, way: Way): Buffer | undefined {
  if (way.fits(raw)) return raw;
  const edits: Edit[] = [];
  if (!convert(raw, parseMessage(raw), true, edits, way)) return undefined;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const edit of edits) {
    pieces.push(raw.subarray(at, edit.start), edit.bytes);
    at = edit.end;
  }
  pieces.push(raw.subarray(at));
  const made = Buffer.concat(pieces);
  // What lies between the parts was not touched: then it cannot be 8-bit, or long.
  return way.fits(made) ? made : undefined;
}

function convert(raw: Buffer, part: Part, isRoot: boolean, edits: Edit[], way: Way): boolean {
  const bytes = raw.subarray(part.start, part.end);
  const labelled = !way.sevenBit || isIdentityOf7bit(part);
  if (way.fits(bytes) && labelled) return true;
  if (way.sevenBit && !isAscii(raw.subarray(part.start, part.bodyStart))) return false;
  const body = raw.subarray(part.bodyStart, part.end);
  const isAsItWas = way.fits(body) && labelled;
  const { type, subtype } = part.contentType;
  if (part.kind !== "leaf") {
    if (!isIdentity(part.encoding)) return false;
    if (type === "multipart" && /^(?:signed|encrypted)$/.test(subtype)) return false;
    editHeader(part, labelled ? undefined : "7bit", isRoot, true, edits);
    return part.parts.every((child) => convert(raw, child, false, edits, way));
  }
  if (isAsItWas) {
    editHeader(part, undefined, isRoot, true, edits);
    return true;
  }
  // RFC 2046 §5.2: the body of a message part may bear no other encoding.
  if (type === "message") return false;
  if (!isIdentity(part.encoding)) return editEncoded(part, body, isRoot, edits);
  const shown = type === "text" && !/(?:^|[^\r])\n|\r(?!\n)/.test(body.toString("latin1"));
  const encoding = shown ? encodingFor(body) : "base64";
  editHeader(part, encoding, isRoot, isAscii(body), edits);
  if (encoding === "7bit") return true;
  const text = encoding === "base64" ? encodeBase64(body) : encodeQuotedPrintable(body);
  edits.push({ start: part.bodyStart, end: part.end, bytes: Buffer.from(text, "latin1") });
  return true;
}

/** An encoded body whose lines are too long is broken anew. */
function editEncoded(part: Part, body: Buffer, isRoot: boolean, edits: Edit[]): boolean {
  const { encoding } = part;
  if (!isAscii(body) || (encoding !== "base64" && encoding !== "quoted-printable")) return false;
  editHeader(part, undefined, isRoot, true, edits);
  const text =
    encoding === "base64"
      ? body
          .toString("latin1")
          .replace(/\s+/g, "")
          .replace(/.{1,76}/g, "$&\r\n")
      : encodeQuotedPrintable(decodeQuotedPrintable(body, body.length));
  edits.push({ start: part.bodyStart, end: part.end, bytes: Buffer.from(text, "latin1") });
  return true;
}

function isIdentityOf7bit({ encoding }: Part): boolean {
  return encoding !== "8bit" && encoding !== "binary";
}

/**
 * Folds fields that are too long; with an encoding it replaces the Content-Transfer-Encoding field, or adds it (and what makes a message
 * MIME) at the top. `plain`: the body is ASCII.
 */
function editHeader(
  { header }: Part,
  encoding: string | undefined,
  isRoot: boolean,
  plain: boolean,
  edits: Edit[],
): void {
  const edit = (start: number, end: number, text: string): void =>
    void edits.push({ start: header.start + start, end: header.start + end, bytes: Buffer.from(text, "latin1") });
  const line = encoding === undefined ? "" : `Content-Transfer-Encoding: ${encoding}\r\n`;
  const named = header.fields.find(({ name }) => name === "content-transfer-encoding");
  if (line !== "" && named === undefined) {
    const mime = isRoot && headerValue(header, "mime-version") === undefined ? "MIME-Version: 1.0\r\n" : "";
    // RFC 1428 §3: nobody knows which charset it is.
    const type =
      isRoot && !plain && headerValue(header, "content-type") === undefined
        ? "Content-Type: text/plain; charset=unknown-8bit\r\n"
        : "";
    edit(0, 0, mime + type + line);
  }
  for (const field of header.fields) {
    if (line !== "" && field === named) edit(field.start, field.end, line);
    else if (field.end - field.start > maxLineBytes) {
      const text = header.text.slice(field.start, field.end);
      if (hasLongLine(Buffer.from(text, "latin1"))) edit(field.start, field.end, folded(text));
    }
  }
}

/** RFC 5322 §2.2.3: a line may break before any blank; never so that nothing but blanks is left on a line. */
function folded(field: string): string {
  return field.replace(/[^\r\n]{999,}/g, (line) => {
    let out = "";
    let from = 0;
    let place = -1;
    for (const { index } of line.matchAll(/[ \t]+(?=[^ \t])/g)) {
      if (index - from > usualLineBytes && place > from) {
        out += `${line.slice(from, place)}\r\n`;
        from = place;
      }
      if (index > 0) place = index;
    }
    if (place > from && line.length - from > usualLineBytes) {
      out += `${line.slice(from, place)}\r\n`;
      from = place;
    }
    return out + line.slice(from);
  });
}
