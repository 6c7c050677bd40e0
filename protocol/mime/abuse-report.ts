/**
 * What somebody writes to `abuse@` about mail of ours, in whatever form: ARF (RFC 5965), X-ARF, SpamCop's and Spamhaus' letters, or plain words. Read
 * for what the message that it is about can be found by. Pure; says nothing of whether any of it is true.
 */
import { Buffer } from "node:buffer";
import { decodeText, fileNameOf } from "./decode.ts";
import { mailboxesOf } from "./fields/address.ts";
import { parseMessageId } from "./fields/message-id.ts";
import { bytesOf, fieldValue, type Header, headerValue, splitHeader } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { readReport, returnedHeader } from "./read-report.ts";
import { partsOf } from "./searchable.ts";
import { subjectText } from "./subject.ts";

export type AbuseForm = "arf" | "x-arf" | "spamcop" | "spamhaus" | "letter";

export type AbuseReport = {
  readonly form: AbuseForm;
  /** "abuse", "fraud", "login-attack", "spamvertised", …: lower case. */
  readonly kind: string;
  /** Address of its author, lower case; "" where there is none. */
  readonly reporter: string;
  /** The reporter's own number of the case. */
  readonly reference: string | undefined;
  readonly subject: string;
  /** The address that sent what it is about. */
  readonly sourceIp: string | undefined;
  readonly reportedDomain: string | undefined;
  /** Who complains, as far as that is said. */
  readonly complainants: readonly string[];
  readonly clues: Clues;
  /** What a person reads of it. */
  readonly text: string;
  /** Header of the message that it is about, as text; "" where none came with it. */
  readonly returned: string;
};

/** By what a message of ours is known. */
export type Clues = {
  /** Return paths that the message had. */
  readonly returnPaths: readonly string[];
  /** X-Angarium-Ref, CFBL-Feedback-ID. */
  readonly refs: readonly string[];
  readonly messageId: string | undefined;
  /** Parts of Feedback-ID: campaign, tenant, stream, sender. */
  readonly feedbackId: readonly string[] | undefined;
  /** "by HOST … id ID" of Received fields, the topmost first. */
  readonly received: readonly { readonly host: string; readonly id: string }[];
  readonly author: string | undefined;
};

/** Text of one part that is looked at. */
const maxTextBytes = 256 * 1024;
const maxReceived = 30;
const maxReceivedChars = 1_000;
const maxWordChars = 200;
const maxComplainants = 20;

/** Mail of a program that answers by itself (RFC 3834), or a notice of what could not be delivered. */
export function isAnswerOfProgram(header: Header): boolean {
  const said = headerValue(header, "auto-submitted");
  if (said !== undefined && /^\s*auto-replied/i.test(said)) return true;
  const type = headerValue(header, "content-type") ?? "";
  return /^\s*multipart\/report/i.test(type) && !/report-type\s*=\s*"?feedback-report/i.test(type);
}

/** Whether the header says by itself that it is a report, and not a letter. */
export function looksLikeAbuseReport(header: Header): boolean {
  return formOf(header) !== "letter";
}

function formOf(header: Header): AbuseForm {
  const from = headerValue(header, "from") ?? "";
  const subject = headerValue(header, "subject") ?? "";
  if (/@(?:reports|bounces|admin|devnull)\.spamcop\.net\b/i.test(from) || /^\s*\[SpamCop\b/i.test(subject))
    return "spamcop";
  if (/@(?:[\w-]+\.)*spamhaus\.(?:org|com|net)\b/i.test(from)) return "spamhaus";
  if (headerValue(header, "x-xarf") !== undefined || headerValue(header, "x-arf") !== undefined) return "x-arf";
  return /report-type\s*=\s*"?feedback-report/i.test(headerValue(header, "content-type") ?? "") ? "arf" : "letter";
}

export function readAbuseReport(raw: Uint8Array): AbuseReport {
  const bytes = bytesOf(raw);
  const header = splitHeader(bytes, 0, bytes.length);
  const parts = [...partsOf(parseMessage(bytes))];
  const said = readReport(bytes);
  const arf = said?.kind === "complaint" ? said : undefined;
  const text = textOf(bytes, parts);
  const fields = xArfFields(bytes, parts);
  const named = formOf(header);
  const form =
    named === "letter" && fields.size > 0 ? "x-arf" : named === "letter" && arf !== undefined ? "arf" : named;
  const subject = word(subjectText(headerValue(header, "subject") ?? ""));
  const attached = returnedHeader(bytes);
  const returned = attached ?? inlineHeader(text);
  const sourceIp =
    arf?.sourceIp ??
    fields.get("source") ??
    ipOf(headerValue(header, "x-spamcop-sourceip")) ??
    ipIn(form, subject, text);
  const author = mailboxesOf(headerValue(header, "from") ?? "", 1)[0];
  const path = arf?.originalMailFrom;
  return {
    form,
    kind: kindOf(arf?.feedbackType ?? fields.get("report-type") ?? spamCopKind(form, text)),
    reporter: author === undefined ? "" : `${author.local}@${author.domain}`.toLowerCase(),
    reference: referenceOf(form, header, subject, fields),
    subject,
    sourceIp: sourceIp === undefined ? undefined : word(sourceIp),
    reportedDomain: optional(arf?.reportedDomain),
    complainants: (arf?.recipients ?? []).slice(0, maxComplainants).map(word),
    clues: cluesOf(returned, path),
    text,
    returned: returned === undefined ? "" : returned.text,
  };
}

// ---------------------------------------------------------------- what a person wrote

function textOf(bytes: Buffer, parts: readonly Part[]): string {
  const plain = parts.find(
    ({ kind, contentType: { type, subtype } }) => kind === "leaf" && type === "text" && subtype === "plain",
  );
  const part =
    plain ??
    parts.find(({ kind, contentType: { type, subtype } }) => kind === "leaf" && type === "text" && subtype === "html");
  if (part === undefined) return "";
  const text = decodeText(bytes, part, maxTextBytes).replaceAll("\r\n", "\n");
  return part === plain ? text : text.replace(/<[^<>]*>/g, " ");
}

/** A header that stands in the text, as it is or quoted: from the first line that only a header has. */
function inlineHeader(text: string): Header | undefined {
  const found =
    /^([> ]{0,4})(?:Return-Path|Received|Delivered-To|DKIM-Signature|Message-ID|X-Angarium-Ref|MIME-Version):[ \t]/im.exec(
      text,
    );
  if (found === null) return undefined;
  const prefix = found[1] ?? "";
  // Who quotes quotes the fields before it too: back to where the lines are fields no more.
  const before = text.slice(0, found.index).split("\n");
  let first = before.length - 1;
  while (first > 0 && /^[> ]{0,4}[A-Za-z][A-Za-z-]*:[ \t]|^[> ]{0,4}[ \t]+\S/.test(before[first - 1]!)) first--;
  const from = before.slice(0, first).join("\n").length + (first > 0 ? 1 : 0);
  const lines = text.slice(from).split("\n");
  const bare = lines.map((line) => (prefix !== "" && line.startsWith(prefix) ? line.slice(prefix.length) : line));
  const end = bare.findIndex((line, index) => index > 0 && line.trim() === "");
  const block = Buffer.from(`${bare.slice(0, end < 0 ? undefined : end).join("\r\n")}\r\n\r\n`, "latin1");
  return splitHeader(block, 0, block.length);
}

// ---------------------------------------------------------------- X-ARF

/** Fields of the report in X-ARF: "Name: value" lines of its second part (0.1, 0.2), or JSON (3, 4); by name in lower case. */
function xArfFields(bytes: Buffer, parts: readonly Part[]): ReadonlyMap<string, string> {
  for (const part of parts) {
    if (part.kind !== "leaf") continue;
    const { type, subtype } = part.contentType;
    const name = fileNameOf(part)?.toLowerCase() ?? "";
    if ((type === "application" && subtype === "json") || name.endsWith(".json")) {
      const found = ofJson(decodeText(bytes, part, maxTextBytes));
      if (found.size > 0) return found;
    } else if (type === "text" && subtype === "plain") {
      const found = ofLines(decodeText(bytes, part, maxTextBytes));
      if (found.has("report-type") && (found.has("source") || found.has("schema-url"))) return found;
    }
  }
  return new Map();
}

const maxLines = 200;
function ofLines(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/, maxLines)) {
    const [, name, value] = /^([A-Za-z][A-Za-z-]{1,40}):[ \t]+(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined && !found.has(name.toLowerCase()))
      found.set(name.toLowerCase(), word(value.replace(/^(['"])(.*)\1$/, "$2")));
  }
  return found;
}

/** Version 3 ("Report": {"ReportType", "SourceIp"}, "ReportID") and 4 ("type", "source_identifier", "report_id"). */
function ofJson(text: string): Map<string, string> {
  const found = new Map<string, string>();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return found;
  }
  const whole = objectOf(value);
  const report = objectOf(whole["Report"]);
  const first = (...values: readonly unknown[]): string | undefined =>
    values.find((one): one is string => typeof one === "string" && one !== "");
  const kind = first(report["ReportType"], whole["type"]);
  const source = first(report["SourceIp"], report["Source"], whole["source_identifier"], whole["SourceIp"]);
  const id = first(report["ReportID"], whole["ReportID"], whole["report_id"]);
  if (kind === undefined || source === undefined) return found;
  found.set("report-type", word(kind)).set("source", word(source));
  if (id !== undefined) found.set("report-id", word(id));
  return found;
}
const objectOf = (value: unknown): { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null ? (value as { readonly [name: string]: unknown }) : {};

// ---------------------------------------------------------------- what it says of itself

function referenceOf(
  form: AbuseForm,
  header: Header,
  subject: string,
  fields: ReadonlyMap<string, string>,
): string | undefined {
  if (form === "spamcop") return optional(/\bid:\s*(\d{4,20})\b/i.exec(subject)?.[1]);
  if (form === "spamhaus") return optional(/\b((?:SBL|CSS|XBL|PBL|DBL)\d{3,12})\b/i.exec(subject)?.[1]?.toUpperCase());
  const own = fields.get("report-id");
  if (own !== undefined) return optional(own);
  for (const name of ["x-report-id", "x-abuse-reference", "x-ref", "x-ticket-id"]) {
    const value = headerValue(header, name);
    if (value !== undefined && value.trim() !== "") return word(value);
  }
  return undefined;
}

const spamCopKind = (form: AbuseForm, text: string): string | undefined =>
  form === "spamcop" && /^Spamvertised web ?site:/im.test(text) ? "spamvertised" : undefined;
const kindOf = (said: string | undefined): string =>
  said === undefined || said === "" ? "abuse" : word(said.toLowerCase());

const ipOf = (text: string | undefined): string | undefined =>
  /[0-9a-f]*[.:][0-9a-f.:]+/i.exec((text ?? "").slice(0, maxWordChars))?.[0];
function ipIn(form: AbuseForm, subject: string, text: string): string | undefined {
  if (form === "spamcop")
    return ipOf(/\(([0-9a-f.:]+)\)/i.exec(subject)?.[1] ?? /^Email from ([0-9a-f.:]+)/im.exec(text)?.[1]);
  if (form === "spamhaus") return /\b\d{1,3}(?:\.\d{1,3}){3}\b/.exec(`${subject}\n${text}`)?.[0];
  return undefined;
}

// ---------------------------------------------------------------- what it is about

function cluesOf(header: Header | undefined, mailFrom: string | undefined): Clues {
  const value = (name: string): string | undefined => (header === undefined ? undefined : headerValue(header, name));
  const path = value("return-path")
    ?.replace(/^\s*<(.*)>\s*$/, "$1")
    .trim();
  const id = value("message-id");
  const feedback = value("feedback-id")?.split(":").map(word);
  const author = mailboxesOf(value("from") ?? "", 1)[0];
  const received: { host: string; id: string }[] = [];
  for (const field of header?.fields ?? []) {
    if (field.name !== "received" || received.length >= maxReceived) continue;
    const found = /\bby\s+([\w.-]{1,255})[^;]*?\bid\s+<?([\w.-]{1,80})/i.exec(
      fieldValue(header!, field).slice(0, maxReceivedChars).replace(/\s+/g, " "),
    );
    if (found !== null) received.push({ host: found[1]!.toLowerCase(), id: found[2]! });
  }
  return {
    returnPaths: [mailFrom, path].filter((one): one is string => one?.includes("@") === true).map(word),
    refs: ["x-angarium-ref", "cfbl-feedback-id"].flatMap((name) => optional(value(name)?.trim()) ?? []),
    messageId: id === undefined ? undefined : parseMessageId(id),
    feedbackId: feedback?.length === 4 ? feedback : undefined,
    received,
    author: author === undefined ? undefined : word(`${author.local}@${author.domain}`.toLowerCase()),
  };
}

const word = (text: string): string =>
  text
    .slice(0, 2 * maxWordChars)
    .replace(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .slice(0, maxWordChars);
const optional = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === "" ? undefined : word(text);
