/** The content of parts: transfer encodings undone, text in Unicode. Lazy, and never more than the caller asks for. */
import { Buffer } from "node:buffer";
import { decodeCharset } from "./charset.ts";
import { hexValue } from "./fields/encoded-word.ts";
import { parameterText, parseParameterized } from "./fields/parameters.ts";
import { bytesOf, headerValue } from "./header.ts";
import { isIdentity, type Part } from "./parse.ts";

/** What a part says of its encoding, as far as we can undo it. */
export type TransferEncoding = "identity" | "base64" | "quoted-printable" | "uuencode" | "unknown";

export function transferEncodingOf(part: Part): TransferEncoding {
  if (part.kind !== "leaf" || isIdentity(part.encoding)) return "identity";
  switch (part.encoding) {
    case "base64":
      return "base64";
    case "quoted-printable":
      return "quoted-printable";
    case "x-uuencode":
    case "x-uue":
    case "uuencode":
    case "uue":
      return "uuencode";
    default:
      return "unknown";
  }
}

/** The content of a part with its transfer encoding undone (unknown ones left as they are), at most about `maxBytes`; a view where nothing is encoded. */
export function decodeBody(raw: Uint8Array, part: Part, maxBytes: number): Buffer {
  const body = bytesOf(raw).subarray(part.bodyStart, part.end);
  switch (transferEncodingOf(part)) {
    case "base64":
      return decodeBase64(body, maxBytes);
    case "quoted-printable":
      return decodeQuotedPrintable(body, maxBytes);
    case "uuencode":
      return decodeUuencode(body, maxBytes);
    default:
      return body.subarray(0, maxBytes);
  }
}

/** The text of a text part in Unicode, from at most `maxBytes` of decoded bytes. */
export function decodeText(raw: Uint8Array, part: Part, maxBytes: number): string {
  return decodeCharset(decodeBody(raw, part, maxBytes), charsetOf(part));
}

/** The charset a part names, or "" where it names none (text is then guessed; RFC 2046 §4.1.2 says us-ascii). */
export function charsetOf(part: Part): string {
  for (const parameter of part.contentType.parameters) if (parameter.name === "charset") return parameter.value;
  return parameterText(part.contentType.parameters, "charset") ?? "";
}

/** The name a part suggests for a file (RFC 2183 filename, else the name of its type), in Unicode, or undefined. */
export function fileNameOf(part: Part): string | undefined {
  const disposition = headerValue(part.header, "content-disposition");
  if (disposition !== undefined) {
    const name = parameterText(parseParameterized(disposition).parameters, "filename");
    if (name !== undefined) return name;
  }
  return parameterText(part.contentType.parameters, "name");
}

/** RFC 2045 §6.8. Characters outside the alphabet are passed over; padding in the middle starts afresh. */
export function decodeBase64(body: Uint8Array, maxBytes: number): Buffer {
  const bytes = bytesOf(body);
  const padding = bytes.indexOf(61);
  const enough = Math.ceil(maxBytes / 3) * 4;
  // Line ends cost 2 bytes in 78; take a little more, then cut.
  const slice = bytes.subarray(0, Math.min(bytes.length, Math.ceil(enough * 1.1) + 78));
  if (padding < 0 || padding >= slice.length || slice.length - padding <= 4)
    return Buffer.from(slice.toString("latin1"), "base64").subarray(0, maxBytes);
  return decodeBase64Runs(slice).subarray(0, maxBytes);
}

/** Base64 with padding in the middle (pieces glued together). */
function decodeBase64Runs(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(Math.ceil((bytes.length * 3) / 4) + 3);
  let length = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 61) {
      bits = count = 0;
      continue;
    }
    const value = base64Values[byte]!;
    if (value > 63) continue;
    bits = ((bits << 6) | value) & 0xfff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out[length++] = (bits >>> count) & 0xff;
    }
  }
  return out.subarray(0, length);
}

const base64Values = new Uint8Array(256).fill(255);
for (const [value, char] of [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].entries())
  base64Values[char.charCodeAt(0)] = value;
base64Values[45] = 62;
base64Values[95] = 63;

/** RFC 2045 §6.7; what is not valid stays as it is. */
export function decodeQuotedPrintable(body: Uint8Array, maxBytes: number): Buffer {
  const bytes = bytesOf(body);
  if (bytes.indexOf(61) < 0 && !hasTrailingBlanks(bytes)) return bytes.subarray(0, maxBytes);
  const out = Buffer.allocUnsafe(Math.min(bytes.length, maxBytes + 1));
  let length = 0;
  /** Length of `out` without the blanks at the end of the current line: transport padding is dropped (rule 3). */
  let solid = 0;
  for (let i = 0; i < bytes.length && length < maxBytes; i++) {
    const byte = bytes[i]!;
    if (byte === 61) {
      const high = hexValue(bytes[i + 1] ?? 0);
      const low = hexValue(bytes[i + 2] ?? 0);
      if (high >= 0 && low >= 0) {
        out[length++] = (high << 4) | low;
        solid = length;
        i += 2;
        continue;
      }
      let end = i + 1;
      while (bytes[end] === 32 || bytes[end] === 9) end++;
      if (bytes[end] === 13 && bytes[end + 1] === 10) end++;
      if (bytes[end] === 10 || end >= bytes.length) {
        i = end; // A soft line break.
        solid = length;
        continue;
      }
      out[length++] = byte;
      solid = length;
    } else if (byte === 32 || byte === 9) out[length++] = byte;
    else {
      if (byte === 10 || (byte === 13 && bytes[i + 1] === 10)) length = solid;
      out[length++] = byte;
      solid = length;
    }
  }
  return out.subarray(0, length);
}

function hasTrailingBlanks(bytes: Buffer): boolean {
  return bytes.includes(" \r\n") || bytes.includes("\t\r\n") || bytes.includes(" \n") || bytes.includes("\t\n");
}

/** The first uuencoded file in the text ("begin 644 name" … "end"); "" without one. */
export function decodeUuencode(body: Uint8Array, maxBytes: number): Buffer {
  const bytes = bytesOf(body);
  let line = 0;
  let began = false;
  const out = Buffer.allocUnsafe(Math.min(bytes.length, maxBytes + 64));
  let length = 0;
  while (line < bytes.length && length < maxBytes) {
    let end = bytes.indexOf(10, line);
    if (end < 0) end = bytes.length;
    if (!began)
      began =
        bytes[line] === 98 &&
        /^begin(?:-base64)? [0-7]{3,4} /.test(bytes.toString("latin1", line, Math.min(end, line + 20)));
    else if (bytes[line] === 101 && bytes.toString("latin1", line, Math.min(end, line + 4)).trimEnd() === "end") break;
    else {
      let left = ((bytes[line] ?? 32) - 32) & 63;
      for (let i = line + 1; left > 0 && i < end; i += 4) {
        const value = (offset: number): number => (i + offset < end ? (bytes[i + offset]! - 32) & 63 : 0);
        const group = (value(0) << 18) | (value(1) << 12) | (value(2) << 6) | value(3);
        for (let shift = 16; shift >= 0 && left > 0 && length < out.length; shift -= 8, left--)
          out[length++] = (group >>> shift) & 0xff;
      }
    }
    line = end + 1;
  }
  return out.subarray(0, Math.min(length, maxBytes));
}
