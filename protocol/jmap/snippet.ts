/** Pieces of text around what was searched for, marked: RFC 8621 §5. */
import { Buffer } from "node:buffer";
import { decodeText } from "../mime/decode.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { headerValue } from "../mime/header.ts";
import { foldWords } from "../words/words.ts";
import { isTextPart, openEmail, partsOfBody } from "./email-body.ts";
import { htmlText } from "./preview.ts";

/** RFC 8621 §5: at most 255 octets. */
const maxSnippetBytes = 255;
const maxTextBytes = 512 * 1024;
/** Characters before the first match. */
const leadChars = 60;

export type Snippet = { readonly subject: string | null; readonly preview: string | null };

/** Words that are looked for: in the subject, in the body. */
export type Wanted = { readonly subject: readonly string[]; readonly body: readonly string[] };

/** Pure: what of the message matches, in HTML with &lt;mark&gt;. */
export function snippetOf(raw: Uint8Array, wanted: Wanted): Snippet {
  const email = openEmail(raw, undefined);
  const subject = decodeWords(headerValue(email.root.header, "subject") ?? "").replace(/\s+/g, " ");
  const marked = mark(subject, wanted.subject, Number.MAX_SAFE_INTEGER);
  let preview: string | null = null;
  if (wanted.body.length > 0) {
    const { text, html } = partsOfBody(email);
    for (const part of new Set([...text, ...html])) {
      if (!isTextPart(part)) continue;
      const decoded = decodeText(raw, part, maxTextBytes);
      const plain = (part.contentType.subtype === "html" ? htmlText(decoded) : decoded).replace(/\s+/g, " ").trim();
      preview = mark(plain, wanted.body, maxSnippetBytes);
      if (preview !== null) break;
    }
  }
  return { subject: marked, preview };
}

type Folded = {
  readonly text: string;
  /** Where each of its units, and its end, stands in the text that was folded; undefined: at the same place. */
  readonly at: readonly number[] | undefined;
};

/** The text as words are compared: "Zürich" is found by "zurich", "straße" by "strasse". */
function fold(text: string): Folded {
  if (/^[\x00-\x7f]*$/.test(text)) return { text: text.toLowerCase(), at: undefined };
  const known = new Map<string, string>();
  const pieces: string[] = [];
  const at: number[] = [];
  let from = 0;
  for (const char of text) {
    let piece = known.get(char);
    if (piece === undefined) {
      piece = foldWords(char);
      known.set(char, piece);
    }
    pieces.push(piece);
    for (let i = 0; i < piece.length; i++) at.push(from);
    from += char.length;
  }
  at.push(from);
  return { text: pieces.join(""), at };
}

type Range = { readonly from: number; readonly to: number };

/** Where the words stand in the text, in order; of two at one place the longer. No more than can be shown. */
function* matches(text: string, words: readonly string[]): Generator<Range> {
  const folded = fold(text);
  const place = (at: number): number => folded.at?.[at] ?? at;
  const wanted = [...new Set(words.map(foldWords))].filter((word) => word !== "");
  const next = new Map(wanted.map((word) => [word, folded.text.indexOf(word)]));
  for (let at = 0; ; ) {
    let found: { word: string; at: number } | undefined;
    for (const [word, known] of next) {
      const stands = known >= 0 && known < at ? folded.text.indexOf(word, at) : known;
      next.set(word, stands);
      if (stands < 0) continue;
      if (found === undefined || stands < found.at || (stands === found.at && word.length > found.word.length))
        found = { word, at: stands };
    }
    if (found === undefined) return;
    at = found.at + found.word.length;
    // Marks that belong to the last letter ("e" and its accent) are folded to nothing, and marked with it.
    yield { from: place(found.at), to: place(at) };
  }
}

/** The text, cut to what fits, with the words marked; null where none of them is in it. */
export function mark(text: string, words: readonly string[], maxBytes: number): string | null {
  const found = matches(text, words);
  let next = found.next().value;
  if (next === undefined) return null;
  const first = next.from;
  let from = 0;
  if (maxBytes < Number.MAX_SAFE_INTEGER && first > leadChars) {
    const space = text.indexOf(" ", first - leadChars);
    from = space >= 0 && space < first ? space + 1 : first;
  }
  let out = "";
  let bytes = 0;
  for (let at = from; at < text.length; ) {
    const isMatch = next !== undefined && at >= next.from && next.to > at;
    const length = isMatch ? next!.to - at : (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
    const plain = escapeHtml(text.slice(at, at + length));
    const piece = isMatch ? `<mark>${plain}</mark>` : plain;
    if (isMatch) next = found.next().value;
    const size = Buffer.byteLength(piece);
    if (bytes + size > maxBytes) break;
    out += piece;
    bytes += size;
    at += length;
  }
  return out.replaceAll("</mark><mark>", "").trim();
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) =>
    char === "&" ? "&amp;" : char === "<" ? "&lt;" : char === ">" ? "&gt;" : "&quot;",
  );
