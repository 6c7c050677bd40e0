/** The part of a delivery report that a person reads: what happened, to whom, and what to do. */
import type { DeliveryReport, ReportedRecipient } from "./report.ts";

/** Recipients that are described one by one; the rest is in the machine-readable part. */
const maxDescribed = 50;
const maxQuotedChars = 700;

/** Plain text in English, wrapped by hand. `subject` is that of the message, decoded. */
export function reportText(report: DeliveryReport, subject: string): string {
  const lines: string[] = [`This is the mail server ${report.reportingMta}.`, ""];
  lines.push(...introduction(report), "");
  if (subject !== "") lines.push(`    Subject: ${subject.slice(0, 200)}`);
  if (report.arrivalDate !== undefined) lines.push(`    Received: ${utc(report.arrivalDate)}`);
  if (lines.at(-1) !== "") lines.push("");
  for (const recipient of report.recipients.slice(0, maxDescribed)) lines.push(...describe(recipient), "");
  const more = report.recipients.length - maxDescribed;
  if (more > 0) lines.push(`${more} more recipients are listed in the attached report.`, "");
  lines.push(...conclusion(report));
  return `${lines.join("\n")}\n`;
}

function introduction(report: DeliveryReport): string[] {
  const several = report.recipients.length > 1;
  switch (report.kind) {
    case "failure":
      return [
        `Your message could not be delivered to ${several ? "the recipients below" : "the recipient below"}.`,
        "It will not be tried again.",
      ];
    case "delay":
      return [
        `Your message has not been delivered yet to ${several ? "the recipients below" : "the recipient below"}.`,
        "It is still being tried: you need not send it again.",
      ];
    case "success":
      return [`Your message was delivered, as you asked to be told, to:`];
    default:
      return report.kind satisfies never;
  }
}

function describe(recipient: ReportedRecipient): string[] {
  const lines = [`<${printable(recipient.address)}>`];
  const original = recipient.orcpt?.slice(recipient.orcpt.indexOf(";") + 1).trim();
  if (original !== undefined && original !== "" && original.toLowerCase() !== recipient.address.toLowerCase())
    lines.push(`    (you wrote to ${printable(original)})`);
  switch (recipient.action) {
    case "failed":
      lines.push(...indent(explain(recipient)));
      break;
    case "delayed":
      lines.push(...indent(explain(recipient)));
      if (recipient.willRetryUntil !== undefined)
        lines.push(`    We go on trying until ${utc(recipient.willRetryUntil)}.`);
      break;
    case "delivered":
      lines.push("    Delivered to the mailbox.");
      break;
    case "relayed":
      lines.push(
        "    Handed on to a system that does not report delivery. You will hear",
        "    no more from us unless it returns the message.",
      );
      break;
    case "expanded":
      lines.push("    Handed on to all members of this address.");
      break;
    default:
      return recipient.action satisfies never;
  }
  const said = printable(recipient.diagnostic ?? "").slice(0, maxQuotedChars);
  if (said !== "" && (recipient.action === "failed" || recipient.action === "delayed")) {
    lines.push(recipient.remoteMta === undefined ? "    Reason:" : `    ${printable(recipient.remoteMta)} said:`);
    for (const line of wrap(said, 68)) lines.push(`      ${line}`);
  }
  return lines;
}

/** By the enhanced status code, RFC 3463; the most telling codes first. */
const explanations: readonly [status: RegExp, text: string][] = [
  [/^.\.1\.1$/, "There is no such mailbox. Please check the address for a typing mistake."],
  [/^.\.1\.2$/, "There is no such mail domain. Please check the part after the @."],
  [/^.\.1\.3$/, "The address is not well formed. Please check it."],
  [/^.\.1\.6$/, "The mailbox has moved, and there is no forwarding address."],
  [/^.\.1\.10$/, "The domain does not take any mail."],
  [/^.\.1\.[78]$/, "The other server does not accept your sender address."],
  [/^.\.2\.1$/, "The mailbox is switched off and takes no mail."],
  [/^.\.2\.2$/, "The mailbox is full. The recipient has to make room; try again later or reach them another way."],
  [/^.\.2\.3$|^.\.3\.4$/, "The message is too large for this recipient. Send it smaller, or send a link instead."],
  [/^.\.2\.4$/, "The mailing list could not be resolved."],
  [/^.\.4\.1$/, "The other server did not answer."],
  [/^.\.4\.2$/, "The connection to the other server broke off."],
  [/^.\.4\.3$/, "The domain name system could not be asked for the way to this domain."],
  [/^.\.4\.4$/, "No mail server could be found for this domain. Please check the part after the @."],
  [/^.\.4\.6$/, "The message goes round in a circle between servers; their administrators have to mend that."],
  [/^.\.4\.7$/, "It could not be delivered within the time allowed, and we gave up trying."],
  [/^.\.6\.7$|^.\.6\.10$/, "The other server does not take internationalized addresses."],
  [/^.\.6\./, "The other server cannot take the message in this form."],
  [/^.\.7\.1$/, "The other server refused the message by its rules. Its administrator, or the recipient, can say why."],
  [
    /^.\.7\.(?:2[0-9]|30)$/,
    "The other server refused the message because its origin could not be proved (SPF, DKIM or DMARC).",
  ],
  [/^.\.7\.(?:4|5|10)$/, "The message had to be sent encrypted, and the other server could not do that safely."],
  [/^.\.7\./, "The other server refused the message by its rules."],
  [/^4\.2\./, "The mailbox cannot take mail at the moment."],
  [/^4\./, "The other server cannot take the message at the moment."],
  [/^.\.3\./, "The other server has a fault or cannot take the message."],
  [/^.\.2\./, "The mailbox cannot take the message."],
  [/^.\.1\./, "The other server does not accept this address."],
  [/^.\.4\./, "The other server could not be reached."],
];

function explain(recipient: ReportedRecipient): string {
  // Without another server it was we who said so; only what is about reaching one (x.4.x) still speaks of it.
  const who =
    recipient.remoteMta === undefined && !/^.\.4\./.test(recipient.status) ? "This server" : "The other server";
  for (const [status, text] of explanations)
    if (status.test(recipient.status)) return text.replace("The other server", who);
  return recipient.action === "delayed"
    ? `${who} cannot take the message at the moment.`
    : `${who} refused the message.`;
}

function conclusion(report: DeliveryReport): string[] {
  if (report.kind === "failure")
    return [
      "The attached report has the technical details for a mail administrator.",
      "If you do not know the message at all, somebody has used your address",
      "as a sender: you may delete this notice.",
    ];
  if (report.kind === "delay") return ["If it cannot be delivered in the end, you will be told."];
  return ["The attached report has the technical details."];
}

function indent(text: string): string[] {
  return wrap(text, 70).map((line) => `    ${line}`);
}

/** Greedy; a word that is too long is cut, for it may have come from anyone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const long of text.split(" "))
    for (let word = long; word !== ""; ) {
      const piece = word.slice(0, width);
      word = word.slice(width);
      if (line !== "" && line.length + 1 + piece.length > width) {
        lines.push(line);
        line = piece;
      } else line = line === "" ? piece : `${line} ${piece}`;
    }
  if (line !== "") lines.push(line);
  return lines;
}

function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, " ")
    .trim();
}

function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ").concat(" UTC");
}
