/** HTML as the text that people see, and the beginning of a message for lists: RFC 8621 §4.1.4. */

import { decodeEntities, namedCharacters } from "../mime/entities.ts";

/** RFC 8621 §4.1.4: at most so many characters. */
export const maxPreviewChars = 256;
/** Of a text no more is looked at. */
const maxPreviewSource = 16 * 1024;

/** What is not seen takes no room: many letters hide a line of it behind their first words. */
const seenCharacters = { ...namedCharacters, shy: "", zwnj: "", zwj: "" };

/** Elements whose content nobody sees. */
const hidden = /^(?:head|style|script|title|template|noscript|svg|object|textarea)$/;
const blocks = /^(?:p|div|br|tr|li|h[1-6]|table|ul|ol|blockquote|pre|hr|section|article|header|footer|td|th)$/;

/** The text of an HTML part, tags undone: blocks end lines. Linear in its length. */
export function htmlText(html: string): string {
  let out = "";
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) {
      out += decodeEntities(html.slice(at), seenCharacters);
      break;
    }
    out += decodeEntities(html.slice(at, open), seenCharacters);
    if (html.startsWith("<!--", open)) {
      const end = html.indexOf("-->", open + 4);
      at = end < 0 ? html.length : end + 3;
      continue;
    }
    const match = /^<(\/?)([A-Za-z][A-Za-z0-9]*)/.exec(html.slice(open, open + 40));
    if (match === null && !/^<[!?/]/.test(html.slice(open, open + 2))) {
      out += "<";
      at = open + 1;
      continue;
    }
    const close = endOfTag(html, open + 1);
    const name = (match?.[2] ?? "").toLowerCase();
    at = close;
    if (match?.[1] === "" && hidden.test(name) && html[close - 2] !== "/") {
      const end = indexOfEnd(html, name, close);
      at = end < 0 ? html.length : endOfTag(html, end + 1);
    } else if (blocks.test(name)) out += "\n";
  }
  return out;
}

/** Just after the ">" of the tag; quotes hide one. */
function endOfTag(html: string, from: number): number {
  let quote = "";
  for (let i = from; i < html.length; i++) {
    const char = html[i] as string;
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === ">") return i + 1;
    else if (char === '"' || char === "'") quote = char;
  }
  return html.length;
}

function indexOfEnd(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}[\\s>/]`, "gi");
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? -1;
}

/** The first words of a text, without what is quoted, on one line. */
export function previewOf(text: string, isHtml: boolean): string {
  const source = text.slice(0, maxPreviewSource);
  const plain = isHtml ? htmlText(source) : source;
  const lines = plain.split("\n").filter((line) => !/^\s*[-_=*]{4,}\s*$/.test(line));
  const isQuoted = (line: string | undefined) => line !== undefined && /^\s*>/.test(line);
  const said = lines.filter((line, i) => !isQuoted(line) && !(isIntro(line) && isQuoted(nextLine(lines, i)))).join(" ");
  const flat = collapse(said) || collapse(plain);
  if (flat.length <= maxPreviewChars) return flat;
  // Never half of a surrogate pair.
  const cut = flat.slice(0, maxPreviewChars);
  return (/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut).trimEnd();
}

/** "On Thursday, 26 November, Ann <ann@x.test> wrote:", in any language. */
const isIntro = (line: string): boolean => line.length <= 300 && /[\d@].*[:：]\s*$/.test(line);

/** The next one that is not empty. */
function nextLine(lines: readonly string[], from: number): string | undefined {
  for (let i = from + 1; i < Math.min(lines.length, from + 4); i++) if (lines[i]?.trim() !== "") return lines[i];
  return undefined;
}

function collapse(text: string): string {
  return text
    .replace(/(?:[\s\u00a0\u200b-\u200f\u2028-\u202e\u2060\ufeff\u00ad\x00-\x1f\x7f]|\u034f)+/g, " ")
    .trim()
    .toWellFormed();
}
