/** What a message shows first, changed text by text; all else stays byte for byte. Pure. */
import { Buffer } from "node:buffer";
import { decodeText } from "./decode.ts";
import { encodeBase64, encodeQuotedPrintable, encodingFor, textBytes } from "./encode.ts";
import { parameter } from "./fields/write.ts";
import { headerValue } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";

const maxTexts = 10;

/**
 * The message with its texts as `rewrite` makes them (undefined: that one stays as it is); undefined where nothing changes. What is signed or
 * encrypted (RFC 1847), attachments, and texts of more than `maxBytes` are never asked about. A text that changes is UTF-8 afterwards.
 */
export function rewriteTexts(
  raw: Buffer,
  maxBytes: number,
  rewrite: (text: string, kind: "plain" | "html") => string | undefined,
): Buffer | undefined {
  const root = parseMessage(raw);
  const targets = textsOf(root)
    .filter((part) => part.end - part.bodyStart <= maxBytes)
    .slice(0, maxTexts);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const part of targets) {
    const text = decodeText(raw, part, 2 * maxBytes);
    const other = rewrite(text, part.contentType.subtype === "html" ? "html" : "plain");
    if (other === undefined) continue;
    pieces.push(raw.subarray(from, part.start), written(raw, part, other, part === root));
    from = part.end;
  }
  return pieces.length === 0 ? undefined : Buffer.concat([...pieces, raw.subarray(from)]);
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
