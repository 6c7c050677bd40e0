/** Mail that scripts cause: vacation answers, notifications, refusals, and the word to an owner whose script failed. All from the null sender (RFC 5230 §5, RFC 5436 §2.7, RFC 8098 §3). */
import { Buffer } from "node:buffer";
import { type ComposedField, type ComposedPart, composeMessage } from "../../../protocol/mime/compose.ts";
import { withCrlf } from "../../../protocol/mime/encode.ts";
import { decodeWords } from "../../../protocol/mime/fields/encoded-word.ts";
import { parseMessageIds } from "../../../protocol/mime/fields/message-id.ts";
import type { NamedAddress } from "../../../protocol/mime/fields/write.ts";
import { type Header, headerValue } from "../../../protocol/mime/header.ts";
import type { Failure, NotifyAction, VacationAction } from "../../../protocol/sieve/actions.ts";
import { mistakeText } from "../../../protocol/sieve/mistake.ts";

/** What every one of these needs to know. */
export type AnswerFacts = {
  readonly at: number;
  /** Unique; becomes the Message-ID at our host. */
  readonly id: string;
  readonly ourHost: string;
  /** Of the message that came. */
  readonly header: Header;
};

const maxSubjectChars = 200;
const maxReferences = 20;

function subjectOf(header: Header): string {
  return decodeWords(headerValue(header, "subject") ?? "").slice(0, maxSubjectChars);
}

function common({ at, id, ourHost }: AnswerFacts): ComposedField[] {
  return [
    { name: "Date", date: at },
    { name: "Message-ID", ids: [`${id}@${ourHost}`] },
  ];
}

/** RFC 5322 §3.6.4. */
function inReplyTo(header: Header): ComposedField[] {
  const [id] = parseMessageIds(headerValue(header, "message-id") ?? "", 1);
  if (id === undefined) return [];
  const before = parseMessageIds(headerValue(header, "references") ?? "", maxReferences);
  return [
    { name: "In-Reply-To", ids: [id] },
    { name: "References", ids: [...before, id] },
  ];
}

/** "Ann <ann@b.test>" or "ann@b.test" as a field wants it. */
export function namedAddress(text: string): NamedAddress {
  const angled = /^([^<>]*)<([^<>]+)>\s*$/.exec(text);
  if (angled === null) return { address: text.trim() };
  const name = angled[1]!.trim().replace(/^"(.*)"$/, "$1");
  return name === "" ? { address: angled[2]!.trim() } : { name, address: angled[2]!.trim() };
}

export function vacationAnswer(action: VacationAction, from: NamedAddress, to: string, facts: AnswerFacts): Buffer {
  const fields: ComposedField[] = [
    { name: "From", addresses: [from] },
    { name: "To", addresses: [{ address: to }] },
    // RFC 5230 §5.2: "Auto: " and what the message was called.
    { name: "Subject", text: action.subject ?? `Auto: ${subjectOf(facts.header)}`.trimEnd() },
    ...common(facts),
    ...inReplyTo(facts.header),
    // RFC 3834 §5.
    { name: "Auto-Submitted", raw: "auto-replied (vacation)" },
    { name: "X-Auto-Response-Suppress", raw: "All" },
    { name: "Precedence", raw: "bulk" },
  ];
  if (!action.mime) return composeMessage(fields, { kind: "text", subtype: "plain", text: action.reason });
  return withEntity(fields, action.reason);
}

/** Fields, then a MIME entity that brings its own header; of that only Content fields are taken. */
function withEntity(fields: readonly ComposedField[], entity: string): Buffer {
  const text = withCrlf(entity);
  const empty = text.startsWith("\r\n") ? 0 : text.indexOf("\r\n\r\n");
  const header = empty <= 0 ? "" : text.slice(0, empty + 2);
  const body = empty < 0 ? text : text.slice(empty + (empty === 0 ? 2 : 4));
  const content = header
    .split(/\r\n(?![ \t])/)
    .filter((field) => /^content-[!-9;-~]+[ \t]*:/i.test(field))
    .join("\r\n");
  const placeholder: ComposedPart = { kind: "text", subtype: "plain", text: "" };
  const composed = composeMessage(fields, placeholder).toString("utf8");
  const front = composed.slice(0, composed.indexOf("MIME-Version:"));
  const type = content === "" ? "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit" : content;
  return Buffer.from(`${front}MIME-Version: 1.0\r\n${type}\r\n\r\n${body}`);
}

/** Fields that a mailto URI may not give: RFC 5436 §2.7, RFC 6068 §4. */
const notifiable = /^(?:subject|cc|keywords|comments|x-[!-9;-~]*)$/i;

export function notification(action: NotifyAction, from: NamedAddress, owner: string, facts: AnswerFacts): Buffer {
  const given = action.fields.filter(({ name }) => notifiable.test(name));
  const title = given.find(({ name }) => name.toLowerCase() === "subject")?.value;
  const text = action.message ?? title ?? `${subjectOf(facts.header)}`;
  const sender = decodeWords(headerValue(facts.header, "from") ?? "").slice(0, maxSubjectChars);
  const fields: ComposedField[] = [
    { name: "From", addresses: [from] },
    { name: "To", addresses: action.to.map((address) => ({ address })) },
    {
      name: "Subject",
      text: (action.message ?? title ?? `New message: ${subjectOf(facts.header)}`).slice(0, maxSubjectChars),
    },
    ...common(facts),
    { name: "Auto-Submitted", raw: `auto-notified; owner-email="${owner.replace(/["\\\r\n]/g, "")}"` },
    ...given.filter(({ name }) => /^x-/i.test(name)).map(({ name, value }) => ({ name, text: value })),
  ];
  if (action.importance !== "2")
    fields.push(
      { name: "Importance", raw: action.importance === "1" ? "High" : "Low" },
      { name: "X-Priority", raw: action.importance === "1" ? "1" : "5" },
    );
  const body = action.body ?? `${text}\n\nFrom: ${sender}\nSubject: ${subjectOf(facts.header)}\n`;
  return composeMessage(fields, { kind: "text", subtype: "plain", text: body });
}

/** RFC 5429 §2.1.1 and RFC 8098: a disposition notification that says "deleted" by itself, with the reason. */
export function refusal(
  reason: string,
  recipient: string,
  to: string,
  boundary: string,
  original: Buffer,
  facts: AnswerFacts,
): Buffer {
  const { header, ourHost } = facts;
  const [id] = parseMessageIds(headerValue(header, "message-id") ?? "", 1);
  const printable = recipient.replace(/[\r\n]/g, "");
  const report = [
    `Reporting-UA: ${ourHost}; Angarium`,
    `Final-Recipient: rfc822; ${printable}`,
    ...(id === undefined ? [] : [`Original-Message-ID: <${id}>`]),
    "Disposition: automatic-action/MDN-sent-automatically; deleted",
    "",
    "",
  ].join("\r\n");
  const headerBytes = original.subarray(0, Math.min(header.end, maxReturnedHeaderBytes));
  const isPlain = /^[\x00-\x7f]*$/.test(headerBytes.toString("latin1"));
  return composeMessage(
    [
      { name: "From", addresses: [{ address: printable }] },
      { name: "To", addresses: [{ address: to }] },
      { name: "Subject", text: `Rejected: ${subjectOf(header)}`.trimEnd() },
      ...common(facts),
      ...inReplyTo(header),
      { name: "Auto-Submitted", raw: "auto-replied (rejected)" },
    ],
    {
      kind: "multipart",
      subtype: "report; report-type=disposition-notification",
      boundary,
      parts: [
        {
          kind: "text",
          subtype: "plain",
          text: `Your message to ${printable} was refused by a rule of its recipient. The reason given:\n\n${reason}\n`,
        },
        { kind: "raw", type: "message/disposition-notification", encoding: "7bit", bytes: Buffer.from(report) },
        { kind: "raw", type: "text/rfc822-headers", encoding: isPlain ? "7bit" : "8bit", bytes: headerBytes },
      ],
    },
  );
}
const maxReturnedHeaderBytes = 64 * 1024;

/** To the owner of a script that was stopped. */
export function failureNotice(failures: readonly Failure[], owner: string, facts: AnswerFacts): Buffer {
  const told = failures.map(({ script, mistake }) => `  ${script}: ${mistakeText(mistake)}`).join("\n");
  return composeMessage(
    [
      { name: "From", addresses: [{ name: "Mail server", address: `MAILER-DAEMON@${facts.ourHost}` }] },
      { name: "To", addresses: [{ address: owner }] },
      { name: "Subject", text: "Your Sieve script has failed" },
      ...common(facts),
      { name: "Auto-Submitted", raw: "auto-generated" },
    ],
    {
      kind: "text",
      subtype: "plain",
      text: `A message came for you, and your Sieve script could not be run to its end:\n\n${told}\n\nThe message was called "${subjectOf(facts.header)}". It is in your inbox, as are others for which the script fails.\nMend the script, or ask your administrator. You are told of this at most once a day.\n`,
    },
  );
}
