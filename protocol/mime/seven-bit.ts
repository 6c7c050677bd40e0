/** Conversion for a server that takes seven bits only (RFC 6152 §3): parts with 8-bit or binary bodies get a transfer encoding. */
import { Buffer, isAscii } from "node:buffer";
import { encodeBase64, encodeQuotedPrintable, encodingFor, hasShortLines } from "./encode.ts";
import { bytesOf, headerValue } from "./header.ts";
import { isIdentity, type Part, parseMessage } from "./parse.ts";

/** Bytes from `start` to `end` of the message give way to these. */
type Edit = { readonly start: number; readonly end: number; readonly bytes: Buffer };

/**
 * The message in seven bits, or undefined where it cannot be had without harm: a header beyond ASCII (RFC 6532), a signed or
 * encrypted part whose bytes must stay (RFC 1847 §2.1), a body that is 8-bit in spite of its encoding.
 */
export function toSevenBit(message: Uint8Array): Buffer | undefined {
  const raw = bytesOf(message);
  if (isAscii(raw) && hasShortLines(raw)) return raw;
  const edits: Edit[] = [];
  if (!convert(raw, parseMessage(raw), true, edits)) return undefined;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const edit of edits) {
    pieces.push(raw.subarray(at, edit.start), edit.bytes);
    at = edit.end;
  }
  pieces.push(raw.subarray(at));
  const converted = Buffer.concat(pieces);
  // What lies between the parts was not touched: then it cannot be 8-bit.
  return isAscii(converted) && hasShortLines(converted) ? converted : undefined;
}

function convert(raw: Buffer, part: Part, isRoot: boolean, edits: Edit[]): boolean {
  const bytes = raw.subarray(part.start, part.end);
  if (isAscii(bytes) && hasShortLines(bytes) && isIdentityOf7bit(part)) return true;
  if (!isAscii(raw.subarray(part.start, part.bodyStart)) || !isIdentity(part.encoding)) return false;
  if (part.kind !== "leaf") {
    if (part.contentType.type === "multipart" && /^(?:signed|encrypted)$/.test(part.contentType.subtype)) return false;
    if (!isIdentityOf7bit(part)) edits.push(setEncoding(part, "7bit", isRoot));
    return part.parts.every((child) => convert(raw, child, false, edits));
  }
  // RFC 2046 §5.2: the body of a message part may bear no other encoding.
  if (part.contentType.type === "message") return false;
  const body = raw.subarray(part.bodyStart, part.end);
  const shown = part.contentType.type === "text" && !/(?:^|[^\r])\n|\r(?!\n)/.test(body.toString("latin1"));
  const encoding = shown ? encodingFor(body) : "base64";
  edits.push(setEncoding(part, encoding, isRoot));
  if (encoding === "7bit") return true;
  const encoded = encoding === "base64" ? encodeBase64(body) : encodeQuotedPrintable(body);
  edits.push({ start: part.bodyStart, end: part.end, bytes: Buffer.from(encoded, "latin1") });
  return true;
}

function isIdentityOf7bit({ encoding }: Part): boolean {
  return encoding !== "8bit" && encoding !== "binary";
}

/** Replaces the Content-Transfer-Encoding field, or adds it (and what makes a message MIME) at the top of the header. */
function setEncoding({ header }: Part, encoding: string, isRoot: boolean): Edit {
  const line = `Content-Transfer-Encoding: ${encoding}\r\n`;
  const field = header.fields.find(({ name }) => name === "content-transfer-encoding");
  if (field !== undefined)
    return { start: header.start + field.start, end: header.start + field.end, bytes: Buffer.from(line) };
  const mime = isRoot && headerValue(header, "mime-version") === undefined ? "MIME-Version: 1.0\r\n" : "";
  // RFC 1428 §3: nobody knows which charset it is.
  const type =
    isRoot && headerValue(header, "content-type") === undefined
      ? "Content-Type: text/plain; charset=unknown-8bit\r\n"
      : "";
  return { start: header.start, end: header.start, bytes: Buffer.from(mime + type + line) };
}
