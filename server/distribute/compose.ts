/** A post as a list sends it: with the fields of RFC 2369, RFC 2919 and RFC 8058, without those of other lists, its From rewritten where it must be. */
import { Buffer } from "node:buffer";
import { appendText } from "../../protocol/mime/append-text.ts";
import { rawField, textField } from "../../protocol/mime/fields/write.ts";
import { fieldValue, type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import { subjectText } from "../../protocol/mime/subject.ts";
import { withOurFrom } from "../deliver/rewrite-from.ts";
import { escapeHtml } from "../inject/personalise.ts";
import { type List, partAddress } from "./settings.ts";

/** Fields of other lists and of other ways, and those that would have every member answer a program. */
const dropped =
  /^(?:list-.*|return-path|precedence|bcc|errors-to|approved|disposition-notification-to|return-receipt-to|x-confirm-reading-to|x-loop)$/;
const signatures = /^(?:dkim-signature|domainkey-signature)$/;

/** RFC 2919 §3: the name of the list, as a domain. */
export const listId = ({ local, domain }: List): string => `${local.replace(/[^a-z0-9._-]+/gi, "-")}.${domain}`;

/** Whether the list has sent this already. */
export function isLoop(header: Header, list: List): boolean {
  const id = `<${listId(list)}>`;
  return header.fields.some(
    (field) =>
      (field.name === "list-id" && fieldValue(header, field).toLowerCase().includes(id)) ||
      (field.name === "x-loop" && fieldValue(header, field).trim().toLowerCase() === list.address),
  );
}

/** `rewriteFrom`: the author's domain would have it refused as it is sent. `bytes` bear our trace fields already. `base`: where links lead. */
export function listCopy(given: Buffer, list: List, rewriteFrom: boolean, base: string): Buffer {
  const { settings } = list;
  const below = footerOf(list, base);
  const longer = below === "" ? undefined : appendText(given, footerForms(below));
  let bytes = longer ?? given;
  let header = splitHeader(bytes, 0, bytes.length);
  const ours = rewriteFrom ? withOurFrom(bytes, header, list.address) : undefined;
  if (ours !== undefined) {
    bytes = ours;
    header = splitHeader(bytes, 0, bytes.length);
  }
  const subject = subjectOf(header, settings.subjectTag);
  const toList = settings.replyTo === "list";
  // What the author's signature covers has changed: a broken one says nothing good (RFC 6377 §3.2).
  const unsigned = ours !== undefined || longer !== undefined || subject !== undefined || toList;
  const pieces: Buffer[] = [Buffer.from(front(list, base, toList) + (subject ?? ""), "utf8")];
  let from = 0;
  for (const { name, start, end } of header.fields) {
    const goes =
      dropped.test(name) ||
      (unsigned && signatures.test(name)) ||
      (subject !== undefined && name === "subject") ||
      (ours !== undefined && name === "sender") ||
      (toList && name === "reply-to");
    if (!goes) continue;
    pieces.push(bytes.subarray(from, header.start + start));
    from = header.start + end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

/** What stands below each post, "" for nothing. */
export function footerOf(list: List, base: string): string {
  const { settings, address } = list;
  const words: { readonly [name: string]: string } = {
    list: address,
    name: settings.displayName || address,
    leave: partAddress(list, "unsubscribe"),
    archive: archiveOf(list, base),
  };
  return settings.footer.trim().replace(/\{(\w+)\}/g, (whole, name: string) => words[name] ?? whole);
}

const rule = "_".repeat(47);
function footerForms(text: string): { readonly plain: string; readonly html: string } {
  const lines = text.split(/\r\n|\r|\n/);
  const linked = lines.map((line) =>
    escapeHtml(line).replace(/\bhttps?:\/\/[^\s<>"]+/g, (url) => `<a href="${url}">${url}</a>`),
  );
  return {
    plain: `\r\n${rule}\r\n${lines.join("\r\n")}\r\n`,
    html: `<hr><p style="font-size:small">${linked.join("<br>")}</p>`,
  };
}

function subjectOf(header: Header, tag: string): string | undefined {
  if (tag === "") return undefined;
  const text = subjectText(headerValue(header, "subject") ?? "");
  if (text.toLowerCase().includes(tag.trim().toLowerCase())) return undefined;
  return textField("Subject", `${tag.trim()} ${text === "" ? "(no subject)" : text}`);
}

/** The fields of a list (RFC 2369, RFC 2919). `base`: where links lead. `toList`: answers go there. */
export function front(list: List, base: string, toList = false): string {
  const { settings, address } = list;
  const id = `<${listId(list)}>`;
  const name = settings.displayName.replace(/["\\\r\n]/g, "").replace(/[^ -~]/g, "?");
  const archive = archiveOf(list, base);
  const posting = settings.posting === "moderators" ? "NO (only moderators post)" : `<mailto:${address}>`;
  const mailto = (part: string, rest = ""): string => `<mailto:${partAddress(list, part)}${rest}>`;
  return [
    rawField("List-Id", name === "" ? id : `"${name}" ${id}`),
    rawField("List-Post", posting),
    rawField("List-Help", mailto("request", "?subject=help")),
    rawField("List-Subscribe", mailto("subscribe")),
    rawField("List-Owner", mailto("owner")),
    archive === "" ? "" : rawField("List-Archive", `<${archive}>`),
    rawField("X-Loop", address),
    rawField("Precedence", "list"),
    toList ? rawField("Reply-To", `<${address}>`) : "",
  ].join("");
}

/** The fields by which one member leaves: by mail, or with one click (RFC 8058 §3.1). */
export function leaveFields(list: List, token: string, base: string): string {
  return (
    rawField("List-Unsubscribe", `<mailto:${partAddress(list, "unsubscribe", token)}>, <${base}${leavePath}${token}>`) +
    rawField("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
  );
}

/** The same where all members get the same bytes: whoever writes there is asked for a confirmation. */
export const sharedLeaveFields = (list: List): string =>
  rawField("List-Unsubscribe", `<mailto:${partAddress(list, "unsubscribe")}>`);

/** With the list's address behind it, and the number of a post. */
export const archivePath = "/lists/archive/";

/** The page where everybody may read it, "" for none. */
const archiveOf = ({ settings, address }: List, base: string): string =>
  settings.archive && settings.publicArchive ? `${base}${archivePath}${encodeURIComponent(address)}` : "";
export const leavePath = "/lists/leave/";
export const confirmPath = "/lists/confirm/";
