/** An SMTP or LMTP session as a value: what may come next, and what a reply makes of it. RFC 5321 §4.1.4, RFC 2033, RFC 3207. */
import type { Command, MailCommand } from "./command.ts";
import { type Reply, reply } from "./reply.ts";

export type Mode = "mx" | "submission" | "lmtp";

/** What a listener offers; fixed for the session. */
export type Offer = {
  readonly mode: Mode;
  readonly maxMessageBytes: number;
  readonly startTls: boolean;
  /** No mail before TLS (RFC 8314). */
  readonly tlsRequired: boolean;
  /** No mail before AUTH. */
  readonly authRequired: boolean;
  readonly maxRecipients: number;
  /** Messages per session; 0: no limit. */
  readonly maxMessages: number;
  /** FUTURERELEASE (RFC 4865); 0: not offered. */
  readonly maxHoldSeconds: number;
};

export type Transaction = {
  readonly mail: MailCommand;
  /** Recipients taken. */
  readonly recipients: number;
  /** RFC 3030: a BDAT has come, nothing but BDAT and RSET may follow. */
  readonly chunking: boolean;
};

export type Session = {
  readonly offer: Offer;
  readonly greeting: "none" | "helo" | "ehlo" | "lhlo";
  /** What the peer called itself. */
  readonly helo: string;
  readonly tls: boolean;
  readonly authenticated: boolean;
  /** Mechanisms that may be used now, upper case; the driver sets them where TLS changes them. */
  readonly mechanisms: readonly string[];
  readonly transaction: Transaction | undefined;
  /** Transactions begun. */
  readonly messages: number;
};

export function newSession(offer: Offer, tls: boolean, mechanisms: readonly string[]): Session {
  return {
    offer,
    greeting: "none",
    helo: "",
    tls,
    authenticated: false,
    mechanisms,
    transaction: undefined,
    messages: 0,
  };
}

const needGreeting = reply(503, "5.5.1", "Say EHLO first");
const needLhlo = reply(503, "5.5.1", "Say LHLO first");
const lmtpHello = reply(500, "5.5.1", "This is LMTP: say LHLO");
const smtpHello = reply(500, "5.5.1", "This is SMTP: say EHLO");
const needTls = reply(530, "5.7.0", "Must issue a STARTTLS command first");
const needAuth = reply(530, "5.7.0", "Authentication required");
const nested = reply(503, "5.5.1", "A transaction is open already");
const needMail = reply(503, "5.5.1", "Send MAIL first");
const needRcpt = reply(554, "5.5.1", "No valid recipients");
const inChunks = reply(503, "5.5.1", "Chunks are being sent: only BDAT or RSET may follow");
const binaryNeedsBdat = reply(503, "5.5.1", "BODY=BINARYMIME needs BDAT"); // RFC 3030 §3
const tlsTwice = reply(503, "5.5.1", "TLS is active already");
const noTls = reply(502, "5.5.1", "STARTTLS is not available");
const noAuth = reply(502, "5.5.1", "AUTH is not available");
const authTwice = reply(503, "5.5.1", "Already authenticated");
const authInMail = reply(503, "5.5.1", "AUTH is not allowed in a transaction");
const authNeedsTls = reply(538, "5.7.11", "Encryption required: issue STARTTLS first");
const mechanism = reply(504, "5.5.4", "Mechanism is not offered");
const tooManyMessages = reply(452, "4.5.3", "Too many messages in this session");
const tooBig = reply(552, "5.3.4", "Message is larger than this server takes");
const utf8Sender = reply(553, "5.6.7", "This address needs the SMTPUTF8 parameter");
const utf8Recipient = reply(553, "5.6.7", "This address needs SMTPUTF8 in MAIL");
const requireTlsInClear = reply(555, "5.5.4", "REQUIRETLS is offered only over TLS"); // RFC 8689 §2
const holdNotOffered = reply(555, "5.5.4", "FUTURERELEASE is not offered here");
const needEsmtp = reply(555, "5.5.4", "Parameters need EHLO");

/** The reply to a command that may not come now, or undefined where it may. */
export function outOfTurn(session: Session, command: Command): Reply | undefined {
  const { offer, transaction } = session;
  switch (command.verb) {
    case "ehlo":
    case "helo":
      return offer.mode === "lmtp" ? lmtpHello : undefined;
    case "lhlo":
      return offer.mode === "lmtp" ? undefined : smtpHello;
    case "mail":
      if (session.greeting === "none") return offer.mode === "lmtp" ? needLhlo : needGreeting;
      if (offer.tlsRequired && !session.tls) return needTls;
      if (offer.authRequired && !session.authenticated) return canOnlyStartTls(session) ? needTls : needAuth;
      return transaction === undefined ? mailInTurn(session, command) : nested;
    case "rcpt":
      if (transaction === undefined) return needMail;
      if (transaction.chunking) return inChunks;
      if (command.utf8Address && !transaction.mail.smtputf8) return utf8Recipient;
      return (command.notify ?? command.orcpt) !== undefined && session.greeting === "helo" ? needEsmtp : undefined;
    case "data":
      if (transaction === undefined) return needMail;
      if (transaction.chunking) return inChunks;
      if (transaction.mail.body === "binarymime") return binaryNeedsBdat;
      return transaction.recipients === 0 ? needRcpt : undefined;
    case "bdat":
      if (transaction === undefined) return needMail;
      return transaction.recipients === 0 ? needRcpt : undefined;
    case "starttls":
      if (session.tls) return tlsTwice;
      return offer.startTls ? undefined : noTls;
    case "auth":
      if (session.authenticated) return authTwice;
      if (session.greeting === "none" || session.greeting === "helo") return needGreeting;
      if (transaction !== undefined) return authInMail;
      if (session.mechanisms.includes(command.mechanism)) return undefined;
      if (session.mechanisms.length > 0) return mechanism;
      return canOnlyStartTls(session) ? authNeedsTls : noAuth;
    case "rset":
    case "noop":
    case "quit":
    case "help":
    case "vrfy":
    case "expn":
    case "foreign":
      return undefined;
    default:
      return command satisfies never;
  }
}

/** A login is wanted and none is offered in the clear. */
function canOnlyStartTls({ offer, tls, mechanisms }: Session): boolean {
  return offer.authRequired && offer.startTls && !tls && mechanisms.length === 0;
}

function mailInTurn(session: Session, command: MailCommand): Reply | undefined {
  const { offer } = session;
  if (session.greeting === "helo" && hasParameters(command)) return needEsmtp;
  if (offer.maxMessages > 0 && session.messages >= offer.maxMessages) return tooManyMessages;
  if (command.sizeBytes !== undefined && command.sizeBytes > offer.maxMessageBytes) return tooBig;
  if (command.utf8Address && !command.smtputf8) return utf8Sender;
  if (command.requireTls && !session.tls) return requireTlsInClear;
  if (command.hold !== undefined && offer.maxHoldSeconds === 0) return holdNotOffered;
  return undefined;
}

function hasParameters(command: MailCommand): boolean {
  return (
    command.sizeBytes !== undefined ||
    command.body !== undefined ||
    command.smtputf8 ||
    command.ret !== undefined ||
    command.envid !== undefined ||
    command.requireTls ||
    command.hold !== undefined ||
    command.submitter !== undefined
  );
}

/** The session after a command was answered. A refused command changes nothing. */
export function advance(session: Session, command: Command, answer: Reply): Session {
  if (answer.code >= 400) return session;
  switch (command.verb) {
    case "ehlo":
    case "helo":
    case "lhlo":
      return { ...session, greeting: command.verb, helo: command.domain, transaction: undefined };
    case "mail":
      return {
        ...session,
        transaction: { mail: command, recipients: 0, chunking: false },
        messages: session.messages + 1,
      };
    case "rcpt": {
      const { transaction } = session;
      if (transaction === undefined) return session;
      return { ...session, transaction: { ...transaction, recipients: transaction.recipients + 1 } };
    }
    case "bdat": {
      const { transaction } = session;
      if (transaction === undefined || command.last) return ended(session);
      return transaction.chunking ? session : { ...session, transaction: { ...transaction, chunking: true } };
    }
    case "rset":
      return ended(session);
    case "starttls":
      // RFC 3207 §4.2: forget everything learnt in the clear.
      return { ...newSession(session.offer, true, []), messages: session.messages };
    case "auth":
      return { ...session, authenticated: true };
    case "data":
      return answer.code === 354 ? session : ended(session);
    case "noop":
    case "quit":
    case "help":
    case "vrfy":
    case "expn":
    case "foreign":
      return session;
    default:
      return command satisfies never;
  }
}

/** The session once its transaction is over, however it went: after the last reply to the data, or a failed chunk. */
export function ended(session: Session): Session {
  return session.transaction === undefined ? session : { ...session, transaction: undefined };
}
