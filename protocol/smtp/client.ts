/**
 * The client side of one mail transaction, for SMTP and LMTP (RFC 5321, RFC 2033), as a pure machine: it gives what to
 * send, takes the replies in order, and ends with one outcome for each recipient. It knows no socket and no clock.
 */
import type { Capabilities } from "./capabilities.ts";
import { dotStuffed } from "./dots.ts";
import { type Reply, reply } from "./reply.ts";
import { encodeXtext } from "./xtext.ts";

export type EnvelopeRecipient = {
  readonly address: string;
  /** "rfc822;" or another type, and the address, decoded. */
  readonly orcpt: string | undefined;
  readonly notify:
    | { readonly never: boolean; readonly success: boolean; readonly failure: boolean; readonly delay: boolean }
    | undefined;
};

export type Envelope = {
  /** "" is the null reverse-path. */
  readonly from: string;
  readonly recipients: readonly EnvelopeRecipient[];
  /** Decoded. */
  readonly envid: string | undefined;
  readonly ret: "full" | "hdrs" | undefined;
  readonly smtputf8: boolean;
  readonly body: "7bit" | "8bitmime" | "binarymime";
  readonly requireTls: boolean;
};

/** How far a transaction had come: which command a reply answers. "message" is the final dot, or BDAT LAST. */
export type Phase = "mail" | "rcpt" | "data" | "message" | "reset";

export type RecipientOutcome = {
  readonly phase: Phase;
  readonly reply: Reply;
};

/** What is to be written, in order; strings in UTF-8. */
export type Output = readonly (string | Buffer)[];

/** With PIPELINING, BDAT goes out with MAIL and RCPT when the message is no longer than this: at worst it was sent in vain. */
const maxBlindChunkBytes = 64 * 1024;

type Awaited = "mail" | "rcpt" | "data" | "message" | "nothing" | "reset";

/** What a message has that this server does not take: then it goes in seven bits (RFC 6152 §3, RFC 3030 §3), or not at all. */
export function beyond(
  { body }: Pick<Envelope, "body">,
  message: Buffer,
  { eightBitMime, binaryMime, chunking }: Capabilities,
): "8BITMIME" | "BINARYMIME" | undefined {
  if (body === "7bit" || (body === "8bitmime" && eightBitMime)) return undefined;
  if (body === "binarymime" && !(binaryMime && chunking) && !isLines(message)) return "BINARYMIME";
  return eightBitMime || !hasHighBytes(message) ? undefined : "8BITMIME";
}

/**
 * Begins a transaction with a server that has said what it can do; or says, as the reply we would have given ourselves,
 * why this message cannot go there.
 */
export function beginTransaction(
  envelope: Envelope,
  message: Buffer,
  capabilities: Capabilities,
  protocol: "smtp" | "lmtp",
): Transaction | Reply {
  const addresses = [envelope.from, ...envelope.recipients.map((recipient) => recipient.address)];
  // RFC 5321 §4.1.2: no control character is part of an address; a line end here would be another command.
  if (addresses.some((address) => /[\x00-\x1f\x7f]/.test(address))) return reply(553, "5.1.3", "Bad address syntax");
  // RFC 8689 §4.2.1: a notice (null reverse-path) goes on without.
  if (envelope.requireTls && !capabilities.requireTls && envelope.from !== "")
    return reply(550, "5.7.30", "The next server does not support REQUIRETLS");
  const parameters: string[] = [];
  if (envelope.smtputf8 && needsUtf8(addresses, message)) {
    if (!capabilities.smtputf8) return reply(550, "5.6.7", "The next server does not support SMTPUTF8"); // RFC 6531 §3.2
    parameters.push("SMTPUTF8");
  }
  const lacks = beyond(envelope, message, capabilities);
  if (lacks !== undefined) return reply(554, "5.6.3", `The next server does not support ${lacks}`);
  const binary = envelope.body === "binarymime" && !isLines(message);
  if (binary) parameters.push("BODY=BINARYMIME");
  else if (envelope.body !== "7bit" && capabilities.eightBitMime) parameters.push("BODY=8BITMIME");
  if (capabilities.maxSizeBytes !== undefined && message.length > capabilities.maxSizeBytes)
    return reply(552, "5.3.4", `The next server takes at most ${capabilities.maxSizeBytes} bytes`); // RFC 1870 §6.1
  if (capabilities.size) parameters.push(`SIZE=${message.length}`);
  if (envelope.requireTls && capabilities.requireTls) parameters.push("REQUIRETLS");
  if (capabilities.dsn) {
    if (envelope.ret !== undefined) parameters.push(envelope.ret === "full" ? "RET=FULL" : "RET=HDRS");
    if (envelope.envid !== undefined && isPrintable(envelope.envid))
      parameters.push(`ENVID=${encodeXtext(envelope.envid)}`);
  }
  const mail = `MAIL FROM:<${envelope.from}>${parameters.length === 0 ? "" : ` ${parameters.join(" ")}`}\r\n`;
  const rcpts = envelope.recipients.map((recipient) => rcptCommand(recipient, capabilities.dsn));
  // BDAT saves the wait for 354 and the doubled dots. LMTP answers it once per recipient taken, so there it waits for them.
  const chunking = capabilities.chunking && (binary || protocol === "smtp");
  return new Transaction(mail, rcpts, message, capabilities.pipelining, chunking, protocol === "lmtp");
}

export class Transaction {
  readonly #rcpts: readonly string[];
  readonly #message: Buffer;
  readonly #pipelining: boolean;
  readonly #chunking: boolean;
  readonly #lmtp: boolean;
  readonly #mail: string;
  readonly #outcomes: (RecipientOutcome | undefined)[];
  /** Replies that are owed to us, in order. */
  readonly #awaited: Awaited[] = [];
  #answeredRcpts = 0;
  /** Recipients the server has taken so far, in order. */
  readonly #taken: number[] = [];
  #answeredMessages = 0;
  #mailTaken = false;
  #finished = false;
  #usable = true;
  #bodySent = false;

  constructor(
    mail: string,
    rcpts: readonly string[],
    message: Buffer,
    pipelining: boolean,
    chunking: boolean,
    lmtp: boolean,
  ) {
    this.#mail = mail;
    this.#rcpts = rcpts;
    this.#message = message;
    this.#pipelining = pipelining;
    this.#chunking = chunking;
    this.#lmtp = lmtp;
    this.#outcomes = new Array<RecipientOutcome | undefined>(rcpts.length).fill(undefined);
  }

  /** The first thing to send. */
  start(): Output {
    this.#awaited.push("mail");
    if (!this.#pipelining) return [this.#mail];
    let commands = this.#mail;
    for (const rcpt of this.#rcpts) {
      commands += rcpt;
      this.#awaited.push("rcpt");
    }
    if (!this.#chunking) {
      this.#awaited.push("data");
      return [`${commands}DATA\r\n`];
    }
    if (this.#lmtp || this.#message.length > maxBlindChunkBytes) return [commands];
    this.#awaited.push("message");
    this.#bodySent = true;
    return [`${commands}BDAT ${this.#message.length} LAST\r\n`, this.#message];
  }

  /** Takes the next reply; answers what to send now, if anything. */
  take(reply: Reply): Output | undefined {
    const awaited = this.#awaited.shift();
    if (awaited === undefined || this.#finished) return this.#break(reply);
    // RFC 5321 §3.8: 421 may answer any command; the server is closing the channel.
    if (reply.code === 421) return this.#close(awaited, reply);
    switch (awaited) {
      case "mail":
        return this.#takeMail(reply);
      case "rcpt":
        return this.#takeRcpt(reply);
      case "data":
        return this.#takeData(reply);
      case "message":
        return this.#takeMessage(reply);
      case "nothing":
        return this.#end();
      case "reset":
        this.#finished = true;
        this.#usable = reply.code < 300;
        return undefined;
      default:
        return awaited satisfies never;
    }
  }

  /** All replies are in. */
  get done(): boolean {
    return this.#finished;
  }

  /** After `done`: whether another transaction may follow on this connection. */
  get usable(): boolean {
    return this.#usable;
  }

  /** What the next reply answers. */
  get phase(): Phase {
    const awaited = this.#awaited[0];
    return awaited === undefined || awaited === "nothing" ? "message" : awaited;
  }

  /**
   * RFC 2920 §3.1: once the final dot has been sent, the next transaction's commands may follow at once: whatever the
   * reply to the dot, it ends this transaction.
   */
  get mayBeFollowed(): boolean {
    return this.#pipelining && !this.#chunking && this.#bodySent && this.#taken.length > 0 && !this.#finished;
  }

  /** True when the whole message has been sent: if the connection breaks now, nobody knows what became of it. */
  get bodySent(): boolean {
    return this.#bodySent;
  }

  /** One entry for each recipient of the envelope; undefined where no reply decided (the connection broke before). */
  get outcomes(): readonly (RecipientOutcome | undefined)[] {
    return this.#outcomes;
  }

  #takeMail(reply: Reply): Output | undefined {
    if (reply.code >= 300 && reply.code < 400) return this.#break(reply);
    this.#mailTaken = reply.code < 300;
    if (!this.#mailTaken) {
      this.#decide("mail", reply);
      return this.#awaited.length === 0 ? this.#end() : undefined;
    }
    return this.#pipelining ? undefined : this.#sendRcpt(0);
  }

  #sendRcpt(index: number): Output {
    this.#awaited.push("rcpt");
    return [this.#rcpts[index]!];
  }

  #takeRcpt(reply: Reply): Output | undefined {
    const index = this.#answeredRcpts++;
    if (reply.code >= 300 && reply.code < 400) return this.#break(reply);
    if (this.#mailTaken) {
      if (reply.code < 300) this.#taken.push(index);
      else this.#outcomes[index] = { phase: "rcpt", reply };
    }
    if (!this.#pipelining && this.#answeredRcpts < this.#rcpts.length) return this.#sendRcpt(this.#answeredRcpts);
    if (this.#awaited.length > 0) return undefined;
    // Every RCPT is answered and the message is still to be announced.
    if (this.#taken.length === 0) return this.#end();
    if (!this.#chunking) {
      this.#awaited.push("data");
      return ["DATA\r\n"];
    }
    this.#bodySent = true;
    this.#awaitMessage();
    return [`BDAT ${this.#message.length} LAST\r\n`, this.#message];
  }

  #awaitMessage(): void {
    // RFC 2033 §4.2: LMTP answers once for each recipient it took.
    for (let count = this.#lmtp ? this.#taken.length : 1; count > 0; count--) this.#awaited.push("message");
  }

  #takeData(reply: Reply): Output | undefined {
    if (reply.code === 354) {
      if (this.#taken.length === 0) {
        // RFC 2920 §3.1: nobody was taken, yet it wants the message: an empty one.
        this.#awaited.push("nothing");
        return [".\r\n"];
      }
      this.#bodySent = true;
      this.#awaitMessage();
      return dotStuffed(this.#message);
    }
    if (reply.code < 400) return this.#break(reply);
    this.#decide("data", reply);
    return this.#end();
  }

  #takeMessage(reply: Reply): Output | undefined {
    if (reply.code >= 300 && reply.code < 400) return this.#break(reply);
    const outcome: RecipientOutcome = { phase: "message", reply };
    if (this.#lmtp) this.#outcomes[this.#taken[this.#answeredMessages++]!] = outcome;
    else for (const index of this.#taken) this.#outcomes[index] = outcome;
    if (this.#awaited.length > 0) return undefined;
    // A blind BDAT that nobody was to get: the transaction is still open (RFC 3030 §2).
    if (this.#taken.length === 0) return this.#end();
    this.#mailTaken = false;
    return this.#end();
  }

  /** The last reply for this message is in; an open transaction is reset so that the connection can serve again. */
  #end(): Output | undefined {
    if (this.#mailTaken) {
      this.#mailTaken = false;
      this.#awaited.push("reset");
      return ["RSET\r\n"];
    }
    this.#finished = true;
    return undefined;
  }

  #decide(phase: Phase, reply: Reply): void {
    const outcome: RecipientOutcome = { phase, reply };
    for (let index = 0; index < this.#outcomes.length; index++) this.#outcomes[index] ??= outcome;
  }

  #close(awaited: Awaited, reply: Reply): undefined {
    this.#decide(awaited === "nothing" ? "message" : awaited, reply);
    this.#finished = true;
    this.#usable = false;
    return undefined;
  }

  /** A reply that no server should give here: nothing that follows can be believed. */
  #break(_: Reply): undefined {
    this.#finished = true;
    this.#usable = false;
    return undefined;
  }
}

function rcptCommand(recipient: EnvelopeRecipient, dsn: boolean): string {
  let command = `RCPT TO:<${recipient.address}>`;
  if (dsn) {
    const { notify } = recipient;
    if (notify !== undefined) {
      const wanted = [notify.success && "SUCCESS", notify.failure && "FAILURE", notify.delay && "DELAY"].filter(
        Boolean,
      );
      command += ` NOTIFY=${notify.never || wanted.length === 0 ? "NEVER" : wanted.join(",")}`;
    }
    const orcpt = recipient.orcpt === undefined ? undefined : orcptValue(recipient.orcpt);
    if (orcpt !== undefined) command += ` ORCPT=${orcpt}`;
  }
  return `${command}\r\n`;
}

/** RFC 3461 §4.2: addresses are kept decoded; those of type "utf-8" (RFC 6533 §3) as they came. */
function orcptValue(orcpt: string): string | undefined {
  if (!isPrintable(orcpt)) return undefined;
  const address = orcpt.indexOf(";") + 1;
  return orcpt.startsWith("utf-8;") ? orcpt : orcpt.slice(0, address) + encodeXtext(orcpt.slice(address));
}

function isPrintable(text: string): boolean {
  return /^[ -~]+$/.test(text);
}

/** RFC 6531 §3.3: a message that came with SMTPUTF8 but needs none may go to a server without it. */
function needsUtf8(addresses: readonly string[], message: Buffer): boolean {
  if (addresses.some((address) => /[^\x00-\x7f]/.test(address))) return true;
  const end = message.indexOf("\r\n\r\n");
  return hasHighBytes(end < 0 ? message : message.subarray(0, end));
}

function hasHighBytes(bytes: Buffer): boolean {
  return /[\x80-\xff]/.test(bytes.toString("latin1"));
}

/** RFC 5321 §4.5.3.1.6 */
const maxTextLineBytes = 998;

/** CRLF lines of at most 998 octets without NUL: what came as BINARYMIME is then plain 8BITMIME. */
function isLines(bytes: Buffer): boolean {
  if (bytes.includes(0)) return false;
  let start = 0;
  for (let end = bytes.indexOf(13); end >= 0; end = bytes.indexOf(13, start)) {
    if (bytes[end + 1] !== 10 || end - start > maxTextLineBytes) return false;
    if (bytes.subarray(start, end).includes(10)) return false;
    start = end + 2;
  }
  return bytes.length - start <= maxTextLineBytes && bytes.indexOf(10, start) < 0;
}
