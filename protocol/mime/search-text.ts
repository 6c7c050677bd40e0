/**
 * Exact search (RFC 9051 §6.4.4): case-insensitive substrings of the decoded text, one field or one part at a time.
 * What matches here always passes `mayContain` of the message's signature.
 */
import { type Buffer, isAscii } from "node:buffer";
import { decodeWords } from "./fields/encoded-word.ts";
import { foldText } from "./fold.ts";
import { bytesOf, fieldValue, splitHeader } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { fieldText, type TextVisitor, visitHeader, visitText } from "./searchable.ts";

/** Decoded bytes of a message's text that are searched, all parts together. */
export const maxSearchedBytes = 8 * 1024 * 1024;
/** Longer texts are folded in pieces, for the sake of memory. */
const pieceChars = 256 * 1024;
/** Longer messages skip the short cut, which makes strings of the whole message. */
const maxShortcutBytes = 4 * 1024 * 1024;

/** IMAP TEXT: whether a header field or a text part of the message, at any depth, holds `needle` (in Unicode). */
export function textContains(raw: Uint8Array, needle: string): boolean {
  return contains(bytesOf(raw), foldText(needle), true);
}

/** IMAP BODY: whether a text part, or the header of a message within the message, holds `needle` (in Unicode). */
export function bodyContains(raw: Uint8Array, needle: string): boolean {
  return contains(bytesOf(raw), foldText(needle), false);
}

/** All that searches look at in one message, folded, each field and part ended by a NUL: to be looked at again. */
export type FoldedText = {
  /** What TEXT looks at beside `text`. */
  readonly header: string;
  /** What BODY looks at. */
  readonly text: string;
  /** Neither has a character beyond Latin-1: in memory each takes a byte, else two. */
  readonly isNarrow: boolean;
};

const latin1 = /^[\x00-\xff]*$/;

/** Of longer messages no folded text is made. */
const maxFoldedBytes = pieceChars;

/** Undefined where the message is too long. */
export function foldedText(raw: Uint8Array): FoldedText | undefined {
  if (raw.length > maxFoldedBytes) return undefined;
  const bytes = bytesOf(raw);
  const plain = foldedPlainText(bytes);
  if (plain !== undefined) return plain;
  const found = { header: [] as string[], text: [] as string[] };
  const into = (list: string[]): TextVisitor => {
    return (text) => {
      list.push(typeof text === "string" ? foldText(text) : text.toString("latin1").toLowerCase(), "\0");
      return false;
    };
  };
  const [header, text] = [into(found.header), into(found.text)];
  // Recursion is bounded by `maxDepth` of the tree.
  const walk = (part: Part, withinMessage: boolean): void => {
    visitHeader(part, withinMessage ? text : header);
    visitText(bytes, part, maxSearchedBytes, text);
    for (const child of part.parts) walk(child, part.kind === "message");
  };
  walk(parseMessage(bytes), false);
  const [ofHeader, ofText] = [found.header.join(""), found.text.join("")];
  return { header: ofHeader, text: ofText, isNarrow: latin1.test(ofHeader) && latin1.test(ofText) };
}

/** The same of a message that is plain ASCII text, for little more than a look into it; undefined for any other. */
export function foldedPlainText(raw: Uint8Array): FoldedText | undefined {
  const bytes = bytesOf(raw);
  const plain = bytes.length > maxFoldedBytes ? undefined : plainMessage(bytes);
  if (plain === undefined) return undefined;
  const split = splitHeader(bytes, 0, bytes.length);
  const header = split.fields.map((field) => `${fieldText(split, field).toLowerCase()}\0`).join("");
  return { header, text: `${plain.text.slice(plain.end)}\0`, isNarrow: true };
}

/** As `textContains` (`withHeader`) or `bodyContains`, for a needle without NUL. */
export function foldedContains({ header, text }: FoldedText, needle: string, withHeader: boolean): boolean {
  const folded = foldText(needle);
  return text.includes(folded) || (withHeader && header.includes(folded)) || folded === "";
}

/** IMAP HEADER: whether a field `name` (any case) of the message holds `needle`; "" asks whether there is such a field. */
export function headerContains(raw: Uint8Array, name: string, needle: string): boolean {
  const bytes = bytesOf(raw);
  const header = splitHeader(bytes, 0, bytes.length);
  const wanted = name.toLowerCase();
  const folded = foldText(needle);
  for (const field of header.fields) {
    if (field.name !== wanted || wanted === "") continue;
    if (folded === "" || foldText(decodeWords(fieldValue(header, field))).includes(folded)) return true;
  }
  return false;
}

function contains(bytes: Buffer, folded: string, withHeader: boolean): boolean {
  if (folded === "") return true;
  const quick = plainContains(bytes, folded, withHeader);
  if (quick !== undefined) return quick;
  return new Search(bytes, folded).walk(parseMessage(bytes), withHeader, withHeader);
}

/** One search through the tree of a message. */
class Search {
  readonly #bytes: Buffer;
  readonly #folded: string;
  #left = maxSearchedBytes;

  constructor(bytes: Buffer, folded: string) {
    this.#bytes = bytes;
    this.#folded = folded;
  }

  /** Recursion is bounded by `maxDepth` of the tree. */
  walk(part: Part, thisHeader: boolean, allHeaders: boolean): boolean {
    if (thisHeader && visitHeader(part, this.#holds)) return true;
    if (this.#left > 0 && visitText(this.#bytes, part, this.#left, this.#textHolds)) return true;
    for (const child of part.parts)
      if (this.walk(child, allHeaders || part.kind === "message", allHeaders)) return true;
    return false;
  }

  readonly #textHolds: TextVisitor = (text) => {
    this.#left -= text.length;
    return this.#holds(text);
  };

  readonly #holds: TextVisitor = (text) =>
    typeof text === "string"
      ? foldedIncludes(text, this.#folded)
      : text.toString("latin1").toLowerCase().includes(this.#folded);
}

/** Whether the folded form of `text` includes `folded`; the pieces of a long text overlap by more than a match can take. */
function foldedIncludes(text: string, folded: string): boolean {
  if (text.length <= pieceChars) return foldText(text).includes(folded);
  const overlap = 4 * folded.length + 64;
  for (let from = 0; from < text.length; from += pieceChars)
    if (foldText(text.slice(from, from + pieceChars + overlap)).includes(folded)) return true;
  return false;
}

const plainType =
  /content-type[ \t]*:[ \t]*text\/(?:plain|html)(?:;\s*(?:charset="?(?:us-ascii|utf-8|iso-8859-\d{1,2}|windows-125\d)"?|format="?\w+"?|delsp="?\w+"?))*[ \t]*\r?\n(?![ \t])/y;
const plainEncoding = /content-transfer-encoding[ \t]*:[ \t]*(?:7bit|8bit|binary)[ \t]*\r?\n(?![ \t])/y;

/** A message of one part whose bytes are its text, in small letters, and where its body begins; undefined for any other message. */
function plainMessage(bytes: Buffer): { readonly text: string; readonly end: number } | undefined {
  if (bytes.length > maxShortcutBytes || !isAscii(bytes)) return undefined;
  const text = bytes.toString("latin1").toLowerCase();
  const end = emptyLine(text);
  if (end < 0) return undefined;
  const header = text.slice(0, end);
  if (header.includes("=?") || /\0|\r[^\n]/.test(header)) return undefined;
  if (!lineIsPlain(header, "content-type", plainType)) return undefined;
  if (!lineIsPlain(header, "content-transfer-encoding", plainEncoding)) return undefined;
  return lineAt(header, "content-disposition") >= 0 ? undefined : { text, end };
}

/** Whether such a message holds it, without taking it apart; undefined for any other message. */
function plainContains(bytes: Buffer, folded: string, withHeader: boolean): boolean | undefined {
  const plain = plainMessage(bytes);
  if (plain === undefined) return undefined;
  const { text, end } = plain;
  if (text.includes(folded, end)) return true;
  // Raw text over a fold is not what the field says: let the fields themselves decide where it matters.
  if (!withHeader || !(text.slice(0, end).includes(folded) || /\s/.test(folded))) return false;
  const split = splitHeader(bytes, 0, bytes.length);
  return split.fields.some((field) => fieldText(split, field).toLowerCase().includes(folded));
}

/** Just after the empty line of a message that does not begin with one, or -1. */
function emptyLine(text: string): number {
  const first = text.charCodeAt(0);
  if (first === 10 || first === 13) return -1;
  const crlf = text.indexOf("\n\r\n");
  const lf = (crlf < 0 ? text : text.slice(0, crlf + 1)).indexOf("\n\n");
  return lf >= 0 ? lf + 2 : crlf >= 0 ? crlf + 3 : -1;
}

function lineAt(header: string, name: string): number {
  if (header.startsWith(name)) return 0;
  const at = header.indexOf(`\n${name}`);
  return at < 0 ? -1 : at + 1;
}

/** Whether the header has no such field, or the first one is as `pattern` says. */
function lineIsPlain(header: string, name: string, pattern: RegExp): boolean {
  const at = lineAt(header, name);
  if (at < 0) return true;
  pattern.lastIndex = at;
  return pattern.test(header);
}
