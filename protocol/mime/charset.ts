/** Bytes in any charset a stranger may name, to Unicode. Never throws: what cannot be decoded shows as U+FFFD or as windows-1252. */
import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { type Charset, charsetFor, guessed } from "./charset-names.ts";
import { bytesOf } from "./header.ts";

const decoders = new Map<string, TextDecoder>(); // One for each row of the table at most.

/** Decodes bytes in the charset a message names; "" and unknown names are guessed (UTF-8 if it is valid, else windows-1252). */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const charset = charsetFor(label);
  if (charset === "utf-7") return decodeUtf7(bytesOf(bytes).toString("latin1"));
  if (charset === "hz-gb-2312") return decodeHz(bytesOf(bytes));
  if (charset === "iso-2022-kr") return decodeKr(bytesOf(bytes));
  if (charset === guessed) return guess(bytes);
  if (asciiCompatible(charset) && isAscii(bytes)) return bytesOf(bytes).toString("latin1");
  return decoderFor(bigEndian(charset, bytes) ? "utf-16be" : charset).decode(bytes);
}

/** RFC 2781 §4.3: a byte order mark says more than the label. */
function bigEndian(charset: Charset, bytes: Uint8Array): boolean {
  return charset === "utf-16le" && bytes[0] === 0xfe && bytes[1] === 0xff;
}

/** Unlabelled 8-bit text (a header value as a byte string) to Unicode. */
export function decodeByteString(text: string): string {
  return /[\x80-\xff]/.test(text) ? guess(Buffer.from(text, "latin1")) : text;
}

const utf8 = new TextDecoder("utf-8");
const windows1252 = new TextDecoder("windows-1252");

function guess(bytes: Uint8Array): string {
  if (isAscii(bytes)) return bytesOf(bytes).toString("latin1");
  return (isUtf8(bytes) ? utf8 : windows1252).decode(bytes);
}

/** Whether bytes below 128 always mean ASCII, so that plain text needs no decoding. */
export function asciiCompatible(charset: Charset): boolean {
  return charset === "utf-8" || charset === guessed || !/^(?:utf-16|utf-7|iso-2022|hz)/.test(charset);
}

function decoderFor(charset: string): TextDecoder {
  let decoder = decoders.get(charset);
  if (decoder === undefined) decoders.set(charset, (decoder = new TextDecoder(charset)));
  return decoder;
}

/** RFC 2152. Bad base64 runs are left as they are. */
function decodeUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)-?/g, (run, base64: string) => {
    if (base64 === "") return run === "+-" ? "+" : run;
    const bytes = Buffer.from(base64, "base64");
    const even = bytes.subarray(0, bytes.length & ~1);
    if (even.length === 0) return run;
    return Buffer.from(even).swap16().toString("utf16le");
  });
}

/** RFC 1843: GB 2312 characters as 7-bit pairs between "~{" and "~}". */
function decodeHz(bytes: Buffer): string {
  const out = Buffer.alloc(bytes.length);
  let length = 0;
  let chinese = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 126 && i + 1 < bytes.length) {
      const next = bytes[i + 1]!;
      i++;
      if (next === 123) chinese = true;
      else if (next === 125) chinese = false;
      else if (next === 126) out[length++] = 126;
      else if (next !== 10) i--;
      continue;
    }
    if (byte === 10) chinese = false;
    out[length++] = chinese && byte > 32 ? byte | 128 : byte;
  }
  return decoderFor("gbk").decode(out.subarray(0, length));
}

/** RFC 1557: KS C 5601 characters as 7-bit pairs between SO and SI, announced by "ESC $ ) C". */
function decodeKr(bytes: Buffer): string {
  const out = Buffer.alloc(bytes.length);
  let length = 0;
  let korean = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === 14 || byte === 15) korean = byte === 14;
    else if (byte === 27 && bytes[i + 1] === 36 && bytes[i + 2] === 41 && bytes[i + 3] === 67) i += 3;
    else out[length++] = korean && byte > 32 ? byte | 128 : byte;
  }
  return decoderFor("euc-kr").decode(out.subarray(0, length));
}
