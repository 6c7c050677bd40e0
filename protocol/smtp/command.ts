/** The commands of SMTP and LMTP as values. RFC 5321 §4.1, RFC 2033, and the extensions that add parameters or verbs. */
import { isUtf8 } from "node:buffer";
import { type Mailbox, parseDomain, readPath } from "./address.ts";
import { type MailParameters, type RcptParameters, readMailParameters, readRcptParameters } from "./parameters.ts";
import { type Reply, reply } from "./reply.ts";

export type MailCommand = MailParameters & {
  readonly verb: "mail";
  /** Undefined is the null reverse-path. */
  readonly from: Mailbox | undefined;
  readonly utf8Address: boolean;
};
export type RcptCommand = RcptParameters & {
  readonly verb: "rcpt";
  /** `domain` "" only for `<postmaster>`. */
  readonly to: Mailbox;
  readonly utf8Address: boolean;
};
export type BdatCommand = { readonly verb: "bdat"; readonly sizeBytes: number; readonly last: boolean };
export type AuthCommand = {
  readonly verb: "auth";
  /** Upper case. */
  readonly mechanism: string;
  /** Decoded; an empty one for "="; undefined where the client waits for a challenge. */
  readonly initial: Buffer | undefined;
};
export type HelloCommand = { readonly verb: "ehlo" | "helo" | "lhlo"; readonly domain: string };
export type Command =
  | HelloCommand
  | MailCommand
  | RcptCommand
  | BdatCommand
  | AuthCommand
  | { readonly verb: "data" }
  | { readonly verb: "starttls" }
  | { readonly verb: "rset" | "noop" | "quit" | "help" | "vrfy" | "expn" }
  /** Another protocol speaks (a browser made to by a page): close. */
  | { readonly verb: "foreign" };

/** RFC 5321 §4.5.3.1.4 gives a command line 512 octets, its extensions add to that; this holds all of them. */
export const maxCommandBytes = 2048;
/** RFC 4954 §4: AUTH and what follows it. */
export const maxAuthLineBytes = 12_288;

const maxHelloBytes = 255;

const data: Command = { verb: "data" };
const rset: Command = { verb: "rset" };
const noop: Command = { verb: "noop" };
const quit: Command = { verb: "quit" };
const help: Command = { verb: "help" };
const vrfy: Command = { verb: "vrfy" };
const expn: Command = { verb: "expn" };
const starttls: Command = { verb: "starttls" };
const foreign: Command = { verb: "foreign" };

const unknown = reply(500, "5.5.2", "Command not recognised");
const lineTooLong = reply(500, "5.5.2", "Command line too long");
const unprintable = reply(500, "5.5.2", "Control characters are not allowed in a command");
const notUtf8 = reply(500, "5.5.2", "Command is not valid UTF-8");
const verifyWhom = reply(501, "5.5.4", "Syntax: VRFY address");
const noParameters = reply(501, "5.5.4", "This command takes no parameters");
const badHello = reply(501, "5.5.2", "Give the name of your host, or its address as [192.0.2.1]");
const mailSyntax = reply(501, "5.5.2", "Syntax: MAIL FROM:<address> [parameters]");
const rcptSyntax = reply(501, "5.5.2", "Syntax: RCPT TO:<address> [parameters]");
const badSender = reply(501, "5.1.7", "Sender address has bad syntax");
const badSenderDomain = reply(501, "5.1.7", "Domain of the sender address has bad syntax");
const badRecipient = reply(501, "5.1.3", "Recipient address has bad syntax");
const badRecipientDomain = reply(501, "5.1.3", "Domain of the recipient address has bad syntax");
const senderTooLong = reply(501, "5.1.7", "Sender address is too long");
const recipientTooLong = reply(501, "5.1.3", "Recipient address is too long");
const noDomain = reply(501, "5.1.7", "Sender address needs a domain");
const noRecipientDomain = reply(501, "5.1.3", "Recipient address needs a domain");
const bdatSyntax = reply(501, "5.5.4", "Syntax: BDAT size [LAST]");
const authSyntax = reply(501, "5.5.4", "Syntax: AUTH mechanism [initial-response]");
const badBase64 = reply(501, "5.5.2", "Initial response is not base64");

/** One line, without its CRLF, to the command it is or the reply it deserves. */
export function parseCommand(line: Buffer): Command | Reply {
  const verb = line.toString("latin1", 0, 9).toUpperCase();
  if (line.length > maxCommandBytes && !verb.startsWith("AUTH ")) return lineTooLong;
  if (line.length > maxAuthLineBytes) return lineTooLong;
  let text = line.toString("latin1");
  if (!/^[\t -~]*$/.test(text)) {
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return unprintable;
    if (!isUtf8(line)) return notUtf8;
    text = line.toString("utf8");
  }
  const space = verb.search(/[ \t]/);
  switch (space === -1 ? verb : verb.slice(0, space)) {
    case "MAIL":
      return mail(text);
    case "RCPT":
      return rcpt(text);
    case "DATA":
      return bare(text, 4, data);
    case "RSET":
      return bare(text, 4, rset);
    case "QUIT":
      return bare(text, 4, quit);
    case "BDAT":
      return bdat(text);
    case "EHLO":
      return hello("ehlo", text);
    case "HELO":
      return hello("helo", text);
    case "LHLO":
      return hello("lhlo", text);
    case "STARTTLS":
      return bare(text, 8, starttls);
    case "AUTH":
      return auth(text);
    case "NOOP":
      return noop;
    case "HELP":
      return help;
    case "VRFY":
      return text.slice(4).trim() === "" ? verifyWhom : vrfy;
    case "EXPN":
      return expn;
    case "GET":
    case "POST":
    case "PUT":
    case "HEAD":
    case "OPTIONS":
    case "CONNECT":
      return foreign;
    default:
      return unknown;
  }
}

function bare(text: string, length: number, command: Command): Command | Reply {
  if (text.length === length) return command;
  return text.slice(length).trim() === "" ? command : noParameters; // RFC 5321 §4.1.1: tolerate trailing white space
}

/**
 * RFC 5321 §4.1.1.1 wants a domain; half the world sends one that is none. Accept what can stand in a header field
 * without harm, and record it.
 */
function hello(verb: HelloCommand["verb"], text: string): Command | Reply {
  const domain = text.slice(4).trim();
  if (domain.length > maxHelloBytes || !/^[\w.:[\]-]+$/.test(domain)) return badHello;
  return { verb, domain: parseDomain(domain) ?? domain };
}

/** Where the path begins after "MAIL FROM:" or "RCPT TO:", -1 where that is not there. White space after the colon is no RFC's but common. */
function pathStart(text: string, word: "FROM:" | "TO:"): number {
  let at = 4;
  while (text[at] === " " || text[at] === "\t") at++;
  if (at === 4 || text.slice(at, at + word.length).toUpperCase() !== word) return -1;
  at += word.length;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}

function mail(text: string): Command | Reply {
  const start = pathStart(text, "FROM:");
  if (start === -1) return mailSyntax;
  const path = readPath(text, start);
  switch (path.kind) {
    case "bad":
      return path.why === "domain" ? badSenderDomain : path.why === "too-long" ? senderTooLong : badSender;
    case "local":
      return noDomain;
    case "null":
    case "mailbox": {
      const parameters = readMailParameters(text, path.end);
      if ("code" in parameters) return parameters;
      const from = path.kind === "null" ? undefined : path.mailbox;
      return { verb: "mail", from, utf8Address: path.kind === "mailbox" && path.utf8, ...parameters };
    }
    default:
      return path satisfies never;
  }
}

function rcpt(text: string): Command | Reply {
  const start = pathStart(text, "TO:");
  if (start === -1) return rcptSyntax;
  const path = readPath(text, start);
  switch (path.kind) {
    case "bad":
      return path.why === "domain" ? badRecipientDomain : path.why === "too-long" ? recipientTooLong : badRecipient;
    case "null":
      return badRecipient;
    case "local":
    case "mailbox": {
      // RFC 5321 §4.5.1: any case.
      if (path.kind === "local" && path.local.toLowerCase() !== "postmaster") return noRecipientDomain;
      const parameters = readRcptParameters(text, path.end);
      if ("code" in parameters) return parameters;
      const to = path.kind === "local" ? { local: "postmaster", domain: "" } : path.mailbox;
      return { verb: "rcpt", to, utf8Address: path.kind === "mailbox" && path.utf8, ...parameters };
    }
    default:
      return path satisfies never;
  }
}

/** RFC 3030 §2. */
function bdat(text: string): Command | Reply {
  const found = /^.{4}[ \t]+(\d{1,15})(?:[ \t]+(last))?[ \t]*$/i.exec(text);
  if (found === null) return bdatSyntax;
  return { verb: "bdat", sizeBytes: Number(found[1]), last: found[2] !== undefined };
}

/** RFC 4954 §4. */
function auth(text: string): Command | Reply {
  const found = /^.{4}[ \t]+([A-Za-z\d_-]{1,20})(?:[ \t]+([^ \t]+))?[ \t]*$/.exec(text);
  if (found === null) return authSyntax;
  const mechanism = found[1]!.toUpperCase();
  if (found[2] === undefined) return { verb: "auth", mechanism, initial: undefined };
  const initial = found[2] === "=" ? Buffer.alloc(0) : decodeBase64(found[2]);
  return initial === undefined ? badBase64 : { verb: "auth", mechanism, initial };
}

/** RFC 4648 §4 with its padding, nothing else; undefined otherwise. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z\d+/]*={0,2}$/.test(text)) return undefined;
  return Buffer.from(text, "base64");
}
