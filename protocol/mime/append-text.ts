/** Words put below what a message says, in each form in which it says it. Pure. */
import type { Buffer } from "node:buffer";
import { rewriteTexts } from "./rewrite-texts.ts";

/** Texts that are longer stay as they are. */
export const maxAppendedToBytes = 1024 * 1024;

/**
 * The message with `plain` below its plain text and `html` at the end of its HTML; undefined where there is no such text, or where it must
 * not be touched: what is signed or encrypted (RFC 1847), and attachments. Charsets become UTF-8. Signatures over the body do not hold
 * afterwards.
 */
export function appendText(
  raw: Buffer,
  { plain, html }: { readonly plain: string; readonly html: string },
): Buffer | undefined {
  return rewriteTexts(raw, maxAppendedToBytes, (text, kind) =>
    kind === "html" ? intoHtml(text, html) : `${text}${/\n$/.test(text) || text === "" ? "" : "\r\n"}${plain}`,
  );
}

/** `more` at the end of what a page shows. */
export function intoHtml(page: string, more: string): string {
  let end = -1;
  for (const { index } of page.matchAll(/<\/body\s*>/gi)) end = index;
  if (end < 0) end = page.search(/<\/html\s*>\s*$/i);
  return end < 0 ? `${page}\r\n${more}` : `${page.slice(0, end)}${more}\r\n${page.slice(end)}`;
}
