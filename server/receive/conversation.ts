/** One SMTP or LMTP session from its greeting to its end. The rules are in `protocol/smtp`; this carries them out. */

import { setTimeout as wait } from "node:timers/promises";
import type { LineFault } from "../../protocol/lines.ts";
import { formatMailbox, type Mailbox } from "../../protocol/smtp/address.ts";
import { type AuthCommand, type BdatCommand, type Command, parseCommand } from "../../protocol/smtp/command.ts";
import { formatReply, type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import { advance, ended, newSession, type Offer, outOfTurn, type Session } from "../../protocol/smtp/session.ts";
import type { Visitor } from "../door/door.ts";
import type { Connection } from "../net/connection.ts";
import { closing } from "./closing.ts";
import { Input, type InputEnd } from "./input.ts";
import { authenticate } from "./login.ts";
import { answer, answerRcpt, type Peer, type RcptAnswer, recipientOf } from "./policy.ts";
import type { SmtpPorts } from "./ports.ts";
import type { Received, ReceivedRecipient } from "./received.ts";
import type { RefusedMail } from "./refused.ts";
import { storeTrouble } from "./store-trouble.ts";
import { received } from "./transaction.ts";
import { Chunks, discard, Room, readData, type TransferBounds, type Transferred } from "./transfer.ts";

const goAhead = formatReply(reply(354, undefined, "Send the message, end it with a line that holds a dot alone"));
const startTlsReady = reply(220, "2.0.0", "Ready to start TLS");
const tlsUnavailable = reply(454, "4.7.0", "TLS is not available at the moment");
const lineTooLong = reply(500, "5.5.2", "Command line too long");

const lastWords = { timeout: closing.idleTooLong, late: closing.sessionTooLong, flood: closing.flooded };

/** Serves the connection to its end and leaves closing it to the caller. */
export async function serveSmtp(connection: Connection, ports: SmtpPorts, stopping: AbortSignal): Promise<void> {
  ports.counters.sessions++;
  ports.counters.openSessions++;
  const conversation = new Conversation(connection, ports);
  const stop = (): void => conversation.stop();
  stopping.addEventListener("abort", stop);
  try {
    if (stopping.aborted) conversation.stop();
    await conversation.run();
  } finally {
    stopping.removeEventListener("abort", stop);
    conversation.release();
    ports.counters.openSessions--;
  }
}

class Conversation {
  readonly #connection: Connection;
  readonly #ports: SmtpPorts;
  readonly #input: Input;
  readonly #room: Room;
  readonly #deadline: number;
  #session: Session;
  #peer: Peer;
  #remoteName: string | undefined;
  /** The same, once it is looked up. */
  readonly #name: Promise<string | undefined> | undefined;
  /** Undefined for friends, and where no door is kept. */
  readonly #visitor: Visitor | undefined;
  #recipients: ReceivedRecipient[] = [];
  /** What the recipients' domains take; the server's own bound at most. */
  #maxBytes: number;
  #chunks: Chunks | undefined;
  #over = false;
  #stopping = false;
  /** Waiting for a command, so that a stop may take leave at once. */
  #idle = false;
  #errors = 0;
  #refusedRecipients = 0;
  #authFailures = 0;
  #commands = 0;
  #messages = 0;

  constructor(connection: Connection, ports: SmtpPorts) {
    const { settings, mode } = ports;
    this.#connection = connection;
    this.#ports = ports;
    this.#deadline = performance.now() + settings.maxSessionMs;
    this.#input = new Input(connection, this.#deadline);
    this.#room = new Room(ports.inFlight);
    this.#peer = {
      account: undefined,
      appPassword: undefined,
      trusted: mode !== "submission" && ports.trusted.has(connection.remote.address),
      address: connection.remote.address,
    };
    const { door } = ports;
    const { address } = connection.remote;
    this.#visitor =
      mode !== "mx" || this.#peer.trusted || door === undefined || door.exempts(address)
        ? undefined
        : door.visit(address);
    this.#maxBytes = settings.maxMessageBytes;
    const offer: Offer = {
      mode,
      maxMessageBytes: settings.maxMessageBytes,
      startTls: ports.tls !== undefined,
      tlsRequired: mode === "submission" && settings.tlsRequired,
      authRequired: mode === "submission",
      maxRecipients: settings.maxRecipients,
      maxMessages: settings.maxMessagesPerSession,
      maxHoldSeconds: mode === "submission" ? settings.maxHoldSeconds : 0,
    };
    this.#session = newSession(offer, connection.tls !== undefined, this.#mechanisms());
    connection.setTimeout(settings.idleTimeoutMs);
    this.#name = ports.remoteName?.(address).then(
      (name) => (this.#remoteName = name),
      () => undefined, // A name that cannot be looked up is a name we do not know.
    );
  }

  async run(): Promise<void> {
    const { mode, ourHost } = this.#ports;
    const turnedAway = await this.#visitor?.greet(() => this.#input.pending);
    if (turnedAway !== undefined) {
      this.#leave(turnedAway);
      return this.#log();
    }
    this.#write(reply(220, undefined, `${ourHost} ${mode === "lmtp" ? "LMTP" : "ESMTP"} Angarium`));
    while (!this.#over) {
      const line = this.#input.line();
      if (line === undefined) await this.#fill();
      else {
        const pending = this.#take(line);
        if (pending !== undefined) await pending;
        // Replies that nobody reads must not pile up.
        const wait = this.#connection.drained();
        if (wait !== undefined) await wait;
        if (this.#stopping && !this.#over) this.#leave(closing.shuttingDown);
      }
    }
    this.#log();
  }

  /** The server stops: a session that waits for a command ends now, one in the middle of something after it. */
  stop(): void {
    this.#stopping = true;
    if (!this.#idle || this.#over) return;
    this.#leave(closing.shuttingDown);
    this.#connection.end().catch(() => this.#connection.destroy());
  }

  release(): void {
    this.#room.release();
    this.#visitor?.[Symbol.dispose]();
  }

  async #fill(): Promise<void> {
    this.#idle = true;
    const end = await this.#input.fill();
    this.#idle = false;
    if (end !== undefined) this.#end(end);
  }

  #end(end: InputEnd): void {
    if (end === "closed") this.#over = true;
    else if (!this.#over) this.#leave(lastWords[end]);
  }

  #leave(last: Reply): void {
    this.#write(last);
    this.#over = true;
  }

  #write(answered: Reply): void {
    this.#connection.write(formatReply(answered));
  }

  /** One line from the peer. A promise only where something must be waited for. */
  #take(line: Buffer | LineFault): Promise<void> | undefined {
    if (typeof line === "string") {
      if (line === "too-long") this.#refuse(lineTooLong);
      else this.#leave(closing.bareLineEnd);
      return undefined;
    }
    if (++this.#commands > this.#ports.settings.maxCommandsPerMessage + this.#ports.settings.maxRecipients) {
      this.#leave(closing.tooManyCommands);
      return undefined;
    }
    const command = parseCommand(line);
    if ("code" in command) {
      this.#refuse(command);
      return undefined;
    }
    const refusal = outOfTurn(this.#session, command);
    if (refusal !== undefined) {
      if (command.verb === "bdat") return this.#discard(command.sizeBytes, refusal);
      if (command.verb === "mail") this.#noteRefused("MAIL", refusal, [], command.from);
      this.#answer(command, refusal);
      return undefined;
    }
    switch (command.verb) {
      case "rcpt": {
        const recipient = recipientOf(command, this.#ports, this.#connection.local.address);
        const { sizeBytes } = this.#session.transaction!.mail;
        const found = this.#noting(
          "RCPT",
          answerRcpt(recipient, this.#recipients.length, sizeBytes, this.#peer, this.#ports),
          ({ reply }) => reply,
          [recipient],
        );
        const settle = (answered: { readonly reply: Reply; readonly maxBytes: number }): void => {
          if (answered.reply.code < 400) {
            const { notify, orcpt } = command;
            this.#recipients.push({ ...recipient, notify, orcpt });
            if (answered.maxBytes < this.#maxBytes) this.#maxBytes = answered.maxBytes;
          }
          this.#answer(command, answered.reply);
        };
        const visitor = this.#peer.account === undefined ? this.#visitor : undefined;
        if (visitor === undefined) {
          if (found instanceof Promise) return this.#patiently(found.then(settle), command);
          settle(found);
          return undefined;
        }
        return this.#patiently(this.#atTheDoor(visitor, recipient, found).then(settle), command);
      }
      case "data":
        return this.#data(command);
      case "bdat":
        return this.#bdat(command);
      case "starttls":
        return this.#startTls(command);
      case "auth":
        return this.#auth(command);
      default: {
        const tooFast =
          command.verb === "mail" && this.#peer.account === undefined ? this.#visitor?.message() : undefined;
        if (tooFast !== undefined) {
          this.#answer(command, tooFast);
          return undefined;
        }
        let found = answer(this.#session, command, this.#peer, this.#ports);
        if (command.verb === "mail") found = this.#noting("MAIL", found, (reply) => reply, [], command.from);
        if (found instanceof Promise)
          return this.#patiently(
            found.then((answered) => this.#answer(command, answered)),
            command,
          );
        this.#answer(command, found);
        return undefined;
      }
    }
  }

  /** Passes on what was answered; a refusal is told to who keeps the journeys. */
  #noting<A>(
    stage: RefusedMail["stage"],
    answered: A | Promise<A>,
    replyOf: (answered: A) => Reply,
    recipients: readonly Mailbox[],
    from?: Mailbox,
  ): A | Promise<A> {
    const note = (one: A): A => {
      const said = replyOf(one);
      if (said.code >= 400) this.#noteRefused(stage, said, recipients, from);
      return one;
    };
    return answered instanceof Promise ? answered.then(note) : note(answered);
  }

  #noteRefused(
    stage: RefusedMail["stage"],
    said: Reply,
    recipients: readonly Mailbox[],
    from: Mailbox | undefined = this.#session.transaction?.mail.from,
  ): void {
    this.#ports.refused?.({
      stage,
      remote: this.#connection.remote.address,
      remoteName: this.#remoteName,
      helo: this.#session.helo,
      envelopeFrom: from === undefined ? "" : formatMailbox(from),
      recipients: recipients.map(formatMailbox),
      account: this.#peer.account?.name,
      reply: said,
    });
  }

  /** What is said of a stranger's recipient once the door has been asked; refusals may take their time. */
  async #atTheDoor(
    visitor: Visitor,
    { local, domain }: Mailbox,
    found: RcptAnswer | Promise<RcptAnswer>,
  ): Promise<RcptAnswer> {
    const answered = await found;
    const recipient = formatMailbox({ local, domain });
    if (answered.reply.code >= 500) {
      const waitMs = visitor.refused(recipient);
      if (waitMs > 0) await wait(waitMs, undefined, { ref: false });
      return answered;
    }
    if (answered.reply.code >= 400) return answered;
    const from = this.#session.transaction?.mail.from;
    const refusal = await visitor.recipient({
      helo: this.#session.helo,
      remoteName: await this.#name,
      from: from === undefined ? "" : formatMailbox(from),
      recipient,
    });
    return refusal === undefined ? answered : { ...answered, reply: refusal };
  }

  /** What had to be asked elsewhere may fail there: that is not the peer's fault and not the session's end. */
  async #patiently(asked: Promise<void>, command: Command): Promise<void> {
    try {
      await asked;
    } catch (error) {
      this.#ports.log.error({ remote: this.#connection.remote.address, command: command.verb, error }, "cannot answer");
      this.#answer(command, storeTrouble(error));
    }
  }

  /** Sends the reply and lets the session follow from it. */
  #answer(command: Command, answered: Reply): void {
    if (answered.code >= 400) {
      if (command.verb === "rcpt") this.#refuseRecipient(answered);
      else this.#refuse(answered);
      if (command.verb === "foreign") this.#over = true;
      return;
    }
    const before = this.#session;
    this.#session = advance(before, command, answered);
    if (this.#session.transaction === undefined && before.transaction !== undefined) this.#clear();
    this.#write(answered);
    if (command.verb === "quit") this.#over = true;
  }

  #refuse(refusal: Reply): void {
    this.#ports.counters.refusedCommands++;
    // What is temporary is not the peer's mistake.
    if (refusal.code >= 500 && ++this.#errors > this.#ports.settings.maxErrors) this.#leave(closing.tooManyErrors);
    else this.#write(refusal);
  }

  #refuseRecipient(refusal: Reply): void {
    this.#ports.counters.refusedRecipients++;
    if (refusal.code >= 500 && ++this.#refusedRecipients > this.#ports.settings.maxRefusedRecipients)
      this.#leave(closing.tooManyErrors);
    else this.#write(refusal);
    // Looking for names ends in a ban, and that in the end of the session.
    const barred = this.#over ? undefined : this.#visitor?.barred();
    if (barred !== undefined) this.#leave(barred);
  }

  /** Forgets the transaction's people and bytes. */
  #clear(): void {
    this.#recipients = [];
    this.#chunks = undefined;
    this.#maxBytes = this.#ports.settings.maxMessageBytes;
    this.#room.release();
    this.#input.deadline = this.#deadline;
  }

  #bounds(): TransferBounds {
    const { settings } = this.#ports;
    const friend = this.#peer.trusted || this.#peer.account !== undefined;
    return {
      maxBytes: this.#maxBytes,
      maxDiscardedBytes: settings.maxDiscardedBytes,
      bareLineEnds: friend && settings.normaliseLineEnds ? "normalise" : "refuse",
    };
  }

  #startTransfer(): void {
    this.#input.deadline = Math.min(this.#deadline, performance.now() + this.#ports.settings.maxTransferMs);
  }

  async #data(command: Command & { verb: "data" }): Promise<void> {
    this.#connection.write(goAhead);
    this.#startTransfer();
    await this.#finish(command, await readData(this.#input, this.#room, this.#bounds()));
  }

  async #bdat(command: BdatCommand): Promise<void> {
    if (this.#chunks === undefined) {
      this.#startTransfer();
      this.#chunks = new Chunks(this.#room, this.#bounds());
    }
    const trouble = await this.#chunks.read(this.#input, command.sizeBytes);
    if (trouble !== undefined) return this.#finish(command, trouble);
    if (!command.last) return this.#answer(command, reply(250, "2.0.0", `${command.sizeBytes} octets received`));
    const binary = this.#session.transaction!.mail.body === "binarymime";
    await this.#finish(command, this.#chunks.take(binary));
  }

  async #discard(sizeBytes: number, refusal: Reply): Promise<void> {
    const found = await discard(this.#input, sizeBytes, this.#ports.settings.maxDiscardedBytes, refusal);
    if (typeof found === "string") this.#end(found);
    else this.#refuse(found);
  }

  /** The data has come, or has failed: its reply or replies, and the end of the transaction. */
  async #finish(command: BdatCommand | (Command & { verb: "data" }), transferred: Transferred): Promise<void> {
    if (typeof transferred === "string") return this.#end(transferred);
    if ("code" in transferred) this.#noteRefused("DATA", transferred, this.#recipients);
    const { counters } = this.#ports;
    const replies = "code" in transferred ? [transferred] : await this.#handOn(transferred);
    // RFC 2033 §4.2: one reply for each recipient that was taken; a refused chunk is refused once.
    const perRecipient = this.#ports.mode === "lmtp" && (command.verb === "data" || command.last);
    const count = perRecipient ? this.#recipients.length : 1;
    let accepted = false;
    for (let index = 0; index < count; index++) {
      const one = replies[index] ?? replies[0]!;
      if (one.code < 400) accepted = true;
      this.#write(one);
    }
    if (accepted) {
      this.#messages++;
      this.#commands = 0;
    } else {
      counters.refusedMessages++;
      const isMistake = replies.some(({ code }) => code >= 500);
      if (isMistake && ++this.#errors > this.#ports.settings.maxErrors) this.#leave(closing.tooManyErrors);
    }
    this.#session = ended(this.#session);
    this.#clear();
  }

  /** After this the message is the store's; store trouble is a reply and the session lives on. */
  async #handOn(bytes: Buffer): Promise<readonly Reply[]> {
    const { take, counters, log } = this.#ports;
    const mail = this.#received(bytes);
    try {
      const replies = await take(mail);
      counters.messages++;
      counters.bytes += bytes.length;
      return replies;
    } catch (error) {
      const refusal = storeTrouble(error);
      log.error({ id: mail.id, remote: mail.remote.address, reply: replyText(refusal), error }, "message not taken");
      return [refusal];
    }
  }

  #received(bytes: Buffer): Received {
    const { ourHost, now, newId } = this.#ports;
    return received({
      at: now(),
      id: newId(),
      remote: this.#connection.remote,
      remoteName: this.#remoteName,
      ourHost,
      tls: this.#connection.tls,
      peer: this.#peer,
      session: this.#session,
      recipients: this.#recipients,
      bytes,
    });
  }

  #mechanisms(): readonly string[] {
    const { login, mode, settings } = this.#ports;
    if (login === undefined || (mode !== "submission" && !(mode === "mx" && settings.authOnMx))) return [];
    return login.mechanisms({ protocol: "smtp", connection: this.#connection });
  }

  async #startTls(command: Command & { verb: "starttls" }): Promise<void> {
    const { tls, settings } = this.#ports;
    // CVE-2011-0411: what came in the clear after STARTTLS must not be taken for what came under TLS.
    if (this.#input.pending) return this.#leave(closing.injected);
    let options: ReturnType<NonNullable<typeof tls>>;
    try {
      options = tls!();
    } catch (error) {
      this.#ports.log.error({ error }, "no TLS context");
      return this.#refuse(tlsUnavailable);
    }
    this.#write(startTlsReady);
    this.#input.reset();
    if (!(await this.#connection.startTls(options, settings.handshakeTimeoutMs))) {
      this.#over = true;
      return;
    }
    this.#clear();
    this.#peer = { ...this.#peer, account: undefined, appPassword: undefined };
    this.#session = { ...advance(this.#session, command, startTlsReady), mechanisms: this.#mechanisms() };
  }

  async #auth(command: AuthCommand): Promise<void> {
    const { login, counters, settings, log } = this.#ports;
    const remote = this.#connection.remote.address;
    const result = await authenticate(this.#connection, this.#input, login!, command).catch((error: unknown) => {
      log.error({ remote, error }, "cannot authenticate");
      return { reply: storeTrouble(error), outcome: undefined };
    });
    if (result === "closed") {
      this.#over = true;
      return;
    }
    if (result.outcome?.kind === "ok") {
      const { account, appPassword } = result.outcome;
      this.#peer = { ...this.#peer, account, appPassword };
      counters.authenticated++;
    } else {
      counters.authFailures++;
      log.info({ remote, mechanism: command.mechanism, reason: result.outcome?.reason }, "authentication failed");
      if (++this.#authFailures >= settings.maxAuthFailures) {
        this.#write(result.reply);
        return this.#leave(closing.tooManyFailures);
      }
    }
    this.#answer(command, result.reply);
  }

  #log(): void {
    const { log, mode } = this.#ports;
    const fields = {
      mode,
      remote: this.#connection.remote.address,
      helo: this.#session.helo,
      messages: this.#messages,
      errors: this.#errors,
      refusedRecipients: this.#refusedRecipients,
      authFailures: this.#authFailures,
    };
    if (this.#errors + this.#refusedRecipients + this.#authFailures > 0) log.info(fields, "session ended");
    else log.debug(fields, "session ended");
  }
}
