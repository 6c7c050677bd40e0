/** Reads what other servers send back: delivery status notifications (RFC 3464, RFC 6533) and complaints (ARF, RFC 5965). */
import type { Buffer } from "node:buffer";
import { decodeByteString } from "./charset.ts";
import { decodeBody } from "./decode.ts";
import { mailboxesOf } from "./fields/address.ts";
import { parseDate } from "./fields/date.ts";
import { parseMessageId } from "./fields/message-id.ts";
import { bytesOf, type Header, headerValue, splitHeader } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { partsOf } from "./searchable.ts";
import { subjectText } from "./subject.ts";

/** Recipients of one report that are read. */
export const maxReportedRecipients = 1000;
const maxReportBytes = 1024 * 1024;

export type ReadRecipient = {
  /** Address without its type, in Unicode. */
  readonly recipient: string;
  /** Original-Recipient, where it was given. */
  readonly original: string | undefined;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded" | "unknown";
  /** RFC 3463, out of the Status field, else out of the diagnostic; "" where neither says one. */
  readonly status: string;
  /** First three digits of an SMTP reply in the diagnostic, or undefined. */
  readonly replyCode: number | undefined;
  readonly diagnostic: string;
  readonly remoteMta: string | undefined;
};

/** The message that a report is about, as far as it was returned. */
export type ReturnedMessage = {
  readonly messageId: string | undefined;
  readonly from: string | undefined;
  readonly to: readonly string[];
  readonly subject: string;
};

export type ReadReport =
  | {
      readonly kind: "delivery";
      readonly reportingMta: string | undefined;
      readonly originalEnvelopeId: string | undefined;
      readonly arrivalDate: number | undefined;
      readonly recipients: readonly ReadRecipient[];
      readonly original: ReturnedMessage | undefined;
    }
  | {
      readonly kind: "complaint";
      /** "abuse", "fraud", "opt-out", "auth-failure", … lower case. */
      readonly feedbackType: string;
      readonly userAgent: string | undefined;
      readonly sourceIp: string | undefined;
      readonly originalMailFrom: string | undefined;
      /** RFC 6591: the domain that the report is for, what failed ("dkim", "dmarc", …), and what became of the message. */
      readonly reportedDomain: string | undefined;
      readonly authFailure: string | undefined;
      readonly deliveryResult: string | undefined;
      readonly arrivalDate: number | undefined;
      /** Whoever complained, where the report says so, else to whom the returned message was addressed. */
      readonly recipients: readonly string[];
      readonly original: ReturnedMessage | undefined;
    };

/** How a message comes back: whole, or its header alone. */
const returnedTypes: ReadonlySet<string> = new Set([
  "message/rfc822",
  "message/global",
  "message/rfc822-headers",
  "text/rfc822-headers",
  "text/rfc822",
  "message/global-headers",
]);

/** The header of the first message within a message: what a report is about, or what somebody forwards as it is. */
export function returnedHeader(raw: Uint8Array): Header | undefined {
  const bytes = bytesOf(raw);
  for (const part of partsOf(parseMessage(bytes)))
    if (returnedTypes.has(`${part.contentType.type}/${part.contentType.subtype}`)) return headerOf(bytes, part);
  return undefined;
}

/** What a message reports, or undefined where it is no report. */
export function readReport(raw: Uint8Array): ReadReport | undefined {
  const bytes = bytesOf(raw);
  let status: Part | undefined;
  let feedback: Part | undefined;
  let returned: Part | undefined;
  const root = parseMessage(bytes);
  for (const part of partsOf(root)) {
    const type = `${part.contentType.type}/${part.contentType.subtype}`;
    switch (type) {
      case "message/delivery-status":
      case "message/global-delivery-status":
        status ??= part;
        break;
      case "message/feedback-report":
        feedback ??= part;
        break;
      default:
        if (returnedTypes.has(type)) returned ??= part;
    }
  }
  if (feedback !== undefined) return readComplaint(bytes, feedback, returned);
  if (status !== undefined) return readDelivery(groupsOf(decodeBody(bytes, status, maxReportBytes)), bytes, returned);
  // Gateways lose delimiters: a report whose parts are gone still has its fields somewhere.
  if (root.contentType.type !== "multipart" || root.contentType.subtype !== "report") return undefined;
  const body = bytes.subarray(root.bodyStart, root.bodyStart + maxReportBytes);
  const fields = /^(?:Reporting-MTA|Final-Recipient):/im.exec(body.toString("latin1"));
  return fields === null ? undefined : readDelivery(groupsOf(body.subarray(fields.index)), bytes, returned);
}

/** Groups of fields with empty lines between them. */
function groupsOf(content: Buffer): Header[] {
  const groups: Header[] = [];
  let at = 0;
  while (at < content.length && groups.length <= maxReportedRecipients) {
    const group = splitHeader(content, at, content.length);
    if (group.fields.some(({ name }) => name !== "")) groups.push(group);
    at = group.end;
  }
  return groups;
}

function readDelivery(groups: readonly Header[], bytes: Buffer, returned: Part | undefined): ReadReport {
  const about = groups[0];
  const recipients: ReadRecipient[] = [];
  for (const group of groups) {
    const read = readRecipient(group);
    if (read !== undefined) recipients.push(read);
  }
  const arrival = about === undefined ? undefined : headerValue(about, "arrival-date");
  return {
    kind: "delivery",
    reportingMta: about === undefined ? undefined : typed(headerValue(about, "reporting-mta")),
    originalEnvelopeId: about === undefined ? undefined : headerValue(about, "original-envelope-id"),
    arrivalDate: arrival === undefined ? undefined : parseDate(arrival),
    recipients,
    original: returned === undefined ? undefined : readReturned(bytes, returned),
  };
}

function readRecipient(group: Header): ReadRecipient | undefined {
  const final = addressOf(headerValue(group, "final-recipient"));
  const original = addressOf(headerValue(group, "original-recipient"));
  const alias = addressOf(headerValue(group, "x-actual-recipient"));
  const recipient = final ?? original ?? alias;
  if (recipient === undefined) return undefined;
  const diagnostic = decodeByteString(typed(headerValue(group, "diagnostic-code")) ?? "");
  return {
    recipient,
    original,
    action: actionOf(headerValue(group, "action") ?? ""),
    status: statusOf(headerValue(group, "status") ?? "", diagnostic),
    replyCode: replyCodeOf(diagnostic),
    diagnostic,
    remoteMta: typed(headerValue(group, "remote-mta")),
  };
}

/** "type; value" without the type. */
function typed(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const match = /^[\w-]+ *; */.exec(value);
  const text = (match === null ? value : value.slice(match[0].length)).trim();
  return text === "" ? undefined : text;
}

/** What is longer is no address, with its comment. */
const maxAddressChars = 1000;

function addressOf(value: string | undefined): string | undefined {
  const text = typed(value);
  if (text === undefined) return undefined;
  // RFC 6533 §3: "\x{HEX}" in an address.
  const plain = decodeByteString(text).replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code > 0x1f && code < 0x110000 && (code < 0xd800 || code > 0xdfff) ? String.fromCodePoint(code) : whole;
  });
  const angle = /<([^<>]+)>/.exec(plain);
  const address = (angle?.[1] ?? plain)
    .slice(0, maxAddressChars)
    .replace(/\s*\([^()]*\)\s*$/, "")
    .trim();
  return address === "" ? undefined : address;
}

function actionOf(value: string): ReadRecipient["action"] {
  const word = /[a-z]+/.exec(value.toLowerCase())?.[0] ?? "";
  switch (word) {
    case "failed":
    case "failure":
    case "fail":
      return "failed";
    case "delayed":
    case "delay":
    case "deferred":
      return "delayed";
    case "delivered":
    case "deliverable":
      return "delivered";
    case "relayed":
    case "expanded":
      return word;
    default:
      return "unknown";
  }
}

const enhanced = /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/;

/** What the reply of the remote server said itself comes first; then the field, unless it says nothing ("5.0.0"). */
function statusOf(field: string, diagnostic: string): string {
  const replied = /(?:^|[^\d.])[245]\d\d[ -]+'?([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/.exec(diagnostic)?.[1];
  if (replied !== undefined && !/^\d\.0\.0$/.test(replied)) return replied;
  const said = enhanced.exec(field)?.[1] ?? "";
  if (said !== "" && !/^\d\.0\.0$/.test(said)) return said;
  return enhanced.exec(diagnostic)?.[1] ?? said;
}

function replyCodeOf(diagnostic: string): number | undefined {
  const code = /(?:^|[^\d.])([245]\d\d)(?=[ -]|$)/.exec(diagnostic)?.[1];
  return code === undefined ? undefined : Number(code);
}

function headerOf(bytes: Buffer, part: Part): Header {
  const [inner] = part.parts;
  if (inner !== undefined) return inner.header;
  const content = decodeBody(bytes, part, maxReportBytes);
  return splitHeader(content, 0, content.length);
}

function readReturned(bytes: Buffer, part: Part): ReturnedMessage {
  const header = headerOf(bytes, part);
  const messageId = headerValue(header, "message-id");
  const from = mailboxesOf(headerValue(header, "from") ?? "", 1)[0];
  return {
    messageId: messageId === undefined ? undefined : parseMessageId(messageId),
    from: from === undefined ? undefined : addressText(from),
    to: mailboxesOf(headerValue(header, "to") ?? "", maxReportedRecipients).map(addressText),
    subject: subjectText(headerValue(header, "subject") ?? ""),
  };
}

function addressText({ local, domain }: { readonly local: string; readonly domain: string }): string {
  return domain === "" ? local : `${local}@${domain}`;
}

function readComplaint(bytes: Buffer, feedback: Part, returned: Part | undefined): ReadReport {
  const fields = groupsOf(decodeBody(bytes, feedback, maxReportBytes))[0];
  const value = (name: string): string | undefined => (fields === undefined ? undefined : headerValue(fields, name));
  const original = returned === undefined ? undefined : readReturned(bytes, returned);
  const recipients: string[] = [];
  for (const field of fields?.fields ?? []) {
    if (field.name !== "original-rcpt-to" && field.name !== "removal-recipient") continue;
    const address = addressOf(fields!.text.slice(field.valueStart, field.end).trim());
    if (address !== undefined && !recipients.includes(address) && recipients.length < maxReportedRecipients)
      recipients.push(address);
  }
  const mailFrom = value("original-mail-from");
  const arrival = value("arrival-date") ?? value("received-date");
  return {
    kind: "complaint",
    feedbackType: (value("feedback-type") ?? "other").toLowerCase(),
    userAgent: value("user-agent"),
    sourceIp: value("source-ip"),
    originalMailFrom: mailFrom === undefined ? undefined : (addressOf(mailFrom) ?? ""),
    reportedDomain: value("reported-domain")?.toLowerCase(),
    authFailure: value("auth-failure")?.toLowerCase(),
    deliveryResult: value("delivery-result")?.toLowerCase(),
    arrivalDate: arrival === undefined ? undefined : parseDate(arrival),
    recipients: recipients.length > 0 ? recipients : (original?.to ?? []),
    original,
  };
}
