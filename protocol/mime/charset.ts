/** Bytes in any charset a stranger may name, to Unicode. Never throws: what cannot be decoded shows as U+FFFD or as windows-1252. */
import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { bytesOf } from "./header.ts";

/** Names seen in mail that the Encoding Standard does not know. Keys have no "-", "_" or ":" and are lower case. */
const aliases: { readonly [name: string]: string } = {
  "": "guess",
  unknown: "guess",
  unknown8bit: "guess",
  xunknown: "guess",
  "8bit": "guess",
  "7bit": "guess",
  binary: "guess",
  default: "guess",
  none: "guess",
  xuserdefined: "guess",
  ansi: "windows-1252",
  ansix341968: "us-ascii",
  iso646us: "us-ascii",
  us: "us-ascii",
  ascii8bit: "guess",
  usascii: "us-ascii",
  latin1: "iso-8859-1",
  latin: "iso-8859-1",
  iso88591windows31latin1: "windows-1252",
  utf8: "utf-8",
  utf8mb4: "utf-8",
  unicode: "utf-16le",
  utf16: "utf-16",
  ucs2: "utf-16be",
  iso10646ucs2: "utf-16be",
  cp65001: "utf-8",
  cp65000: "utf-7",
  unicode11utf7: "utf-7",
  xunicode20utf7: "utf-7",
  csunicode11utf7: "utf-7",
  iso88598i: "iso-8859-8-i",
  iso88598e: "iso-8859-8",
  iso88596i: "iso-8859-6",
  iso88596e: "iso-8859-6",
  ksc5601: "euc-kr",
  ksc56011987: "euc-kr",
  ksc56011989: "euc-kr",
  ksx1001: "euc-kr",
  cp949: "euc-kr",
  uhc: "euc-kr",
  ms949: "euc-kr",
  xwindows949: "euc-kr",
  johab: "euc-kr",
  cp936: "gbk",
  ms936: "gbk",
  cngb: "gb18030",
  hzgb2312: "hz-gb-2312",
  hz: "hz-gb-2312",
  cp950: "big5",
  ms950: "big5",
  cp932: "shift_jis",
  ms932: "shift_jis",
  xms932: "shift_jis",
  shiftjisms: "shift_jis",
  iso2022jp1: "iso-2022-jp",
  iso2022jp2: "iso-2022-jp",
  iso2022jp3: "iso-2022-jp",
  cp50220: "iso-2022-jp",
  cp50221: "iso-2022-jp",
  cp50222: "iso-2022-jp",
  cp51932: "euc-jp",
  ujis: "euc-jp",
  cp866: "ibm866",
  cp874: "windows-874",
  tis620: "windows-874",
  koi8: "koi8-r",
  koi8ru: "koi8-u",
  xmacroman: "macintosh",
  macroman: "macintosh",
  xmaccyrillic: "x-mac-cyrillic",
  maccyrillic: "x-mac-cyrillic",
  viscii: "windows-1258",
  iso885915windows31latin9: "iso-8859-15",
};

const decoders = new Map<string, TextDecoder | undefined>();
const maxLabelChars = 64;

/** The charset that will be used for a label: "guess", "utf-7", "hz-gb-2312" or a name of the Encoding Standard. */
export function charsetFor(label: string): string {
  let name = label.slice(0, maxLabelChars).trim().toLowerCase();
  const star = name.indexOf("*"); // RFC 2231 §5: charset*language
  if (star >= 0) name = name.slice(0, star);
  if (name === "utf-8" || name === "us-ascii") return name;
  name = name.replace(/^["']+|["']+$/g, "");
  const plain = name.replace(/[-_: ]/g, "");
  const alias = Object.hasOwn(aliases, plain) ? aliases[plain] : undefined;
  if (alias !== undefined) return alias;
  if (decoderFor(name) !== undefined) return name;
  for (const guess of [
    plain.replace(/^(?:x|cs)(?=[a-z])/, ""),
    plain.replace(/^(?:x|ms|ibm)?cp(?:win)?(12\d\d|1361|874)$/, "windows-$1"),
    plain.replace(/^(?:win|windows|ms|ibm)(12\d\d|874)$/, "windows-$1"),
    plain.replace(/^(?:cs)?(?:iso|latin)?8859(\d{1,2})$/, "iso-8859-$1"),
    plain.replace(/^iso8859(\d{1,2}).*$/, "iso-8859-$1"),
    plain.replace(/^(?:cp|ibm)(8\d\d)$/, "ibm$1"),
  ]) {
    if (Object.hasOwn(aliases, guess)) return aliases[guess]!;
    if (decoderFor(guess) !== undefined) return guess;
  }
  return /^utf8/.test(plain) ? "utf-8" : /^utf7|utf7$/.test(plain) ? "utf-7" : "guess";
}

/** Decodes bytes in the charset a message names; "" and unknown names are guessed (UTF-8 if it is valid, else windows-1252). */
export function decodeCharset(bytes: Uint8Array, label: string): string {
  const charset = charsetFor(label);
  if (charset === "utf-7") return decodeUtf7(bytesOf(bytes).toString("latin1"));
  if (charset === "hz-gb-2312") return decodeHz(bytesOf(bytes));
  if (charset === "guess" || charset === "us-ascii") return guess(bytes);
  if (asciiCompatible(charset) && isAscii(bytes)) return bytesOf(bytes).toString("latin1");
  return (decoderFor(charset) ?? windows1252).decode(bytes);
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
export function asciiCompatible(charset: string): boolean {
  return !/^(?:utf-16|iso-2022|utf-7|hz|utf-32|replacement)/.test(charset);
}

function decoderFor(name: string): TextDecoder | undefined {
  const known = decoders.get(name);
  if (known !== undefined) return known;
  try {
    const decoder = new TextDecoder(name);
    if (decoders.size < 256) decoders.set(name, decoder); // Bounded by the labels of the Encoding Standard.
    return decoder;
  } catch {
    return undefined;
  }
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
  return (decoderFor("gbk") ?? windows1252).decode(out.subarray(0, length));
}
