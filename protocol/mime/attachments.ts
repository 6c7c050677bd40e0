/** Which parts are text to read and which are attachments (RFC 8621 §4.1.4). */

import { fileNameOf } from "./decode.ts";
import { parseParameterized } from "./fields/parameters.ts";
import { headerValue } from "./header.ts";
import type { Part } from "./parse.ts";

export type BodyParts = {
  readonly text: readonly Part[];
  readonly html: readonly Part[];
  readonly attachments: readonly Part[];
};

/** RFC 8621 §4.1.4's textBody, htmlBody and attachments. */
export function bodyParts(root: Part): BodyParts {
  const attachments: Part[] = [];
  const html: Part[] = [];
  const text: Part[] = [];
  divide([root], "mixed", false, html, text, attachments);
  return { text, html, attachments };
}

/** RFC 8621 §4.1.4's hasAttachment: an attachment that is not shown inline. */
export function hasAttachment(root: Part): boolean {
  if (root.kind === "leaf" && root.contentType.type === "text" && dispositionOf(root) !== "attachment")
    return !isText(root);
  return bodyParts(root).attachments.some((part) => dispositionOf(part) !== "inline");
}

function isText(part: Part): boolean {
  return (
    part.contentType.type === "text" && (part.contentType.subtype === "plain" || part.contentType.subtype === "html")
  );
}

/** The disposition, lower case; "" where there is none. */
export function dispositionOf(part: Part): string {
  const value = headerValue(part.header, "content-disposition");
  return value === undefined ? "" : parseParameterized(value).value;
}

/** The algorithm of RFC 8621 §4.1.4, `undefined` lists being its nulls. */
function divide(
  parts: readonly Part[],
  multipartType: string,
  inAlternative: boolean,
  htmlBody: Part[] | undefined,
  textBody: Part[] | undefined,
  attachments: Part[],
): void {
  const textLength = textBody?.length ?? -1;
  const htmlLength = htmlBody?.length ?? -1;
  for (const [i, part] of parts.entries()) {
    const { type, subtype } = part.contentType;
    const isMultipart = part.kind === "multipart";
    const isMedia = type === "image" || type === "audio" || type === "video";
    const isInline =
      dispositionOf(part) !== "attachment" &&
      (isText(part) || isMedia) &&
      (i === 0 || (multipartType !== "related" && (isMedia || fileNameOf(part) === undefined)));
    if (isMultipart) {
      divide(part.parts, subtype, inAlternative || subtype === "alternative", htmlBody, textBody, attachments);
    } else if (isInline) {
      if (multipartType === "alternative") {
        if (type === "text" && subtype === "plain") textBody?.push(part);
        else if (type === "text" && subtype === "html") htmlBody?.push(part);
        else attachments.push(part);
        continue;
      }
      if (inAlternative) {
        if (type === "text" && subtype === "plain") htmlBody = undefined;
        if (type === "text" && subtype === "html") textBody = undefined;
      }
      textBody?.push(part);
      htmlBody?.push(part);
      if ((textBody === undefined || htmlBody === undefined) && isMedia) attachments.push(part);
    } else attachments.push(part);
  }
  if (multipartType === "alternative" && textBody !== undefined && htmlBody !== undefined) {
    // Found HTML part only, or plain part only.
    if (textLength === textBody.length && htmlLength !== htmlBody.length) textBody.push(...htmlBody.slice(htmlLength));
    if (htmlLength === htmlBody.length && textLength !== textBody.length) htmlBody.push(...textBody.slice(textLength));
  }
}
