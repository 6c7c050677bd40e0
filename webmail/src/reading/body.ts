/** Which of the parts are the message, and which are attachments to be listed. */
import type { BodyPart, Email } from "../jmap/types.ts";
import { isHeavy } from "./render/heavy.ts";
import { calm, takeStyles } from "./render/take-styles.ts";

export type Body = {
  readonly kind: "html" | "text";
  readonly html: string;
  readonly text: string;
  /** The server has cut it. */
  readonly truncated: boolean;
};

const escapeHtml = (text: string): string =>
  text.replace(/[&<>]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? char);

/** RFC 8621 §4.1.4: htmlBody is the whole message as HTML where it can be; parts of it may be text or pictures. */
export function bodyOf(email: Email): Body {
  let truncated = false;
  const textOf = ({ partId }: BodyPart): string => {
    const found = partId === null ? undefined : email.bodyValues[partId];
    if (found?.isTruncated) truncated = true;
    return found?.value ?? "";
  };
  const texts = email.textBody
    .filter(({ type }) => type.startsWith("text/"))
    .map((part) => (part.type === "text/html" ? strip(textOf(part)) : textOf(part)));
  const text = texts.join("\n\n");
  const hasHtml = email.htmlBody.some(({ type }) => type === "text/html");
  if (!hasHtml) return { kind: "text", html: "", text, truncated };
  const alone = email.htmlBody.length === 1;
  const html = email.htmlBody
    .map((part) => {
      if (part.type === "text/html") return alone ? textOf(part) : closed(textOf(part));
      if (part.type.startsWith("text/")) return `<pre>${escapeHtml(textOf(part))}</pre>`;
      if (part.type.startsWith("image/") && part.cid !== null)
        return `<p><img src="cid:${encodeURIComponent(part.cid)}" alt=""></p>`;
      return "";
    })
    .join("\n");
  if (isHeavy(html)) return { kind: "text", html: "", text: text === "" ? strip(html) : text, truncated };
  return { kind: "html", html, text, truncated };
}

/**
 * One part of several, with all that it opened closed again: an attribute or an element left open would take in the part after it, which
 * may be what somebody has decrypted (EFAIL). The content of a template belongs to no page: nothing in it runs or loads.
 */
function closed(html: string): string {
  const template = document.createElement("template");
  template.innerHTML = calm(html);
  return `<div>${template.innerHTML}</div>`;
}

/** Above this, words are taken out without parsing. */
const maxParsedChars = 512 * 1024;

/** The words of HTML; parsed in a document that runs and loads nothing. */
export function strip(html: string): string {
  const spaced = takeStyles(html).html.replace(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6])(?=[\s/>])/gi, "\n$&");
  if (isHeavy(spaced) || spaced.length > maxParsedChars) return tidy(spaced.replace(/<[^<>]*>/g, " "));
  const parsed = new DOMParser().parseFromString(spaced, "text/html");
  for (const unread of parsed.querySelectorAll("style, script, title, head")) unread.remove();
  return tidy(parsed.body.textContent ?? "");
}

const tidy = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();

/** Pictures that are shown where the message has them are not listed again. */
export function listedAttachments(email: Email, html: string): readonly BodyPart[] {
  return email.attachments.filter(
    ({ cid, disposition, type }) =>
      !(
        cid !== null &&
        disposition !== "attachment" &&
        type.startsWith("image/") &&
        (html.includes(`cid:${cid}`) || html.includes(`cid:${encodeURIComponent(cid)}`))
      ),
  );
}
