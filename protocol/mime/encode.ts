/** Transfer encodings for mail we write (RFC 2045 §6.7, §6.8), and which of them a text needs. */
import { Buffer, isAscii } from "node:buffer";
import { bytesOf } from "./header.ts";

/** RFC 5322 §2.1.1: characters of a line without its end. */
export const maxLineBytes = 998;
const maxEncodedLine = 76;

/** Base64 in lines of 76 characters, with a final line end. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = bytesOf(bytes).toString("base64");
  let out = "";
  for (let i = 0; i < text.length; i += maxEncodedLine) out += `${text.slice(i, i + maxEncodedLine)}\r\n`;
  return out;
}

/** Quoted-printable of text bytes whose lines end with CRLF; a final line end is there where the text has one. */
export function encodeQuotedPrintable(bytes: Uint8Array): string {
  let out = "";
  let line = "";
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 13 && bytes[i + 1] === 10) {
      out += `${line}\r\n`;
      line = "";
      i++;
      continue;
    }
    const next = bytes[i + 1];
    const endsLine = next === undefined || (next === 13 && bytes[i + 2] === 10);
    const literal = byte === 32 || byte === 9 ? !endsLine : byte > 32 && byte < 127 && byte !== 61;
    const piece = literal ? String.fromCharCode(byte) : `=${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`;
    // The soft break itself takes a character, unless the line ends here anyway.
    if (line.length + piece.length > (endsLine ? maxEncodedLine : maxEncodedLine - 1)) {
      out += `${line}=\r\n`;
      line = "";
    }
    line += piece;
  }
  return out + line;
}

/** Text with every kind of line end made CRLF. */
export function withCrlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, "\r\n");
}

/** How text bytes (CRLF lines) can travel over any transport: as they are, or in the shorter of the two encodings. */
export function encodingFor(bytes: Uint8Array): "7bit" | "quoted-printable" | "base64" {
  if (isAscii(bytes) && hasShortLines(bytes) && !bytes.includes(0)) return "7bit";
  let escaped = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 126 || bytes[i] === 61) escaped++;
  return escaped * 6 > bytes.length ? "base64" : "quoted-printable";
}

/** Whether all lines end with CRLF and none is longer than SMTP lets through. */
export function hasShortLines(raw: Uint8Array): boolean {
  const bytes = bytesOf(raw);
  let line = 0;
  while (line < bytes.length) {
    const end = bytes.indexOf(10, line);
    if (end < 0) break;
    if (bytes[end - 1] !== 13 || end - 1 - line > maxLineBytes) return false;
    const cr = bytes.indexOf(13, line);
    if (cr !== end - 1) return false;
    line = end + 1;
  }
  return bytes.length - line <= maxLineBytes && bytes.indexOf(13, line) < 0;
}

/** Whether a line is longer than SMTP lets through; it goes a thousand octets at a step. */
export function hasLongLine(raw: Uint8Array): boolean {
  const bytes = bytesOf(raw);
  let line = 0;
  while (bytes.length - line > maxLineBytes) {
    // The last line end that comes in time: its CR right after 998 octets at the latest.
    const end = bytes.lastIndexOf(10, line + maxLineBytes + 1);
    if (end < line) return true;
    line = end + 1;
  }
  return false;
}

/** UTF-8 bytes of text with CRLF lines. */
export function textBytes(text: string): Buffer {
  return Buffer.from(withCrlf(text), "utf8");
}
