/** A post of an archive as text. */
import type { Buffer } from "node:buffer";
import { decodeText, fileNameOf } from "../../protocol/mime/decode.ts";
import { headerValue } from "../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf } from "../../protocol/mime/searchable.ts";

/** Larger posts are not opened for strangers. */
export const maxOpenedBytes = 2 * 1024 * 1024;
const maxTextBytes = 200_000;
const maxFiles = 50;

export async function readPost(bytes: Buffer): Promise<{ readonly text: string; readonly files: readonly string[] }> {
  const parts = [...partsOf(parseMessage(bytes))].filter(({ kind }) => kind === "leaf");
  const isFile = (part: Part): boolean =>
    part.contentType.type !== "text" || /^\s*attachment\b/i.test(headerValue(part.header, "content-disposition") ?? "");
  const written = (subtype: string): readonly string[] =>
    parts
      .filter((part) => !isFile(part) && part.contentType.subtype === subtype)
      .map((part) => decodeText(bytes, part, maxTextBytes));
  const plain = written("plain").join("\n");
  const text = plain.trim() === "" ? await wordsOf(written("html").join("\n")) : plain;
  const files = parts.filter(isFile).map((part) => fileNameOf(part) ?? part.contentType.type);
  return { text: text.replace(/\r\n?/g, "\n").slice(0, maxTextBytes).trim(), files: files.slice(0, maxFiles) };
}

/** The parser is loaded once somebody opens a post of HTML alone: no start waits for it. */
async function wordsOf(html: string): Promise<string> {
  const { htmlText } = await import("../extract/html.ts");
  return htmlText(html, maxTextBytes);
}
