/** Complaints about a message to who asks for them: CFBL-Address (RFC 9477), and reports in the abuse reporting format (RFC 5965). Pure. */
import { parseMailbox } from "../smtp/address.ts";
import { type ComposedField, composeMessage } from "./compose.ts";
import { mailboxesOf } from "./fields/address.ts";
import { formatDate } from "./fields/date.ts";
import { fieldValue, type Header, headerValue } from "./header.ts";

export type Mailbox = { readonly local: string; readonly domain: string };

const addressField = "cfbl-address";
const feedbackField = "cfbl-feedback-id";

/** A signature that holds: whose, and which fields it covers (lower case). */
export type Holding = { readonly domain: string; readonly names: readonly string[] };

/**
 * Where complaints about the message go, where its signatures prove that it may say so (RFC 9477 §3.1): one of the author's domain, and of the address's
 * own where that is another one; both cover the fields. Undefined: nowhere.
 */
export function complaintAddress(header: Header, holding: readonly Holding[]): Mailbox | undefined {
  const named = header.fields.filter(({ name }) => name === addressField);
  const [only] = named;
  if (only === undefined || named.length > 1) return undefined;
  const [address = "", ...parameters] = fieldValue(header, only).split(";");
  const mailbox = parseMailbox(address.trim().replace(/^<(.*)>$/, "$1"));
  const form = parameters.map((one) => /^\s*report\s*=\s*(\S+)\s*$/i.exec(one)?.[1]).find((one) => one !== undefined);
  if (mailbox === undefined || (form ?? "arf").toLowerCase() !== "arf") return undefined;
  const [author] = mailboxesOf(headerValue(header, "from") ?? "", 1);
  if (author === undefined) return undefined;
  const needed = headerValue(header, feedbackField) === undefined ? [addressField] : [addressField, feedbackField];
  const isSigned = (domain: string): boolean =>
    holding.some((one) => isWithin(domain, one.domain) && needed.every((name) => one.names.includes(name)));
  const [from, to] = [author.domain.toLowerCase(), mailbox.domain.toLowerCase()];
  return isSigned(from) && (isWithin(to, from) || isSigned(to)) ? mailbox : undefined;
}

/** Whether a domain is this one, or below it. */
const isWithin = (domain: string, of: string): boolean => domain === of || domain.endsWith(`.${of}`);

export type Complaint = {
  /** Whom it is from, with a name. */
  readonly from: { readonly name: string; readonly address: string };
  readonly to: string;
  readonly date: number;
  /** Without brackets. */
  readonly messageId: string;
  readonly boundary: string;
  /** Program and version. */
  readonly userAgent: string;
  /** Of the message that somebody does not want. */
  readonly header: Header;
};

/** Of the message so much goes back: enough to know it by, and nothing that names who complains (RFC 9477 §5.3). */
const returned = ["from", "date", "message-id", addressField, feedbackField, "feedback-id"] as const;
const maxValueChars = 500;

export function writeComplaint({ from, to, date, messageId, boundary, userAgent, header }: Complaint): Buffer {
  const [author] = mailboxesOf(headerValue(header, "from") ?? "", 1);
  const domain = author?.domain ?? "";
  const feedback = lines([
    ["Feedback-Type", "abuse"],
    ["User-Agent", userAgent],
    ["Version", "1"],
    ["Reported-Domain", domain],
    ["Arrival-Date", formatDate(date)],
  ]);
  const original = lines(
    returned.flatMap((name) => {
      const field = header.fields.find((one) => one.name === name);
      return field === undefined
        ? []
        : [[header.text.slice(field.start, field.valueStart).split(":")[0]!, fieldValue(header, field)] as const];
    }),
  );
  const fields: ComposedField[] = [
    { name: "From", addresses: [from] },
    { name: "To", addresses: [{ address: to }] },
    { name: "Subject", text: `Complaint about a message from ${domain}` },
    { name: "Date", date },
    { name: "Message-ID", ids: [messageId] },
    { name: "Auto-Submitted", raw: "auto-generated" },
  ];
  return composeMessage(fields, {
    kind: "multipart",
    subtype: "report; report-type=feedback-report",
    boundary,
    parts: [
      {
        kind: "text",
        subtype: "plain",
        text: `Somebody here has put a message from ${domain} into Junk. It asked to be told (CFBL-Address, RFC 9477); who it was is not told.`,
      },
      { kind: "raw", type: "message/feedback-report", encoding: "7bit", bytes: Buffer.from(feedback, "latin1") },
      { kind: "raw", type: "text/rfc822-headers", encoding: "7bit", bytes: Buffer.from(original, "latin1") },
    ],
  });
}

/** Values come from strangers: printable ASCII on one line. */
const lines = (fields: readonly (readonly [name: string, value: string])[]): string =>
  fields
    .map(
      ([name, value]) =>
        `${name}: ${value
          .replace(/\s+/g, " ")
          .replace(/[^ -~]/g, "?")
          .trim()
          .slice(0, maxValueChars)}\r\n`,
    )
    .join("");
