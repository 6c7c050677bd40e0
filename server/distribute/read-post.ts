/** A post of an archive as text. */
import { decodeText, fileNameOf } from "../../protocol/mime/decode.ts";
import { bytesOf, headerValue } from "../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf } from "../../protocol/mime/searchable.ts";
import { htmlText } from "../extract/html.ts";

const maxTextBytes = 200_000;
const maxFiles = 50;

export function readPost(given: Uint8Array): { readonly text: string; readonly files: readonly string[] } {
  const bytes = bytesOf(given);
  const parts = [...partsOf(parseMessage(bytes))].filter(({ kind }) => kind === "leaf");
  const isFile = (part: Part): boolean =>
    part.contentType.type !== "text" || /^\s*attachment\b/i.test(headerValue(part.header, "content-disposition") ?? "");
  const written = (subtype: string): readonly string[] =>
    parts
      .filter((part) => !isFile(part) && part.contentType.subtype === subtype)
      .map((part) => decodeText(bytes, part, maxTextBytes));
  const plain = written("plain").join("\n");
  const text = plain.trim() === "" ? htmlText(written("html").join("\n"), maxTextBytes) : plain;
  const files = parts.filter(isFile).map((part) => fileNameOf(part) ?? part.contentType.type);
  return { text: text.replace(/\r\n?/g, "\n").slice(0, maxTextBytes).trim(), files: files.slice(0, maxFiles) };
}
