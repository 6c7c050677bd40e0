/** PDF (ISO 32000-1): what runs by itself, and what is embedded. Names are read outside of texts and pictures, also in packed objects. */
import { inflateSync } from "node:zlib";
import type { Budget } from "./bounds.ts";
import { inflate } from "./zip.ts";

export type PdfSigns = {
  /** "JavaScript", "Launch" …: what runs. */
  readonly runs: readonly string[];
  /** Files within it, unpacked, with their names where they were found. */
  readonly embedded: readonly { readonly name: string; readonly bytes: Buffer }[];
};

const running = new Set(["JavaScript", "JS", "Launch", "RichMedia", "GoToE", "ImportData"]);
/** First letters of all names that mean something here; "#" may hide any. */
const firstLetters = new Set([..."JLRGIEOXFU#"].map((char) => char.charCodeAt(0)));
const maxEmbedded = 50;
const maxPackedObjects = 2000;
/** Of all packed objects together. */
const maxPackedBytes = 32 * 1024 * 1024;
/** Strings without an end after which parentheses count no more. */
const maxBrokenStrings = 100;
/** The budget is asked after so many bytes. */
const stride = 1 << 16;

export function pdfSigns(file: Buffer, budget: Budget): PdfSigns {
  const runs = new Set<string>();
  const names: string[] = [];
  const embedded: { name: string; bytes: Buffer }[] = [];
  let packed = 0;
  let packedLeft = maxPackedBytes;
  let broken = 0;
  const scan = (text: Buffer, depth: number): void => {
    const found = new Set<string>(); // names since the last object began
    let lastName = "";
    for (let i = 0; i < text.length; i++) {
      const byte = text[i]!;
      if ((i & (stride - 1)) === 0 && budget.spent) return;
      if (byte === 40) {
        if (broken > maxBrokenStrings) continue;
        const end = stringEnd(text, i);
        if ((lastName === "F" || lastName === "UF") && names.length < maxEmbedded)
          names.push(stringOf(text.subarray(i + 1, end)));
        if (end === i) broken++;
        i = end;
      } else if (byte === 37) {
        // A comment, to the end of its line.
        while (i + 1 < text.length && text[i + 1] !== 10 && text[i + 1] !== 13) i++;
      } else if (byte === 47) {
        const end = nameEnd(text, i + 1);
        lastName = firstLetters.has(text[i + 1]!) ? nameOf(text, i + 1, end) : "";
        if (lastName !== "") found.add(lastName);
        if (running.has(lastName)) runs.add(lastName === "JS" ? "JavaScript" : lastName);
        i = end - 1;
      } else if (byte === 115 && depth === 0 && isStream(text, i)) {
        let start = i + 6;
        if (text[start] === 13) start++;
        if (text[start] === 10) start++;
        let end = text.indexOf("endstream", start, "latin1");
        if (end < 0) end = text.length;
        const isFile = found.has("EmbeddedFile");
        const isObjects = found.has("ObjStm") || found.has("XFA");
        if (
          (isFile && embedded.length < maxEmbedded) ||
          (isObjects && packedLeft > 0 && ++packed <= maxPackedObjects)
        ) {
          const raw = text.subarray(start, end);
          const bytes =
            found.has("FlateDecode") || found.has("Fl")
              ? inflate(raw, Math.min(budget.bytes, isFile ? budget.bytes : packedLeft), inflateSync)
              : raw;
          if (bytes !== undefined) {
            budget.unpacked(bytes.length);
            if (isFile) embedded.push({ name: "", bytes });
            else {
              packedLeft = Math.max(0, packedLeft - bytes.length);
              scan(bytes, 1);
            }
          }
        }
        found.clear();
        i = end + 8;
      } else if (byte === 101 && text[i + 1] === 110 && text[i + 2] === 100 && text[i + 3] === 111) {
        found.clear(); // endobj
        i += 5;
      }
    }
  };
  scan(file, 0);
  // Which file has which name is said by references; for a judgement it is enough that the names are known.
  return {
    runs: [...runs],
    embedded: embedded
      .map((one, index) => ({ ...one, name: names[index] ?? "" }))
      .concat(names.slice(embedded.length).map((name) => ({ name, bytes: Buffer.alloc(0) }))),
  };
}

function isStream(text: Buffer, at: number): boolean {
  return (
    text[at + 1] === 116 &&
    text[at + 2] === 114 &&
    text[at + 3] === 101 &&
    text[at + 4] === 97 &&
    text[at + 5] === 109 &&
    (text[at + 6] === 10 || text[at + 6] === 13) &&
    text[at - 1] !== 100 // not "endstream"
  );
}

/** The closing parenthesis of the string that begins at `at`. */
function stringEnd(text: Buffer, at: number): number {
  let depth = 0;
  // A string that is not closed must not hide the rest of the file.
  const limit = Math.min(text.length, at + maxStringBytes);
  for (let i = at; i < limit; i++) {
    const byte = text[i];
    if (byte === 92) i++;
    else if (byte === 40) depth++;
    else if (byte === 41 && --depth === 0) return i;
  }
  return at;
}
const maxStringBytes = 65_535;

function nameEnd(text: Buffer, at: number): number {
  let i = at;
  const limit = Math.min(text.length, at + 128);
  while (i < limit && !isDelimiter(text[i]!)) i++;
  return Math.max(i, at);
}

const delimiters = new Set([..."()<>[]{}/%"].map((char) => char.charCodeAt(0)));
const isDelimiter = (byte: number): boolean => byte <= 32 || delimiters.has(byte);

/** ISO 32000-1 §7.3.5: "#4a" in a name is a byte. */
function nameOf(text: Buffer, start: number, end: number): string {
  const plain = text.toString("latin1", start, end);
  return plain.includes("#")
    ? plain.replace(/#([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    : plain;
}

function stringOf(bytes: Buffer): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    const even = Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)));
    return even.swap16().toString("utf16le");
  }
  return bytes.toString("latin1").replace(/\\([()\\])/g, "$1");
}
