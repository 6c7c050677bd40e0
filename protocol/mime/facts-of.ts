/** `factsOf`: everything about a message that is worked out once, when it arrives. */
import type { Buffer } from "node:buffer";
import { hasAttachment } from "./attachments.ts";
import { envelopeOf } from "./envelope.ts";
import type { MessageFacts } from "./facts.ts";
import { parseDate } from "./fields/date.ts";
import { parseMessageId, parseMessageIds } from "./fields/message-id.ts";
import { bytesOf, fieldValue, type Header, splitHeader } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { hasText, isPlainHeader, partsOf, visitHeader, visitText } from "./searchable.ts";
import { maxIndexedBytes, SignatureBuilder } from "./signature.ts";
import { structureOf } from "./structure.ts";
import { subjectText } from "./subject.ts";

/** Ids of References and In-Reply-To that are kept: the first and the last ones. */
export const maxReferences = 100;
const maxReferencesRead = 2000;

/** Works out the facts of a message: pure, never throws for any bytes, time linear in their number. */
export function factsOf(raw: Uint8Array): MessageFacts {
  const bytes = bytesOf(raw);
  const root = parseMessage(bytes);
  const { header } = root;
  let subject: string | undefined;
  let date: string | undefined;
  let messageId: string | undefined;
  let references: string | undefined;
  let inReplyTo: string | undefined;
  for (const field of header.fields)
    switch (field.name) {
      case "subject":
        subject ??= fieldValue(header, field);
        break;
      case "date":
        date ??= fieldValue(header, field);
        break;
      case "message-id":
        messageId ??= fieldValue(header, field);
        break;
      case "references":
        references ??= fieldValue(header, field);
        break;
      case "in-reply-to":
        inReplyTo ??= fieldValue(header, field);
        break;
    }
  return {
    headerBytes: header.end,
    envelope: envelopeOf(header),
    structure: structureOf(bytes, root),
    subject: subject === undefined ? "" : subjectText(subject),
    sentAt: date === undefined ? undefined : parseDate(date),
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    references: referencesOf(references, inReplyTo),
    hasAttachment: hasAttachment(root),
    signature: signatureOf(bytes, root),
  };
}

const noSignature = new Uint8Array(0);

/** Facts of a message that is in nobody's mailbox (it only waits in the queue): how its header names it, and nothing that readers ask for. */
export function passingFactsOf(raw: Uint8Array): MessageFacts {
  const bytes = bytesOf(raw);
  const header = splitHeader(bytes, 0, bytes.length);
  const textOf = (name: string): string | undefined => {
    const field = header.fields.find((one) => one.name === name);
    return field && fieldValue(header, field);
  };
  const subject = textOf("subject");
  const messageId = textOf("message-id");
  return {
    headerBytes: header.end,
    envelope: "",
    structure: "",
    subject: subject === undefined ? "" : subjectText(subject),
    sentAt: undefined,
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    references: noReferences,
    hasAttachment: false,
    signature: noSignature,
  };
}

const noReferences: readonly string[] = Object.freeze([]);

function referencesOf(references: string | undefined, inReplyTo: string | undefined): readonly string[] {
  if (references === undefined && inReplyTo === undefined) return noReferences;
  const ids = new Set<string>();
  if (references !== undefined) for (const id of parseMessageIds(references, maxReferencesRead)) ids.add(id);
  if (inReplyTo !== undefined) for (const id of parseMessageIds(inReplyTo, maxReferences)) ids.add(id);
  const all = [...ids];
  return all.length <= maxReferences ? all : [all[0]!, ...all.slice(1 - maxReferences)];
}

/** The trigram signature of a message (see `signature.ts`) over all that a TEXT search looks at. */
export function signatureOf(raw: Uint8Array, root: Part = parseMessage(raw)): Uint8Array {
  const builder = new SignatureBuilder(root.kind === "leaf" ? raw.length : textBytes(root));
  visitSearched(raw, builder, root);
  return builder.finish();
}

type TextTaker = Pick<SignatureBuilder, "addAscii" | "addText" | "full">;

/** Gives all that a TEXT search looks at, until the taker has enough. */
function visitSearched(raw: Uint8Array, builder: TextTaker, root: Part = parseMessage(raw)): void {
  const bytes = bytesOf(raw);
  const add = (text: string | Buffer): boolean => {
    if (typeof text === "string") builder.addText(text);
    else builder.addAscii(text);
    return builder.full;
  };
  for (const part of partsOf(root)) {
    if (isPlainHeader(bytes, part.header)) builder.addAscii(bytes.subarray(part.header.start, part.header.end));
    else visitHeader(part, add);
    if (part.kind === "leaf") visitText(bytes, part, maxIndexedBytes + 1, add);
    if (builder.full) break;
  }
}

/** Roughly how much text a message has. */
function textBytes(root: Part): number {
  let bytes = 0;
  for (const part of partsOf(root)) {
    bytes += headerBytes(part.header);
    if (hasText(part)) bytes += part.end - part.bodyStart;
  }
  return bytes;
}

function headerBytes(header: Header): number {
  return header.end - header.start;
}
