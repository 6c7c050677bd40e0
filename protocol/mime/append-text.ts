/** Words put below what a message says, in each form in which it says it. Pure. */
import { Buffer } from "node:buffer";
import { decodeText } from "./decode.ts";
import { encodeBase64, encodeQuotedPrintable, encodingFor, textBytes } from "./encode.ts";
import { parameter } from "./fields/write.ts";
import { headerValue } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";

/** Texts that are longer stay as they are. */
export const maxAppendedToBytes = 1024 * 1024;
const maxTexts = 10;

/**
 * The message with `plain` below its plain text and `html` at the end of its HTML; undefined where there is no such text, or where it must
 * not be touched: what is signed or encrypted (RFC 1847), and attachments. Charsets become UTF-8. Signatures over the body do not hold
 * afterwards.
 */
export function appendText(
  raw: Buffer,
  { plain, html }: { readonly plain: string; readonly html: string },
): Buffer | undefined {
  const root = parseMessage(raw);
  const targets = textsOf(root)
    .filter((part) => part.end - part.bodyStart <= maxAppendedToBytes)
    .slice(0, maxTexts);
  if (targets.length === 0) return undefined;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const part of targets) {
    const text = decodeText(raw, part, 2 * maxAppendedToBytes);
    const isHtml = part.contentType.subtype === "html";
    const longer = isHtml ? intoHtml(text, html) : `${text}${/\n$/.test(text) || text === "" ? "" : "\r\n"}${plain}`;
    pieces.push(raw.subarray(from, part.start), written(raw, part, longer, part === root));
    from = part.end;
  }
  pieces.push(raw.subarray(from));
  return Buffer.concat(pieces);
}

/** What a reader is shown first, in each of its forms. */
function textsOf(part: Part): readonly Part[] {
  const { type, subtype } = part.contentType;
  if (part.kind === "leaf") {
    const isShown = !/^\s*attachment\b/i.test(headerValue(part.header, "content-disposition") ?? "");
    return type === "text" && (subtype === "plain" || subtype === "html") && isShown ? [part] : [];
  }
  if (part.kind !== "multipart") return [];
  if (subtype === "alternative") return part.parts.flatMap(textsOf);
  const first = part.parts[0];
  return (subtype === "mixed" || subtype === "related") && first !== undefined ? textsOf(first) : [];
}

function intoHtml(text: string, html: string): string {
  const at = text.search(/<\/body\s*>(?![\s\S]*<\/body\s*>)/i);
  const end = at >= 0 ? at : text.search(/<\/html\s*>\s*$/i);
  return end < 0 ? `${text}\r\n${html}` : `${text.slice(0, end)}${html}\r\n${text.slice(end)}`;
}

/** The part with another text: its other fields stay as they are. */
function written(raw: Buffer, part: Part, text: string, isRoot: boolean): Buffer {
  const { header, contentType } = part;
  const kept: Buffer[] = [];
  for (const { name, start, end } of header.fields)
    if (name !== "content-type" && name !== "content-transfer-encoding")
      kept.push(raw.subarray(header.start + start, header.start + end));
  const bytes = textBytes(text);
  const encoding = encodingFor(bytes);
  const parameters = contentType.parameters
    .filter(({ name }) => name !== "charset" && !name.includes("*"))
    .map(({ name, value }) => parameter(name, value).replace(/^; /, ";\r\n "));
  const type = `text/${contentType.subtype}; charset=utf-8${parameters.join("")}`;
  const version = isRoot && headerValue(header, "mime-version") === undefined ? "MIME-Version: 1.0\r\n" : "";
  const fields = `${version}Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  const body =
    encoding === "7bit"
      ? bytes
      : Buffer.from(encoding === "base64" ? encodeBase64(bytes) : encodeQuotedPrintable(bytes), "latin1");
  return Buffer.concat([...kept, Buffer.from(fields, "latin1"), body]);
}
