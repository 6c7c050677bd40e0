/** The IMAP ENVELOPE of a header (RFC 9051 §7.5.2) as a byte string, and how byte strings are written as IMAP strings. */
import { parseAddresses } from "./fields/address.ts";
import { fieldValue, type Header, type HeaderField } from "./header.ts";

/** Entries of one address field that an envelope lists. */
export const maxEnvelopeAddresses = 2000;
/** Longer values are cut: they are nothing a person wrote. */
export const maxEnvelopeValueBytes = 4096;

/** RFC 9051 `nstring` of a byte string: quoted where it can be, else a literal. */
export function nstring(value: string | undefined): string {
  if (value === undefined) return "NIL";
  if (/^[\t\x20!#-[\]-~]*$/.test(value)) return `"${value}"`;
  return escapedString(value);
}

function escapedString(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return `"${value.replace(/["\\]/g, "\\$&")}"`;
  const text = value.includes("\0") ? value.replaceAll("\0", "") : value;
  return `{${text.length}}\r\n${text}`;
}

/** ENVELOPE with its parentheses. The first field of each name counts. */
export function envelopeOf(header: Header): string {
  let date: HeaderField | undefined;
  let subject: HeaderField | undefined;
  let from: HeaderField | undefined;
  let sender: HeaderField | undefined;
  let replyTo: HeaderField | undefined;
  let to: HeaderField | undefined;
  let cc: HeaderField | undefined;
  let bcc: HeaderField | undefined;
  let inReplyTo: HeaderField | undefined;
  let messageId: HeaderField | undefined;
  for (const field of header.fields)
    switch (field.name) {
      case "date":
        date ??= field;
        break;
      case "subject":
        subject ??= field;
        break;
      case "from":
        from ??= field;
        break;
      case "sender":
        sender ??= field;
        break;
      case "reply-to":
        replyTo ??= field;
        break;
      case "to":
        to ??= field;
        break;
      case "cc":
        cc ??= field;
        break;
      case "bcc":
        bcc ??= field;
        break;
      case "in-reply-to":
        inReplyTo ??= field;
        break;
      case "message-id":
        messageId ??= field;
        break;
    }
  const author = addresses(header, from);
  // RFC 9051 §7.5.2: Sender and Reply-To default to From, where they are missing and where they are empty.
  const senders = sender === undefined ? "NIL" : addresses(header, sender);
  const replies = replyTo === undefined ? "NIL" : addresses(header, replyTo);
  return `(${text(header, date)} ${text(header, subject)} ${author} ${senders === "NIL" ? author : senders} ${
    replies === "NIL" ? author : replies
  } ${addresses(header, to)} ${addresses(header, cc)} ${addresses(header, bcc)} ${text(header, inReplyTo)} ${text(header, messageId)})`;
}

function text(header: Header, field: HeaderField | undefined): string {
  return field === undefined ? "NIL" : nstring(fieldValue(header, field).slice(0, maxEnvelopeValueBytes));
}

function addresses(header: Header, field: HeaderField | undefined): string {
  if (field === undefined) return "NIL";
  const entries = parseAddresses(fieldValue(header, field), maxEnvelopeAddresses);
  if (entries.length === 0) return "NIL";
  let out = "(";
  for (const entry of entries)
    switch (entry.kind) {
      case "mailbox":
        // A NIL host would open a group: an address without a domain has an empty one.
        out += `(${cut(entry.name)} ${cut(entry.route)} ${nstring(entry.local.slice(0, maxEnvelopeValueBytes))} ${nstring(entry.domain.slice(0, maxEnvelopeValueBytes))})`;
        break;
      case "group":
        out += `(NIL NIL ${nstring(entry.name.slice(0, maxEnvelopeValueBytes))} NIL)`;
        break;
      case "end":
        out += "(NIL NIL NIL NIL)";
        break;
    }
  return `${out})`;
}

function cut(value: string): string {
  return value === "" ? "NIL" : nstring(value.slice(0, maxEnvelopeValueBytes));
}
