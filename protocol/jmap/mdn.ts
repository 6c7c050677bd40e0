/** Disposition notifications (RFC 8098) as JMAP shows and makes them: RFC 9007. */
import { Buffer } from "node:buffer";
import { type ComposedPart, composeMessage } from "../mime/compose.ts";
import { decodeBody, decodeText } from "../mime/decode.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { bytesOf, fieldValue, headerSection, headerValue, splitHeader } from "../mime/header.ts";
import { type Part, parseMessage } from "../mime/parse.ts";
import * as is from "./check.ts";
import { isTextPart } from "./email-body.ts";
import type { Json, JsonObject } from "./types.ts";

export const mdnShape = is.object({
  forEmailId: is.maybe(is.idOrCreation),
  subject: is.maybe(is.string),
  textBody: is.maybe(is.string),
  includeOriginalMessage: is.optional(is.bool),
  reportingUA: is.maybe(is.string),
  disposition: is.object({
    actionMode: is.literal("manual-action", "automatic-action"),
    sendingMode: is.literal("mdn-sent-manually", "mdn-sent-automatically"),
    type: is.literal("deleted", "dispatched", "displayed", "processed"),
  }),
  mdnGateway: is.maybe(is.string),
  originalRecipient: is.maybe(is.string),
  finalRecipient: is.maybe(is.string),
  originalMessageId: is.maybe(is.string),
  error: is.maybe(is.array(is.string)),
  extensionFields: is.maybe(is.map(is.string, is.string)),
});
export type Mdn = is.Of<typeof mdnShape>;

const maxNotificationBytes = 64 * 1024;
const oneLine = (text: string): string => text.replace(/[\r\n\0]+/g, " ").trim();

/** The notification as a message. `original` is what it is about. */
export function writeMdn(
  mdn: Mdn,
  about: {
    readonly from: { readonly name: string; readonly address: string };
    readonly to: string;
    readonly original: Uint8Array;
    readonly at: number;
    readonly messageId: string;
    readonly boundary: string;
    readonly reportingUA: string;
  },
): Buffer {
  const header = splitHeader(bytesOf(about.original), 0, about.original.length);
  const subject = decodeWords(headerValue(header, "subject") ?? "");
  const originalId = headerValue(header, "message-id");
  const recipient = headerValue(header, "original-recipient");
  const { actionMode, sendingMode, type } = mdn.disposition;
  const lines = [
    `Reporting-UA: ${mdn.reportingUA ?? about.reportingUA}`,
    ...(mdn.mdnGateway === undefined ? [] : [`MDN-Gateway: ${mdn.mdnGateway}`]),
    ...((mdn.originalRecipient ?? recipient) === undefined
      ? []
      : [`Original-Recipient: ${typed(mdn.originalRecipient ?? (recipient as string))}`]),
    `Final-Recipient: ${typed(mdn.finalRecipient ?? about.from.address)}`,
    ...(originalId === undefined ? [] : [`Original-Message-ID: ${originalId}`]),
    `Disposition: ${actionMode}/${sendingMode}; ${type}`,
    ...(mdn.error ?? []).map((error) => `Error: ${error}`),
    ...Object.entries(mdn.extensionFields ?? {}).map(([name, value]) => `${name.replace(/[^!-9;-~]/g, "")}: ${value}`),
  ].map((line) => `${oneLine(line)}\r\n`);
  const text = mdn.textBody ?? `This is a receipt for your mail with the subject "${subject}": it was ${type}.\n`;
  const raw = Buffer.from(lines.join(""));
  const parts: ComposedPart[] = [
    { kind: "text", subtype: "plain", text },
    { kind: "leaf", type: "message/disposition-notification", fields: [], bytes: raw },
  ];
  if (mdn.includeOriginalMessage === true)
    parts.push({ kind: "leaf", type: "message/rfc822", fields: [], bytes: about.original });
  else
    parts.push({
      kind: "leaf",
      type: "text/rfc822-headers",
      fields: [],
      bytes: about.original.subarray(0, headerSection(about.original).end),
    });
  return composeMessage(
    [
      { name: "From", addresses: [{ name: about.from.name, address: about.from.address }] },
      { name: "To", addresses: [{ address: about.to }] },
      { name: "Subject", text: mdn.subject ?? `Read: ${subject}` },
      { name: "Date", date: about.at },
      { name: "Message-ID", ids: [about.messageId] },
      ...(originalId === undefined ? [] : [{ name: "References", raw: oneLine(originalId) }]),
      { name: "Auto-Submitted", raw: "auto-replied" },
    ],
    { kind: "multipart", subtype: "report; report-type=disposition-notification", boundary: about.boundary, parts },
  );
}

const typed = (recipient: string): string => (/^[\w-]+;/.test(recipient) ? recipient : `rfc822; ${recipient}`);

/** The MDN in a message, or undefined where there is none. */
export function readMdn(raw: Uint8Array): JsonObject | undefined {
  const root = parseMessage(raw);
  const parts = flat(root);
  const notice = parts.find(
    ({ contentType }) =>
      contentType.type === "message" && /^(?:global-)?disposition-notification$/.test(contentType.subtype),
  );
  if (notice === undefined) return undefined;
  const bytes = decodeBody(raw, notice, maxNotificationBytes);
  const header = splitHeader(bytes, 0, bytes.length);
  const value = (name: string): string | null => {
    const found = headerValue(header, name);
    return found === undefined ? null : decodeWords(found);
  };
  const disposition = /^\s*([\w-]+)\s*\/\s*([\w-]+)\s*;\s*([\w-]+)/.exec(value("disposition") ?? "");
  if (disposition === null) return undefined;
  const known = new Set([
    "reporting-ua",
    "mdn-gateway",
    "original-recipient",
    "final-recipient",
    "original-message-id",
    "disposition",
    "error",
  ]);
  const extensions: { [name: string]: Json } = {};
  const errors: string[] = [];
  for (const field of header.fields) {
    if (field.name === "error") errors.push(decodeWords(fieldValue(header, field)));
    else if (field.name !== "" && !known.has(field.name))
      extensions[header.text.slice(field.start, field.valueStart - 1).trim()] = decodeWords(fieldValue(header, field));
  }
  const text = parts.find((part) => isTextPart(part) && part.contentType.subtype === "plain");
  const subject = headerValue(root.header, "subject");
  return {
    forEmailId: null,
    subject: subject === undefined ? null : decodeWords(subject),
    textBody:
      text === undefined ? null : decodeText(raw, text, maxNotificationBytes).replaceAll("\r\n", "\n").toWellFormed(),
    includeOriginalMessage: parts.some(
      ({ contentType }) => contentType.type === "message" && contentType.subtype === "rfc822",
    ),
    reportingUA: value("reporting-ua"),
    mdnGateway: value("mdn-gateway"),
    originalRecipient: value("original-recipient"),
    finalRecipient: value("final-recipient"),
    originalMessageId: value("original-message-id"),
    disposition: {
      actionMode: (disposition[1] as string).toLowerCase(),
      sendingMode: (disposition[2] as string).toLowerCase(),
      type: (disposition[3] as string).toLowerCase(),
    },
    error: errors.length === 0 ? null : errors,
    extensionFields: Object.keys(extensions).length === 0 ? null : extensions,
  };
}

function flat(part: Part): Part[] {
  return part.kind === "multipart" ? part.parts.flatMap(flat) : [part];
}
