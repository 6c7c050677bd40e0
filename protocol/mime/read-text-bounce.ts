/** Bounces without form: servers that tell in words alone that mail did not come (qmail, Exim, Exchange and Domino of old, gateways), and what only looks like it. */
import { decodeText } from "./decode.ts";
import { bytesOf, type Header, headerValue } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";
import { subjectText } from "./subject.ts";

export type TextBounce =
  /** It did not come. `reply`: what the server said, where its words are found, else the words of the report; 500 characters at most. */
  | { readonly kind: "failed"; readonly reply: string }
  /** It is still tried. */
  | { readonly kind: "delayed" }
  /** A program answers for a person (RFC 3834): that says nothing about the address. */
  | { readonly kind: "automatic" };

const maxTextBytes = 16 * 1024;
const maxTexts = 3;
const maxReplyChars = 500;

const systems = /^(?:mailer-daemon|maildaemon|mail-daemon|postmaster|mmdf|mdaemon|postoffice)\b/i;
const failing =
  /undeliver|non-?\s?deliver|deliver(?:y|ed|ing)?\b.{0,40}\b(?:fail|error|problem|status|report|notification|impossible|unsuccessful|warning|delay)|fail(?:ed|ure|ing)?\b.{0,40}\b(?:deliver|notice|mail|message)|returned (?:mail|to sender|message)|mail (?:system|delivery) error|could not (?:be delivered|send)|unzustellbar|non remis/i;
const answering = /\b(?:out of (?:the )?office|auto(?:matic)?[- ]?reply|automatische antwort|abwesen|vacation)\b/i;
const waiting =
  /\bwarning message only|do not need to resend|no action is required|delivery (?:\S+ ){0,4}delayed|has been delayed|(?:has|have) not (?:yet )?been delivered|will (?:continue|keep) (?:trying|to (?:try|be tried))|will be retried|still (?:trying|being retried)/i;
const final =
  /permanent(?:ly)?\b|giv(?:ing|en) up|returned to (?:you|sender)|will not be retried|retry timeout exceeded/i;
/** Where the message that came back begins: its words are not the server's. */
const original =
  /^.{0,8}(?:-{2,} ?(?:original (?:message|mail)|this is a copy|below this line|included is a copy|message (?:header|body)|the unsent message|undelivered message|returned message)|(?:original message|begin included message) ?follows|included is a copy of)/im;
/** A reply of SMTP within words. */
const said = /(?:^|[\s:(<"'])([45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}\s)?.{0,300})/;
/** qmail tells the code behind its words. */
const saidBehind = /.{0,200}\(#[45]\.\d{1,3}\.\d{1,3}\).{0,100}/;
/** What it says before: "<anna@example.org>: ". */
const upToAddress = /^.*>: /;

/** Else what is said of the recipient stands behind its address; before it stands that mail to "the following addresses" did not come. */
const behindAddress = /[\w.+=-]{1,64}@[\w.-]{1,255}[>"']?[.:]? (\W{0,20}\w.{15,})/;

/**
 * Undefined: somebody wrote to a return path, who is neither server nor program. `nullPath`: it came with no return path of its own (RFC 5321
 * §4.5.5); with one it is a server's only where it is from one, for people quote the words of servers too.
 */
export function readTextBounce(raw: Uint8Array, nullPath: boolean): TextBounce | undefined {
  const bytes = bytesOf(raw);
  const root = parseMessage(bytes);
  const { header } = root;
  const subject = subjectText(headerValue(header, "subject") ?? "");
  const fromSystem = isFromSystem(header);
  const isSystem = fromSystem || failing.test(subject);
  // Exim and its likes mark their bounces as automatic replies, which in the words of RFC 3834 they are.
  if (!isSystem && isAutomatic(header, subject)) return { kind: "automatic" };
  if (!nullPath && !fromSystem) return undefined;
  const texts = textsIn(bytes, root);
  const telling = texts.find((one) => said.test(one)) ?? texts.find((one) => saidBehind.test(one));
  const text = telling ?? texts[0] ?? "";
  if (!isSystem && telling === undefined && !failing.test(text)) return undefined;
  if ((waiting.test(text) || /\b(?:delay|warning)/i.test(subject)) && !final.test(text)) return { kind: "delayed" };
  const reply =
    said.exec(text)?.[1] ??
    saidBehind.exec(text)?.[0].replace(upToAddress, "") ??
    behindAddress.exec(text)?.[1] ??
    text;
  return { kind: "failed", reply: reply.trim().slice(0, maxReplyChars) };
}

function isFromSystem(header: Header): boolean {
  if (headerValue(header, "x-failed-recipients") !== undefined) return true;
  const from = headerValue(header, "from") ?? "";
  return systems.test(/<([^<>]*)>/.exec(from)?.[1] ?? from.trim());
}

function isAutomatic(header: Header, subject: string): boolean {
  return (
    /^auto-replied/i.test(headerValue(header, "auto-submitted") ?? "") ||
    headerValue(header, "x-autoreply") !== undefined ||
    answering.test(subject)
  );
}

/** The words of the report, each text on one line, without what came back. */
function textsIn(bytes: Buffer, root: Part): readonly string[] {
  const texts: string[] = [];
  for (const part of ownParts(root)) {
    if (part.kind !== "leaf" || part.contentType.type !== "text" || texts.length === maxTexts) continue;
    const whole = decodeText(bytes, part, maxTextBytes);
    const words = part.contentType.subtype === "html" ? withoutTags(whole) : whole;
    const line = words.slice(0, original.exec(words)?.index).replace(/\s+/g, " ");
    if (line.trim() !== "") texts.push(line);
  }
  // Delimiters were lost on the way: what stands there is all there is.
  return texts.length > 0
    ? texts
    : [bytes.toString("latin1", root.bodyStart, root.bodyStart + maxTextBytes).replace(/\s+/g, " ")];
}

/** Parts within a part; those of a message that came back are its own. */
function* ownParts(part: Part): Generator<Part> {
  yield part;
  if (part.contentType.type !== "message") for (const child of part.parts) yield* ownParts(child);
}

function withoutTags(html: string): string {
  return html
    .replace(/<(?:style|script)\b[^<]{0,8000}/gi, " ")
    .replace(/<[^<>]{0,2000}>/g, " ")
    .replace(/&(?:nbsp|lt|gt|amp|quot|#39);/g, (entity) => entities[entity] ?? " ");
}
const entities: { readonly [entity: string]: string } = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&#39;": "'",
};
