/** All text of a message by its place: what the index of words is made of, and what a snippet is cut from. */
import { bodyParts } from "../../protocol/mime/attachments.ts";
import { decodeCharset } from "../../protocol/mime/charset.ts";
import { charsetOf, decodeBody, decodeText, fileNameOf } from "../../protocol/mime/decode.ts";
import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { bytesOf, fieldValue } from "../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf } from "../../protocol/mime/searchable.ts";
import { fieldPlaces } from "../../protocol/words/message-words.ts";
import { Place, type Places } from "../../protocol/words/postings.ts";
import { htmlText } from "./html.ts";
import { isOffice, officeText } from "./office.ts";
import { isPdf, pdfText } from "./pdf.ts";

export type PlacedText = { readonly place: Places; readonly text: string };

/** Text of one message that is looked at, and of one attachment. */
export const maxMessageChars = 2_000_000;
export const maxAttachmentChars = 500_000;
/** Attachments that are opened, and the largest one. */
export const maxAttachments = 50;
export const maxAttachmentBytes = 20 * 1024 * 1024;

/** Never rejects for what is in the message: an attachment that cannot be read has its name and no text. */
export async function messageText(raw: Uint8Array): Promise<readonly PlacedText[]> {
  const bytes = bytesOf(raw);
  const root = parseMessage(bytes);
  const texts: PlacedText[] = [];
  let left = maxMessageChars;
  const put = (place: Places, text: string): void => {
    if (text === "" || left <= 0) return;
    texts.push({ place, text: text.slice(0, left) });
    left -= text.length;
  };
  for (const field of root.header.fields) {
    const place = fieldPlaces.get(field.name);
    if (place !== undefined) put(place, decodeWords(fieldValue(root.header, field)));
  }
  const { text, html, attachments } = bodyParts(root);
  const readable = new Set(text);
  for (const part of text) put(Place.body, partText(bytes, part, left));
  // The HTML of an alternative says the same once more, and sometimes more.
  for (const part of html) if (!readable.has(part)) put(Place.body, partText(bytes, part, left));
  let opened = 0;
  for (const part of attachments) {
    if (opened++ >= maxAttachments || left <= 0) break;
    put(Place.attachment, fileNameOf(part) ?? "");
    if (part.kind === "message") {
      for (const inner of partsOf(part)) if (inner !== part) put(Place.attachment, innerText(bytes, inner, left));
      continue;
    }
    put(Place.attachment, await attachmentText(bytes, part));
  }
  return texts;
}

function partText(bytes: Buffer, part: Part, maxChars: number): string {
  if (part.contentType.type !== "text") return "";
  const text = decodeText(bytes, part, Math.min(maxMessageChars, maxChars) * 4);
  return part.contentType.subtype === "html" ? htmlText(text, maxChars) : text;
}

/** A part of a message that is attached: its subject and people, and its text. */
function innerText(bytes: Buffer, part: Part, maxChars: number): string {
  const fields = part.header.fields
    .filter(({ name }) => fieldPlaces.has(name))
    .map((field) => decodeWords(fieldValue(part.header, field)));
  return [...fields, part.kind === "leaf" ? partText(bytes, part, maxChars) : ""].join("\n");
}

async function attachmentText(bytes: Buffer, part: Part): Promise<string> {
  if (part.end - part.bodyStart > maxAttachmentBytes * 1.4) return "";
  const { type, subtype } = part.contentType;
  try {
    if (type === "text") return partText(bytes, part, maxAttachmentChars);
    if (type === "image" || type === "audio" || type === "video") return "";
    const content = decodeBody(bytes, part, maxAttachmentBytes);
    if (isPdf(content)) return await pdfText(content, maxAttachmentChars);
    if (isOffice(content)) return await officeText(content, maxAttachmentChars);
    if (subtype === "json" || subtype === "xml" || subtype.endsWith("+xml") || subtype.endsWith("+json"))
      return decodeCharset(content, charsetOf(part)).slice(0, maxAttachmentChars);
    return "";
  } catch {
    // What cannot be opened is found by its name.
    return "";
  }
}
