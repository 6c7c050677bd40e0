/** Reads a message once into `Content`. Time and memory are bounded whatever the message is. */

import { dispositionOf } from "../../../protocol/mime/attachments.ts";
import { charsetOf, decodeText, fileNameOf } from "../../../protocol/mime/decode.ts";
import { mailboxesOf } from "../../../protocol/mime/fields/address.ts";
import { parseDate } from "../../../protocol/mime/fields/date.ts";
import { decodeWords } from "../../../protocol/mime/fields/encoded-word.ts";
import { parseMessageId } from "../../../protocol/mime/fields/message-id.ts";
import { parseReceived } from "../../../protocol/mime/fields/received.ts";
import { fieldValue, type Header } from "../../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../../protocol/mime/parse.ts";
import type { Authentication, Content, ContentField, ContentPart, Envelope, Hop, Person } from "./content.ts";
import { type HtmlFacts, scanHtml } from "./html.ts";
import { type Link, linksInText, parseLink } from "./links.ts";
import { readWords } from "./words.ts";

/** Fields of the message that are looked at, and characters of each. */
export const maxFields = 120;
export const maxFieldChars = 2048;
/** Parts that are looked at, and of these parts with text. */
export const maxPartsRead = 100;
export const maxTextParts = 12;
/** Decoded bytes of text of one part, and of all plain text. */
export const maxPartBytes = 256 * 1024;
export const maxPlainChars = 96 * 1024;
/** Received fields that are looked at. */
export const maxHopsRead = 12;
const maxAddressesRead = 50;
const maxLinksRead = 300;

/** Fields that receivers, their filters and mailboxes write: they say nothing of the sender. */
const receivers =
  /^(?:return-path|received|x-spam.*|x-.*spam.*|x-virus.*|authentication-results|received-spf|delivered-to|x-original-to|envelope-to|arc-.*|x-angarium.*|status|x-status|x-keywords|x-uid.*|content-length|lines|bcc)$/;

/** Text of the sender's header field, or undefined. */
export function fieldOf(content: Content, name: string): string | undefined {
  for (const field of content.fields) if (field.name === name) return field.value;
  return undefined;
}

/**
 * `envelope` is what the server knows; undefined where only the file is there. A message that begins with Return-Path was
 * delivered before: its first Received field is then the receiver's own and says who handed the message over.
 */
export function readContent(raw: Uint8Array, envelope?: Envelope, root: Part = parseMessage(raw)): Content {
  const { header } = root;
  const received: string[] = [];
  const fields: ContentField[] = [];
  const first = new Map<string, string>();
  let returnPath: string | undefined;
  let authors = 0;
  const signers: string[] = [];
  const delivered = header.fields[0]?.name === "return-path";
  for (const field of header.fields) {
    const name = field.name;
    if (name === "") continue;
    if (name === "received") {
      if (received.length <= maxHopsRead) received.push(fieldValue(header, field));
      continue;
    }
    if (name === "return-path") {
      returnPath ??= fieldValue(header, field).slice(0, maxFieldChars);
      continue;
    }
    if (receivers.test(name)) continue;
    if (fields.length >= maxFields) continue;
    const value = fieldValue(header, field).slice(
      0,
      name === "to" || name === "cc" ? 4 * maxFieldChars : maxFieldChars,
    );
    if (name === "from") authors++;
    if (name === "dkim-signature" && signers.length < 6) {
      const domain = /(?:^|;)\s*d\s*=\s*([^\s;]+)/i.exec(value)?.[1];
      if (domain !== undefined) signers.push(domain.toLowerCase());
    }
    fields.push({ name, rawName: header.text.slice(field.start, field.start + name.length), value });
    if (!first.has(name)) first.set(name, value);
  }
  const hops = received.map((value) => parseReceived(value));
  const handedOver = delivered ? hops.shift() : undefined;
  const known: Envelope = envelope ?? {
    ip: handedOver?.fromIp ?? "",
    helo: handedOver?.from ?? "",
    rdns: undefined,
    mailFrom: /<([^>]*)>/.exec(returnPath ?? "")?.[1] ?? "",
    rcpt: handedOver?.for ?? "",
    auth: delivered ? authenticationIn(header) : undefined,
  };
  const text = readParts(raw, root);
  const subject = decodeWords(first.get("subject") ?? "").slice(0, 400);
  const from = person(first.get("from"));
  const messageId = first.get("message-id");
  return {
    sizeBytes: raw.length,
    envelope: known,
    fields,
    from,
    fromCount: authors,
    replyTo: person(first.get("reply-to")),
    sender: person(first.get("sender")),
    to: people(`${first.get("to") ?? ""}${first.has("cc") ? `, ${first.get("cc")}` : ""}`),
    toText: first.get("to") ?? "",
    subject,
    messageId: messageId === undefined ? undefined : (parseMessageId(messageId) ?? ""),
    date: first.has("date") ? parseDate(first.get("date")!) : undefined,
    dateText: first.get("date") ?? "",
    arrived: known.at ?? handedOver?.date,
    hops: hops.slice(0, maxHopsRead).map(
      (hop): Hop => ({
        from: hop.from?.toLowerCase() ?? "",
        ip: hop.fromIp ?? "",
        by: hop.by?.toLowerCase() ?? "",
        with: hop.with ?? "",
      }),
    ),
    signers,
    ...text,
    subjectWriting: readWords(subject, 60),
    nameWriting: readWords(from?.name ?? "", 20),
  };
}

/** What the server that delivered the message found: it writes above its own Received. */
function authenticationIn(header: Header): Authentication | undefined {
  for (const field of header.fields) {
    if (field.name === "received") return undefined;
    if (field.name !== "authentication-results") continue;
    const value = fieldValue(header, field).slice(0, maxFieldChars);
    const said = (method: string): string | undefined =>
      new RegExp(`;\\s*${method}=([a-z]+)`, "i").exec(value)?.[1]?.toLowerCase();
    return { spf: said("spf"), dkim: said("dkim"), dmarc: said("dmarc") };
  }
  return undefined;
}

function people(value: string): Person[] {
  return mailboxesOf(value, maxAddressesRead).map(({ name, local, domain }) => ({
    name: decodeWords(name).slice(0, 200),
    local,
    domain: domain.toLowerCase(),
  }));
}

function person(value: string | undefined): Person | undefined {
  return value === undefined || value === "" ? undefined : people(value)[0];
}

type PartTexts = Pick<
  Content,
  "parts" | "structure" | "plain" | "html" | "htmlChars" | "links" | "plainWriting" | "htmlWriting" | "hiddenWriting"
>;

function readParts(raw: Uint8Array, root: Part): PartTexts {
  const parts: ContentPart[] = [];
  let plain = "";
  let html: HtmlFacts | undefined;
  let htmlChars = 0;
  let texts = 0;
  const structure: string[] = [];
  const walk = (part: Part): void => {
    if (parts.length >= maxPartsRead) return;
    const { type, subtype } = part.contentType;
    if (structure.length < 40) structure.push(type === "text" || type === "multipart" ? subtype : `${type}/${subtype}`);
    if (part.kind !== "leaf") {
      structure.push("(");
      for (const child of part.parts) walk(child);
      structure.push(")");
      return;
    }
    const disposition = dispositionOf(part);
    const fileName = (fileNameOf(part) ?? "").toLowerCase().slice(0, 200);
    const charset = charsetOf(part).toLowerCase();
    const attached = disposition === "attachment" || (fileName !== "" && type !== "text");
    parts.push({
      type: `${type}/${subtype}`,
      charset,
      encoding: part.encoding,
      attached,
      fileName,
      bytes: part.end - part.bodyStart,
    });
    if (type !== "text" || texts >= maxTextParts || disposition === "attachment") return;
    texts++;
    const text = decodeText(raw, part, maxPartBytes);
    if (subtype === "html" || looksLikeHtml(text)) {
      htmlChars += text.length;
      // The first is what is shown; more of them (mixed newsletters) add their text.
      if (html === undefined) html = scanHtml(text);
      else if (plain.length < maxPlainChars) plain += `\n${scanHtml(text).text}`;
    } else if (plain.length < maxPlainChars) plain += `${plain === "" ? "" : "\n"}${text.slice(0, maxPlainChars)}`;
  };
  walk(root);
  const links: Link[] = [];
  for (const { href, text, use } of html?.links ?? []) {
    if (links.length >= maxLinksRead) break;
    const link = parseLink(href, text, use);
    if (link !== undefined) links.push(link);
  }
  links.push(...linksInText(plain, 100));
  if (html !== undefined && links.length < 20) links.push(...linksInText(html.text, 20));
  return {
    parts,
    structure: structure.join(" "),
    plain,
    html,
    htmlChars,
    links,
    plainWriting: readWords(plain),
    htmlWriting: readWords(html?.text ?? ""),
    hiddenWriting: readWords(html?.hidden ?? "", 400),
  };
}

/** Some call their HTML plain. */
function looksLikeHtml(text: string): boolean {
  return /^\s*(?:<!doctype html|<html[\s>])/i.test(text.slice(0, 300));
}

export type { Header };
