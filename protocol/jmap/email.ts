/** An Email object (RFC 8621 §4) of a message's bytes and what the store knows of it. Pure: a worker may do it. */
import { ownResults } from "../authentication/covered.ts";
import { dispositionOf, hasAttachment } from "../mime/attachments.ts";
import { decodeText } from "../mime/decode.ts";
import { bodyPart, bodyValue, type Email, isTextPart, openEmail, partsOfBody } from "./email-body.ts";
import { allHeaders, headerProperty } from "./email-header.ts";
import { convenience, type Property, resultsProperty } from "./email-properties.ts";
import { previewOf } from "./preview.ts";
import type { Json, JsonObject } from "./types.ts";

export type EmailWant = {
  readonly properties: readonly Property[];
  readonly bodyProperties: readonly Property[];
  readonly fetchTextBodyValues: boolean;
  readonly fetchHTMLBodyValues: boolean;
  readonly fetchAllBodyValues: boolean;
  /** 0: no limit. */
  readonly maxBodyValueBytes: number;
};

/** What is known without looking into the message: id, blobId, threadId, mailboxIds, … */
export type EmailMeta = {
  readonly known: JsonObject;
  readonly blobId: string | undefined;
  /** The name in results that are ours (RFC 8601); undefined: none of this message are. */
  readonly ourHost?: string | undefined;
};

/** The object with the properties that are wanted. `raw` may be the beginning of the message where that is enough (`bytesNeeded`). */
export function renderEmail(raw: Uint8Array, meta: EmailMeta, want: EmailWant): JsonObject {
  let opened: Email | undefined;
  const email = (): Email => (opened ??= openEmail(raw, meta.blobId));
  const out: { [name: string]: Json } = {};
  for (const property of want.properties)
    out[property.name] =
      property.kind === "header"
        ? headerProperty(email().root.header, property.header)
        : Object.hasOwn(meta.known, property.name)
          ? (meta.known[property.name] as Json)
          : property.name === resultsProperty
            ? ourResults(email, meta.ourHost)
            : emailProperty(email, property.name, want);
  return out;
}

function ourResults(email: () => Email, ourHost: string | undefined): Json {
  return ourHost === undefined ? null : (ownResults(email().root.header, ourHost) ?? null);
}

function emailProperty(email: () => Email, name: string, want: EmailWant): Json {
  const header = convenience[name];
  if (header !== undefined) return headerProperty(email().root.header, header);
  switch (name) {
    case "headers":
      return allHeaders(email().root.header);
    case "hasAttachment":
      return hasAttachment(email().root);
    case "preview":
      return preview(email());
    case "bodyStructure":
      return bodyPart(email(), email().root, want.bodyProperties, true);
    case "textBody":
    case "htmlBody":
    case "attachments": {
      const { text, html, attachments } = partsOfBody(email());
      const parts = name === "textBody" ? text : name === "htmlBody" ? html : attachments;
      return parts.map((part) => bodyPart(email(), part, want.bodyProperties, false));
    }
    case "bodyValues":
      return bodyValues(email, want);
    default:
      return null;
  }
}

function bodyValues(email: () => Email, want: EmailWant): Json {
  const { fetchAllBodyValues: all, fetchTextBodyValues: text, fetchHTMLBodyValues: html } = want;
  if (!all && !text && !html) return {};
  const opened = email();
  const parts = partsOfBody(opened);
  const wanted = new Set([...(text || all ? parts.text : []), ...(html || all ? parts.html : [])]);
  if (all) for (const part of opened.partIds.keys()) wanted.add(part);
  const values: { [partId: string]: Json } = {};
  for (const part of wanted) {
    const partId = opened.partIds.get(part);
    if (partId !== undefined && isTextPart(part)) values[partId] = bodyValue(opened, part, want.maxBodyValueBytes);
  }
  return values;
}

const previewSourceBytes = 48 * 1024;

/** The first text to read; where there is none, "". */
export function preview(email: Email): string {
  const { text, html } = partsOfBody(email);
  for (const part of [...text, ...html]) {
    if (!isTextPart(part) || dispositionOf(part) === "attachment") continue;
    const said = previewOf(decodeText(email.raw, part, previewSourceBytes), part.contentType.subtype === "html");
    if (said !== "") return said;
  }
  return "";
}
