/** RFC 2047 encoded words (with RFC 2231 §5 languages) in a header value. */
import { Buffer } from "node:buffer";
import { decodeByteString, decodeCharset } from "../charset.ts";

const maxCharsetChars = 64;

type Word = { readonly charset: string; readonly bytes: Buffer; readonly end: number };

/** Decodes a header value (unfolded byte string) to Unicode: encoded words, and raw 8-bit text outside them. One line, no controls that end lines. */
export function decodeWords(value: string): string {
  let at = value.indexOf("=?");
  if (at < 0) return decodeByteString(value);
  const lastEnd = value.lastIndexOf("?="); // Beyond it no word can end: keeps hostile input linear.
  let out = "";
  let plainFrom = 0;
  let charset = "";
  let run: Buffer[] = [];
  const flush = (): void => {
    if (run.length === 0) return;
    out += decodeCharset(run.length === 1 ? run[0]! : Buffer.concat(run), charset);
    run = [];
  };
  while (at >= 0 && at < lastEnd) {
    const word = readWord(value, at, lastEnd);
    if (word === undefined) {
      at = value.indexOf("=?", at + 2);
      continue;
    }
    const between = value.slice(plainFrom, at);
    // RFC 2047 §6.2: blanks between two encoded words are not shown.
    if (run.length === 0 || !/^[ \t\r\n]*$/.test(between)) {
      flush();
      out += decodeByteString(between);
    }
    // A character may be split over words of one charset: join their bytes first, unless each begins in its own shift state.
    if (run.length > 0 && (charset !== word.charset || /^(?:iso-2022|utf-?7|hz)/.test(charset))) flush();
    charset = word.charset;
    run.push(word.bytes);
    plainFrom = word.end;
    at = value.indexOf("=?", word.end);
  }
  flush();
  out += decodeByteString(value.slice(plainFrom));
  return /[\r\n\0]/.test(out) ? out.replace(/[\r\n\0]+/g, " ") : out;
}

function readWord(value: string, at: number, lastEnd: number): Word | undefined {
  let position = at + 2;
  const charsetLimit = Math.min(value.length, position + maxCharsetChars);
  while (position < charsetLimit) {
    const code = value.charCodeAt(position);
    if (code === 63) break;
    if (code <= 32) return undefined;
    position++;
  }
  if (value.charCodeAt(position) !== 63 || value.charCodeAt(position + 2) !== 63) return undefined;
  const encoding = value.charCodeAt(position + 1) | 0x20;
  if (encoding !== 98 && encoding !== 113) return undefined; // b, q
  const textStart = position + 3;
  const textEnd = textStart > lastEnd ? -1 : value.indexOf("?=", textStart);
  if (textEnd < 0) return undefined;
  const text = value.slice(textStart, textEnd);
  return {
    charset: value.slice(at + 2, position).toLowerCase(),
    bytes: encoding === 98 ? Buffer.from(text, "base64") : decodeQ(text),
    end: textEnd + 2,
  };
}

/** RFC 2047 §4.2. */
function decodeQ(text: string): Buffer {
  const out = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 95) code = 32;
    else if (code === 61) {
      const high = hexValue(text.charCodeAt(i + 1));
      const low = hexValue(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        code = (high << 4) | low;
        i += 2;
      }
    }
    out[length++] = code;
  }
  return out.subarray(0, length);
}

/** Value of a hexadecimal digit, or -1. */
export function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 0x20;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
