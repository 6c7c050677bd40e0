/** Pieces of text around what was searched for, marked: RFC 8621 §5. */
import { Buffer } from "node:buffer";
import { decodeText } from "../mime/decode.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { headerValue } from "../mime/header.ts";
import { isTextPart, openEmail, partsOfBody } from "./email-body.ts";
import { htmlText } from "./preview.ts";

/** RFC 8621 §5: at most 255 octets. */
const maxSnippetBytes = 255;
const maxTextBytes = 512 * 1024;
/** Characters before the first match. */
const leadChars = 60;

export type Snippet = { readonly subject: string | null; readonly preview: string | null };

/** Words that are looked for, lower case: in the subject, in the body. */
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

/** The text, cut to what fits, with the words marked; null where none of them is in it. */
export function mark(text: string, words: readonly string[], maxBytes: number): string | null {
  const lower = text.toLowerCase();
  // Folding may change lengths (İ): then what is marked is found without it.
  const searched = lower.length === text.length ? lower : text;
  let first = -1;
  for (const word of words) {
    const at = searched.indexOf(word);
    if (at >= 0 && (first < 0 || at < first)) first = at;
  }
  if (first < 0) return null;
  let from = 0;
  if (maxBytes < Number.MAX_SAFE_INTEGER && first > leadChars) {
    const space = text.indexOf(" ", first - leadChars);
    from = space >= 0 && space < first ? space + 1 : first;
  }
  let out = "";
  let bytes = 0;
  for (let at = from; at < text.length; ) {
    const word = words.filter((each) => searched.startsWith(each, at)).sort((a, b) => b.length - a.length)[0];
    const length = word?.length ?? ((text.codePointAt(at) as number) > 0xffff ? 2 : 1);
    const plain = escapeHtml(text.slice(at, at + length));
    const piece = word === undefined ? plain : `<mark>${plain}</mark>`;
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
