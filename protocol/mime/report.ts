/**
 * Delivery status notifications (RFC 3461 §6, RFC 3462, RFC 3464; RFC 6533 where addresses or the message are
 * internationalized): what a person reads, what a program reads, and what is returned. Pure: id, date and boundary are given.
 */
import { Buffer, isAscii } from "node:buffer";
import { type ComposedField, type ComposedPart, composeMessage } from "./compose.ts";
import { hasShortLines } from "./encode.ts";
import { formatDate } from "./fields/date.ts";
import { parseMessageId } from "./fields/message-id.ts";
import { bytesOf, headerSection, headerValue, splitHeader } from "./header.ts";
import { reportText } from "./report-text.ts";
import { subjectText } from "./subject.ts";

/** A message larger than this is never returned whole, whatever RET says. */
export const maxReturnedBytes = 1024 * 1024;
/** A failed message up to this size is returned whole where RET says nothing. */
export const maxUnaskedBytes = 64 * 1024;
/** Header bytes that are returned. */
export const maxReturnedHeaderBytes = 64 * 1024;
const maxDiagnosticChars = 900;

export type ReportedRecipient = {
  /** As it was in RCPT TO. */
  readonly address: string;
  /** ORCPT, decoded from xtext: "rfc822;ann@example.test" or "utf-8;…". */
  readonly orcpt?: string | undefined;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded";
  /** RFC 3463: "5.1.1". */
  readonly status: string;
  /** Host that said so; undefined where it was us. */
  readonly remoteMta?: string | undefined;
  /** The reply of that host ("550 5.1.1 no such user"), or our own reason. */
  readonly diagnostic?: string | undefined;
  readonly lastAttempt?: number | undefined;
  /** action delayed: until when we try. */
  readonly willRetryUntil?: number | undefined;
};

export type DeliveryReport = {
  readonly kind: "failure" | "delay" | "success";
  /** Our host name: Reporting-MTA. */
  readonly reportingMta: string;
  /** Whom the report is from: "MAILER-DAEMON@mx.example.test". */
  readonly from: string;
  /** Envelope sender of the message: whom it goes to. */
  readonly to: string;
  readonly date: number;
  /** Without brackets. */
  readonly messageId: string;
  readonly boundary: string;
  /** ENVID, decoded from xtext. */
  readonly envid?: string | undefined;
  readonly arrivalDate?: number | undefined;
  readonly ret: "full" | "hdrs" | undefined;
  /** The message came with SMTPUTF8: its sender can take internationalized reports. */
  readonly smtputf8: boolean;
  readonly recipients: readonly ReportedRecipient[];
  /** The message as it was taken; empty where it is gone. */
  readonly message: Uint8Array;
};

export type WrittenReport = {
  readonly bytes: Buffer;
  readonly body: "7bit" | "8bitmime";
  /** It has to be sent with SMTPUTF8. */
  readonly smtputf8: boolean;
};

/** Writes a report about one message and at least one recipient. It goes out with the null reverse-path (RFC 3461 §6.1). */
export function writeReport(report: DeliveryReport): WrittenReport {
  const message = bytesOf(report.message);
  const header = splitHeader(message, 0, message.length);
  const utf8 =
    report.smtputf8 && (!isPrintable(report.to) || report.recipients.some(({ address }) => !isPrintable(address)));
  const subject = subjectText(headerValue(header, "subject") ?? "");
  const id = parseMessageId(headerValue(header, "message-id") ?? "");
  const fields: ComposedField[] = [
    { name: "From", addresses: [{ name: "Mail Delivery System", address: report.from }] },
    { name: "To", addresses: [{ address: report.to }] },
    { name: "Subject", text: `${prefixes[report.kind]}: ${subject === "" ? "(no subject)" : subject}` },
    { name: "Date", date: report.date },
    { name: "Message-ID", ids: [report.messageId] },
  ];
  // An answer to the message, so that readers show it with it.
  if (id !== undefined && isPrintable(id))
    fields.push({ name: "In-Reply-To", ids: [id] }, { name: "References", ids: [id] });
  fields.push({ name: "Auto-Submitted", raw: "auto-replied" }); // RFC 3834 §5
  const status = Buffer.from(statusText(report, utf8), "utf8");
  const parts: ComposedPart[] = [
    { kind: "text", subtype: "plain", text: reportText(report, subject) },
    {
      kind: "raw",
      type: utf8 ? "message/global-delivery-status" : "message/delivery-status",
      encoding: isAscii(status) ? "7bit" : "8bit",
      bytes: status,
      description: "Delivery report",
    },
  ];
  const returned = returnedPart(report, message, utf8);
  if (returned !== undefined) parts.push(returned);
  const bytes = composeMessage(
    fields,
    { kind: "multipart", subtype: "report; report-type=delivery-status", boundary: report.boundary, parts },
    utf8,
  );
  return { bytes, body: isAscii(bytes) ? "7bit" : "8bitmime", smtputf8: utf8 };
}

const prefixes = { failure: "Not delivered", delay: "Delayed", success: "Delivered" } as const;

/** RFC 3464 §2: fields about the message, an empty line, and a group of fields for each recipient. */
function statusText(report: DeliveryReport, utf8: boolean): string {
  let out = "";
  if (report.envid !== undefined) out += statusField("Original-Envelope-Id", report.envid);
  out += statusField("Reporting-MTA", `dns; ${report.reportingMta}`);
  if (report.arrivalDate !== undefined) out += statusField("Arrival-Date", formatDate(report.arrivalDate));
  for (const recipient of report.recipients) {
    out += "\r\n";
    if (recipient.orcpt !== undefined)
      out += statusField("Original-Recipient", originalRecipient(recipient.orcpt, utf8));
    out += statusField("Final-Recipient", finalRecipient(recipient.address, utf8));
    out += statusField("Action", recipient.action);
    out += statusField(
      "Status",
      /^[245]\.\d{1,3}\.\d{1,3}$/.test(recipient.status) ? recipient.status : fallback(recipient),
    );
    if (recipient.remoteMta !== undefined) out += statusField("Remote-MTA", `dns; ${recipient.remoteMta}`);
    if (recipient.diagnostic !== undefined && recipient.diagnostic !== "") {
      // RFC 3464 §2.3.6: "smtp" is for what an SMTP server replied.
      const type =
        recipient.remoteMta !== undefined && /^[2-5]\d\d(?:[ -]|$)/.test(recipient.diagnostic) ? "smtp" : "x-angarium";
      out += statusField("Diagnostic-Code", `${type}; ${oneLine(recipient.diagnostic, utf8)}`);
    }
    if (recipient.lastAttempt !== undefined) out += statusField("Last-Attempt-Date", formatDate(recipient.lastAttempt));
    if (recipient.willRetryUntil !== undefined)
      out += statusField("Will-Retry-Until", formatDate(recipient.willRetryUntil));
  }
  return out;
}

function fallback(recipient: ReportedRecipient): string {
  return recipient.action === "failed" ? "5.0.0" : recipient.action === "delayed" ? "4.0.0" : "2.0.0";
}

/** One line: values here come from strangers. */
function statusField(name: string, value: string): string {
  return `${name}: ${value.replace(/[\x00-\x1f\x7f]+/g, " ").slice(0, maxDiagnosticChars + 40)}\r\n`;
}

function oneLine(text: string, utf8: boolean): string {
  const line = text
    .toWellFormed()
    .replace(/[\s\x00-\x1f\x7f]+/g, " ")
    .trim()
    .slice(0, maxDiagnosticChars);
  return utf8 ? line.toWellFormed() : line.replace(/[^\x20-\x7e]/g, "?");
}

/** RFC 3464 §2.3.2; RFC 6533 §3: "utf-8" addresses as they are in a global report, else in their ASCII form. */
function finalRecipient(address: string, utf8: boolean): string {
  if (isPrintable(address)) return `rfc822; ${address}`;
  return `utf-8; ${utf8 ? address : unitext(address)}`;
}

function originalRecipient(orcpt: string, utf8: boolean): string {
  const semicolon = orcpt.indexOf(";");
  const type = semicolon < 0 ? "rfc822" : orcpt.slice(0, semicolon).trim();
  const address = orcpt.slice(semicolon + 1).trim();
  return `${type}; ${utf8 || isPrintable(address) ? address : unitext(address)}`;
}

/** RFC 6533 §3 utf-8-addr-unitext: characters outside ASCII, and the backslash, as "\x{HEX}". */
function unitext(address: string): string {
  return address
    .toWellFormed()
    .replace(/[^\x21-\x5b\x5d-\x7e]/gu, (char) => `\\x{${char.codePointAt(0)!.toString(16).toUpperCase()}}`);
}

function isPrintable(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** RFC 3462: the message, or its header, as the sender asked and as it can travel. */
function returnedPart(report: DeliveryReport, message: Buffer, utf8: boolean): ComposedPart | undefined {
  if (message.length === 0) return undefined;
  const wanted = report.ret ?? (report.kind === "failure" && message.length <= maxUnaskedBytes ? "full" : "hdrs");
  // RFC 3461 §4.3: RET=FULL is about failures only.
  const full = wanted === "full" && report.kind === "failure" && message.length <= maxReturnedBytes;
  if (full && hasShortLines(message)) {
    const { end } = headerSection(message);
    const global = utf8 && !isAscii(message.subarray(0, end));
    return {
      kind: "raw",
      type: global ? "message/global" : "message/rfc822",
      encoding: isAscii(message) ? "7bit" : "8bit",
      bytes: message,
      description: "Undelivered message",
    };
  }
  const header = headerOf(message);
  const ascii = isAscii(header);
  return {
    kind: "raw",
    type: !ascii && utf8 ? "message/global-headers" : "text/rfc822-headers",
    encoding: ascii ? "7bit" : "8bit",
    bytes: header,
    description: "Message header",
  };
}

/** The header section without its empty line, its lines made safe for transport. */
function headerOf(message: Buffer): Buffer {
  const section = message.subarray(0, Math.min(headerSection(message).end, maxReturnedHeaderBytes));
  if (hasShortLines(section)) return section;
  const lines = section.toString("latin1").split(/\r\n|\r|\n/);
  return Buffer.from(lines.map((line) => line.slice(0, maxDiagnosticChars)).join("\r\n"), "latin1");
}
