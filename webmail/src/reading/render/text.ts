/** Plain text for the eye: links can be followed, what is quoted can be folded, the signature is quiet. */
import { isIntro } from "./quoted.ts";

export type TextPiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly href: string };

export type TextBlock = {
  /** How many > stand before each line. */
  readonly depth: number;
  /** intro: who wrote what is quoted below it, and when. */
  readonly kind: "text" | "signature" | "intro";
  readonly pieces: readonly TextPiece[];
};

/** A message with more lines is shown up to here. */
export const maxTextLines = 20_000;

// Lengths are bounded (RFC 5321 §4.5.3.1.1: 64 before the @): a million letters without an end are looked at once.
const linkLike =
  /\b(?:https?:\/\/[^\s<>"'`]{1,2000}|www\.[\w-]{1,63}\.[^\s<>"'`]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10})/gi;
/** Of a sentence and not of a link. */
const trailing = /[.,;:!?\]}'"»]$/;

/** A closing bracket that was opened inside belongs to the address. */
function trimmed(link: string): string {
  for (let text = link; ; text = text.slice(0, -1)) {
    const unopened = text.endsWith(")") && text.split(")").length > text.split("(").length;
    if (!unopened && !trailing.test(text)) return text;
  }
}

export function piecesOf(text: string): readonly TextPiece[] {
  const pieces: TextPiece[] = [];
  let end = 0;
  for (const match of text.matchAll(linkLike)) {
    const found = trimmed(match[0]);
    if (found === "") continue;
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    const href = /^https?:/i.test(found) ? found : /^www\./i.test(found) ? `https://${found}` : `mailto:${found}`;
    pieces.push({ kind: "link", text: found, href });
    end = match.index + found.length;
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}

/** RFC 3676 §4.5: > at the beginning of a line; §4.3: "-- " begins the signature. */
export function blocksOf(text: string): readonly TextBlock[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: { depth: number; kind: TextBlock["kind"]; lines: string[] }[] = [];
  let signature = false;
  for (const line of lines.slice(0, maxTextLines)) {
    const quoted = /^(?:>\s?)+/.exec(line)?.[0] ?? "";
    const depth = (quoted.match(/>/g) ?? []).length;
    if (depth === 0 && line === "-- ") signature = true;
    if (depth > 0) signature = false;
    const kind = signature ? "signature" : "text";
    const last = blocks.at(-1);
    if (depth > 0 && last?.depth === 0 && kind === "text") {
      const intro = takeIntro(last.lines);
      if (intro.length > 0) blocks.push({ depth: 0, kind: "intro", lines: intro });
    }
    if (last !== undefined && last.depth === depth && last.kind === kind) last.lines.push(line.slice(quoted.length));
    else blocks.push({ depth, kind, lines: [line.slice(quoted.length)] });
  }
  return blocks.map(({ depth, kind, lines: own }) => ({ depth, kind, pieces: piecesOf(own.join("\n")) }));
}

/** Takes the last lines off where they say who is quoted: programs break that into two. */
function takeIntro(lines: string[]): string[] {
  const end = lines.findLastIndex((line) => line.trim() !== "") + 1;
  for (let start = end - 1; start >= Math.max(0, end - maxIntroLines); start--)
    if (isIntro(lines.slice(start, end).join("\n"))) return lines.splice(start);
  return [];
}

const maxIntroLines = 3;
