/** One POP3 conversation, from greeting to farewell. RFC 1939, 2449, 2595, 3206, 5034, 6856. */
import type { TLSSocketOptions } from "node:tls";
import { ByteCollector } from "../../protocol/bytes.ts";
import { type LineFault, LineReader } from "../../protocol/lines.ts";
import { downgraded } from "../../protocol/mime/downgrade.ts";
import { type Command, decodeResponse, type MaildropCommand, parseCommand } from "../../protocol/pop3/command.ts";
import type { Maildrop } from "../../protocol/pop3/maildrop.ts";
import { endOfLines, err, formatReply, ok, type Reply } from "../../protocol/pop3/reply.ts";
import { advance, capabilities, newSession, outOfTurn, type Session } from "../../protocol/pop3/session.ts";
import { topOf } from "../../protocol/pop3/top.ts";
import { dotStuffed } from "../../protocol/smtp/dots.ts";
import type { Login, LoginContext, LoginOutcome } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../net/connection.ts";
import type { MaildropLocks } from "./locks.ts";
import { finish, type MaildropStore, type OpenMaildrop, openMaildrop } from "./open.ts";
import type { Pop3Settings } from "./settings.ts";

export type Pop3Parts = {
  readonly store: MaildropStore;
  readonly login: Login;
  readonly locks: MaildropLocks;
  /** For STLS, asked anew each time; undefined: not offered. */
  readonly tlsOptions: (() => TLSSocketOptions) | undefined;
  /** Take leave: idle sessions at once, others after their command. */
  readonly stopping: AbortSignal;
  readonly settings: Pop3Settings;
  readonly now: () => number;
  readonly log: Log;
};

/** Greets, serves, and closes the connection. Never rejects. */
export async function servePop3(connection: Connection, parts: Pop3Parts): Promise<void> {
  const conversation = new Conversation(connection, parts);
  try {
    await conversation.run();
  } catch (error) {
    parts.log.error({ error, remote: connection.remote.address }, "pop3 session broke");
    conversation.breakOff();
  } finally {
    conversation.release();
    await connection.end();
  }
}

/** Answers gathered up to this much leave together. */
const gatherBytes = 64 * 1024;
/** Lines of LIST and UIDL that are made at a time. */
const listingLines = 2000;

const unavailable = err("Temporarily unavailable, try again later", "SYS/TEMP");
const stopped = err("Server is shutting down", "SYS/TEMP");
const noMessage = err("No such message");
const tooLong = err("Line is too long");
const bareLineEnd = err("Lines end with CR LF");
const injected = err("Nothing may follow STLS");
const tooMany = err("Too many errors");

class Conversation {
  readonly #connection: Connection;
  readonly #parts: Pop3Parts;
  readonly #reader: LineReader;
  readonly #out = new ByteCollector();
  #session: Session;
  #open: OpenMaildrop | undefined;
  #errors = 0;
  #logins = 0;
  #retrieved = 0;
  #idle = false;
  readonly #leave = (): void => {
    if (!this.#idle) return;
    this.#connection.write(formatReply(stopped));
    void this.#connection.end();
  };

  constructor(connection: Connection, parts: Pop3Parts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#reader = new LineReader(parts.settings.maxLineBytes);
    this.#session = this.#fresh();
  }

  get #over(): boolean {
    return this.#session.state === "over";
  }

  get #where(): LoginContext {
    return { protocol: "pop3", connection: this.#connection };
  }

  /** RFC 2595 §4: after TLS began nothing of before is believed. */
  #fresh(): Session {
    const tls = this.#connection.tls !== undefined;
    const mechanisms = this.#parts.login.mechanisms(this.#where);
    return newSession({
      tls,
      startTls: !tls && this.#parts.tlsOptions !== undefined,
      // USER and PASS may be used where the password may be said plainly.
      passwords: mechanisms.includes("PLAIN"),
      mechanisms,
    });
  }

  async run(): Promise<void> {
    const { settings, stopping, log } = this.#parts;
    stopping.addEventListener("abort", this.#leave);
    const deadline = setTimeout(() => this.#connection.destroy(), settings.loginTimeoutMs);
    this.#connection.setTimeout(settings.idleTimeoutMs);
    this.#say(ok("Angarium POP3 ready"));
    try {
      while (!this.#over) {
        const line = await this.#line();
        // RFC 1939 §3: who is silent too long, or gone, has not said QUIT: nothing is removed.
        if (line === undefined) return;
        await this.#handle(line);
        if (this.#session.state === "transaction") clearTimeout(deadline);
        if (stopping.aborted && !this.#over) {
          this.#say(stopped);
          break;
        }
      }
      await this.#flush();
    } finally {
      clearTimeout(deadline);
      stopping.removeEventListener("abort", this.#leave);
      const account = this.#open?.account.name;
      if (account !== undefined) log.info({ account, retrieved: this.#retrieved }, "pop3 session ended");
    }
  }

  /** Our own breakage: the client may come again. */
  breakOff(): void {
    this.#out.clear();
    this.#connection.write(formatReply(unavailable));
  }

  release(): void {
    this.#open?.release();
    this.#open = undefined;
  }

  /** The next line; answers leave before we wait. Undefined: the peer is gone or was silent too long. */
  async #line(): Promise<Buffer | LineFault | undefined> {
    for (;;) {
      const line = this.#reader.next();
      if (line !== undefined) return line;
      if (this.#reader.skippedBytes > this.#parts.settings.maxLineBytes * 8) {
        this.#say(tooLong);
        await this.#flush();
        return undefined;
      }
      await this.#flush();
      this.#idle = true;
      if (this.#parts.stopping.aborted) this.#leave();
      const chunk = await this.#connection.read();
      this.#idle = false;
      if (typeof chunk === "string") return undefined;
      this.#reader.push(chunk);
    }
  }

  async #handle(line: Buffer | LineFault): Promise<void> {
    if (line === "bare-line-end") {
      // What follows cannot be believed.
      this.#say(bareLineEnd);
      this.#session = { ...this.#session, state: "over" };
      return;
    }
    const command = line === "too-long" ? tooLong : parseCommand(line);
    if ("ok" in command) return this.#fault(command);
    const refused = outOfTurn(this.#session, command);
    if (refused !== undefined) return this.#fault(refused);
    const reply = await this.#do(command);
    // Errors of somebody who is known count in a row.
    if (this.#session.state === "transaction") this.#errors = 0;
    if (reply !== undefined) this.#session = advance(this.#session, command, reply);
    if (this.#out.length >= gatherBytes) await this.#flush();
  }

  #fault(reply: Reply): void {
    this.#say(reply);
    if (++this.#errors < this.#parts.settings.maxErrors) return;
    this.#say(tooMany);
    this.#session = { ...this.#session, state: "over" };
  }

  /** Does it and says so. Undefined where the session has become another already. */
  async #do(command: Command): Promise<Reply | undefined> {
    switch (command.verb) {
      case "USER":
        return this.#say(ok("Send the password"));
      case "PASS":
        return this.#enter(await this.#parts.login.password(this.#session.user!, command.password, this.#where));
      case "AUTH":
        return command.mechanism === undefined
          ? this.#lines(ok("Mechanisms follow"), this.#session.mechanisms)
          : this.#enter(
              await this.#parts.login.sasl(
                command.mechanism,
                command.initial,
                (challenge) => this.#ask(challenge),
                this.#where,
              ),
            );
      case "STLS":
        return this.#startTls();
      case "UTF8":
        return this.#say(ok("UTF8 enabled"));
      case "CAPA": {
        const { loginDelaySeconds, expireDays } = this.#parts.settings;
        return this.#lines(
          ok("Capability list follows"),
          capabilities(this.#session, { loginDelaySeconds, expireDays, implementation: "Angarium" }),
        );
      }
      case "LANG":
        return this.#language(command.language);
      case "QUIT":
        return this.#say(await this.#quit());
      default:
        return this.#onMaildrop(command, this.#open!.drop);
    }
  }

  async #onMaildrop(command: MaildropCommand, drop: Maildrop): Promise<Reply> {
    switch (command.verb) {
      case "STAT":
        return this.#say(ok(`${drop.count} ${drop.octets}`));
      case "NOOP":
        return this.#say(ok(""));
      case "RSET":
        drop.reset();
        return this.#say(ok(`${drop.count} messages (${drop.octets} octets)`));
      case "LIST":
      case "UIDL":
        return this.#list(command.verb, command.message, drop);
      case "DELE":
        if (!drop.has(command.message)) return this.#say(noMessage);
        drop.delete(command.message);
        return this.#say(ok("Marked to be deleted"));
      case "RETR":
        return this.#message(command.message, undefined, drop);
      case "TOP":
        return this.#message(command.message, command.lines, drop);
      default:
        return command satisfies never;
    }
  }

  async #list(verb: "LIST" | "UIDL", message: number | undefined, drop: Maildrop): Promise<Reply> {
    if (message !== undefined) {
      if (!drop.has(message)) return this.#say(noMessage);
      return this.#say(ok(`${message} ${verb === "LIST" ? drop.sizeOf(message) : drop.uniqueId(message)}`));
    }
    const reply = this.#say(ok(`${drop.count} messages (${drop.octets} octets)`));
    for (let from = 1; from <= drop.last; from += listingLines) {
      this.#text(drop.lines(verb, from, from + listingLines - 1));
      if (this.#out.length >= gatherBytes) await this.#flush();
    }
    this.#text(endOfLines);
    return reply;
  }

  /** RETR, or TOP with so many lines of the body. */
  async #message(message: number, lines: number | undefined, drop: Maildrop): Promise<Reply> {
    if (!drop.has(message)) return this.#say(noMessage);
    const kept = await this.#open!.messages.message(message);
    if (kept === undefined) return this.#say(err("Message is gone", "SYS/PERM"));
    // RFC 6856 §2: who did not say UTF8 is given no header fields in UTF-8. LIST says the octets of what is kept.
    const bytes = this.#session.utf8 ? kept : downgraded(kept);
    const reply = this.#say(ok(lines === undefined ? `${bytes.length} octets` : "Top of message follows"));
    for (const piece of dotStuffed(lines === undefined ? bytes : topOf(bytes, lines))) this.#out.add(piece);
    if (lines === undefined) {
      drop.retrieve(message);
      this.#retrieved++;
    }
    return reply;
  }

  /** What a login came to: the maildrop is open, or the answer that says why not. */
  async #enter(outcome: LoginOutcome): Promise<Reply | undefined> {
    if (outcome.kind === "refused") {
      if (outcome.reason === "closed") {
        this.#session = { ...this.#session, state: "over" };
        return undefined;
      }
      const reply = this.#say(refusals[outcome.reason]);
      if (++this.#logins < this.#parts.settings.maxLogins) return reply;
      this.#session = { ...this.#session, state: "over" };
      return undefined;
    }
    const { locks, settings, store, now, log } = this.#parts;
    const release = await locks.take(outcome.account.id, now(), settings.loginDelaySeconds * 1000);
    // RFC 2449 §8.1.
    if (release === "in-use") return this.#say(err("Another session has the maildrop", "IN-USE"));
    if (release === "login-delay") return this.#say(err("Too soon after the last login", "LOGIN-DELAY"));
    try {
      this.#open = await openMaildrop(store, outcome.account, release, settings);
    } catch (error) {
      release();
      throw error;
    }
    log.debug({ account: outcome.account.name, messages: this.#open.drop.count }, "pop3 login");
    return this.#say(ok(`${this.#open.drop.count} messages (${this.#open.drop.octets} octets)`));
  }

  /** RFC 5034 §4: a challenge as "+ base64". */
  async #ask(challenge: Buffer): Promise<Buffer | "cancelled" | "malformed" | "closed"> {
    this.#text(`+ ${challenge.toString("base64")}\r\n`);
    const line = await this.#line();
    if (line === undefined) return "closed";
    if (typeof line === "string") return line === "too-long" ? "malformed" : "closed";
    const text = line.toString("latin1");
    return text === "*" ? "cancelled" : (decodeResponse(text) ?? "malformed");
  }

  async #startTls(): Promise<undefined> {
    // What came behind STLS in the clear may be another's: RFC 2595 §4, CVE-2011-0411.
    if (this.#reader.pending || this.#connection.unreadBytes > 0) {
      this.#say(injected);
      this.#session = { ...this.#session, state: "over" };
      return;
    }
    this.#say(ok("Begin TLS"));
    await this.#flush();
    const secured = await this.#connection.startTls(this.#parts.tlsOptions!());
    this.#session = secured ? this.#fresh() : { ...this.#session, state: "over" };
  }

  /** RFC 6856 §3: there is one language. */
  #language(language: string | undefined): Reply {
    if (language === undefined) return this.#lines(ok("Language list follows"), ["en English"]);
    const known = language === "*" || /^(?:en(?:-[a-z0-9-]+)?|i-default)$/i.test(language);
    return this.#say(known ? ok("en English") : err("Language is not available"));
  }

  async #quit(): Promise<Reply> {
    const open = this.#open;
    if (open === undefined) return ok("Bye");
    const removed = await finish(this.#parts.store, open, this.#parts.settings, this.#parts.now());
    return removed ? ok("Bye") : err("Some deleted messages were not removed", "SYS/PERM");
  }

  #say(reply: Reply): Reply {
    this.#text(formatReply(reply));
    return reply;
  }

  #lines(reply: Reply, lines: readonly string[]): Reply {
    this.#say(reply);
    this.#text(`${lines.map((line) => `${line}\r\n`).join("")}${endOfLines}`);
    return reply;
  }

  #text(text: string): void {
    this.#out.add(Buffer.from(text, "latin1"));
  }

  /** Sends what was gathered and waits until the client has taken enough of it. */
  async #flush(): Promise<void> {
    if (this.#out.length === 0) return;
    this.#connection.write(this.#out.take());
    await this.#connection.drained();
  }
}

/** RFC 3206: [AUTH] says that the credentials are at fault, [SYS/TEMP] that we are. */
const refusals: {
  readonly [reason in Exclude<Extract<LoginOutcome, { kind: "refused" }>["reason"], "closed">]: Reply;
} = {
  credentials: err("Authentication failed", "AUTH"),
  "app-password": err("This account has a second factor: use an app password", "AUTH"),
  scope: err("This app password is not for POP3", "AUTH"),
  throttled: err("Too many attempts, try again later", "SYS/TEMP"),
  "needs-tls": err("Use STLS first"),
  mechanism: err("Mechanism is not available"),
  malformed: err("Response is malformed"),
  cancelled: err("Authentication cancelled"),
  unavailable,
};
