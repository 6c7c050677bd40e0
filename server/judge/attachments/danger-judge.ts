/** The judge of attachments: looks only where there are any, in another thread, and does what the policy says. */

import { parseContentType } from "../../../protocol/mime/fields/parameters.ts";
import { fieldValue, findField, type Header } from "../../../protocol/mime/header.ts";
import { parseMessage } from "../../../protocol/mime/parse.ts";
import { reply } from "../../../protocol/smtp/reply.ts";
import type { Received } from "../../receive/received.ts";
import { nothingToSay, type PartialJudge, type Taken, type Verdict } from "../judge.ts";
import { sentenceOf } from "./finding.ts";
import { type AttachmentPolicy, decide, outboundPolicy } from "./policy.ts";
import type { AttachmentReport } from "./scan-message.ts";
import { hasAttachments } from "./scan-message.ts";
import { strip } from "./strip.ts";

export type DangerPorts = {
  /** In another thread. */
  readonly scan: (bytes: Uint8Array) => Promise<AttachmentReport>;
  /** The policies of the recipients' domains, each once; the server's where a domain has none. */
  readonly policies: (domains: ReadonlySet<string>) => readonly AttachmentPolicy[];
  /** Whether our own people's mail is looked at too. */
  readonly outbound: boolean;
};

const unsuspicious: Taken = { ...nothingToSay, findings: { virus: 1 } };
/** The field that says what was seen; one that a stranger wrote is not kept. */
const fieldName = "X-Angarium-Attachments";

/** Multiparts up to this size are taken apart on the spot to see whether there is anything to look at. */
const maxInlineBytes = 64 * 1024;
const uuencoded = Buffer.from("\nbegin ", "latin1");

/** For most mail this is a look at one field. */
export function mayHaveAttachments(bytes: Buffer, header: Header): boolean {
  const field = findField(header, "content-type");
  const type = field === undefined ? undefined : parseContentType(fieldValue(header, field));
  const isPlain = type === undefined || (type.type === "text" && (type.subtype === "plain" || type.subtype === "html"));
  if (
    isPlain &&
    header.fields.filter(({ name }) => name === "content-type").length < 2 &&
    findField(header, "content-disposition") === undefined &&
    type?.parameters.some(({ name }) => name.startsWith("name")) !== true
  )
    return bytes.includes(uuencoded);
  return bytes.length > maxInlineBytes || hasAttachments(bytes, parseMessage(bytes));
}

export function makeDangerJudge({ scan, policies, outbound }: DangerPorts): PartialJudge {
  return (mail, header) => {
    const own = mail.account !== undefined;
    const forged = ownFields(header);
    if ((own && !outbound) || !mayHaveAttachments(mail.bytes, header))
      return forged === undefined ? nothingToSay : { ...nothingToSay, dropped: forged };
    return scan(mail.bytes).then(({ findings }) => {
      if (findings.length === 0) return forged === undefined ? unsuspicious : { ...unsuspicious, dropped: forged };
      const applied = own ? [outboundPolicy] : policies(new Set(mail.recipients.map(({ domain }) => domain)));
      return verdictOf(mail, forged, findings, applied);
    });
  };
}

function verdictOf(
  mail: Received,
  forged: readonly number[] | undefined,
  findings: AttachmentReport["findings"],
  applied: readonly AttachmentPolicy[],
): Verdict {
  const { action, because } = decide(findings, applied);
  const reasons = [...new Set(because.map(sentenceOf))].slice(0, 5);
  const notes = [...new Set(because.map(({ danger }) => `attachment-${danger}`))];
  const marking = { fields: fieldOf(notes), ...(forged === undefined ? {} : { dropped: forged }) };
  switch (action) {
    case "allow":
      return nothingToSay;
    case "mark":
      return { kind: "accept", notes, reasons, ...marking, findings: { virus: 4 } };
    case "strip": {
      const replaced = strip(mail.bytes, because);
      if (replaced === undefined) return { kind: "quarantine", notes, reasons, ...marking };
      return {
        kind: "accept",
        notes: [...notes, "attachment-stripped"],
        reasons,
        ...marking,
        replaced,
        findings: { virus: 2 },
      };
    }
    case "quarantine":
      return { kind: "quarantine", notes, reasons, ...marking };
    case "refuse":
      return {
        kind: "refuse",
        reply: reply(554, "5.7.1", `${ascii(reasons[0] ?? "An attachment is dangerous")}; it is not taken here`),
        notes,
        reasons,
      };
    default:
      return action satisfies never;
  }
}

function ownFields(header: Header): readonly number[] | undefined {
  let found: number[] | undefined;
  for (const [index, { name }] of header.fields.entries())
    if (name === "x-angarium-attachments") (found ??= []).push(index);
  return found;
}

function fieldOf(notes: readonly string[]): string {
  return `${fieldName}: ${notes.map((note) => note.replace(/^attachment-/, "")).join(", ")}\r\n`;
}

/** Replies are ASCII where the client did not ask for more (RFC 6531 §3.7.4). */
function ascii(text: string): string {
  return text.replace(/[^ -~]/g, (char) => (char === "\u203a" ? ">" : "?")).slice(0, 300);
}
