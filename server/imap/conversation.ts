/**
 * One IMAP connection from greeting to goodbye. Commands run one after the other, in the order they came; after each, the client is told
 * what else happened to its mailbox, as far as the moment allows.
 */
import type { TLSSocketOptions } from "node:tls";
import { capabilities } from "../../protocol/imap/capability.ts";
import type { Command } from "../../protocol/imap/command.ts";
import { parseCommand } from "../../protocol/imap/parse.ts";
import { CommandReader, strangerLimits, userLimits } from "../../protocol/imap/reader.ts";
import { capabilityLine, namespaceLine } from "../../protocol/imap/response.ts";
import type { Login, LoginContext } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../net/connection.ts";
import type { Changes } from "../notify/changes.ts";
import type { Instant, Store } from "../store/store.ts";
import { type Answer, bad, formatAnswer, no, ok } from "./answer.ts";
import type { ClientScripts } from "./client-scripts.ts";
import { authenticate, mayLogin, refusedLogin } from "./commands/access.ts";
import type { ShareTold } from "./commands/acl.ts";
import type { FactsMakers } from "./commands/append.ts";
import { fetchArrived } from "./commands/fetch.ts";
import { idle } from "./commands/idle.ts";
import { leave } from "./commands/select.ts";
import type { ContentCache } from "./content-cache.ts";
import { Input } from "./input.ts";
import { tellElsewhere } from "./notifier.ts";
import { Output } from "./output.ts";
import { progress } from "./progress.ts";
import { type OneCommand, runForUser } from "./run.ts";
import { Session } from "./session.ts";
import type { ImapSettings } from "./settings.ts";
import { learnRights, update } from "./updates.ts";

export type ImapNeeds = FactsMakers &
  ShareTold & {
    readonly store: Store;
    readonly login: Login;
    readonly notify: Changes;
    readonly settings: ImapSettings;
    /** What STARTTLS uses, asked anew for each connection; undefined: STARTTLS is not offered. */
    readonly tls: (() => TLSSocketOptions) | undefined;
    readonly log: Log;
    readonly now: () => Instant;
    /** Scripts that run for what a client does (RFC 6785). */
    readonly scripts: ClientScripts;
    /** One for all connections of the process. */
    readonly cache: ContentCache;
  };

/** Serves one connection to its end; `stopping` makes it say BYE as soon as the command in progress is answered. Never rejects for what a client does. */
export async function serveImap(connection: Connection, needs: ImapNeeds, stopping: AbortSignal): Promise<void> {
  const conversation = new Conversation(connection, needs, stopping);
  await conversation.run();
}

/** How a conversation goes on after a command. */
type After = "next" | "over";

class Conversation {
  readonly #connection: Connection;
  readonly #needs: ImapNeeds;
  readonly #stopping: AbortSignal;
  readonly #reader = new CommandReader(strangerLimits);
  readonly #input: Input;
  readonly #out: Output;
  readonly #session: Session;
  readonly #where: LoginContext;
  /** Ends a session that nobody has logged in to, also in the middle of a command that drips in. */
  #loginTimer: NodeJS.Timeout | undefined;
  #loginLate = false;
  #badCommands = 0;
  #refusedLogins = 0;

  constructor(connection: Connection, needs: ImapNeeds, stopping: AbortSignal) {
    this.#connection = connection;
    this.#needs = needs;
    this.#stopping = stopping;
    this.#out = new Output(connection, needs.settings.stallMs);
    this.#input = new Input(connection, this.#reader, () => this.#out.flush());
    this.#session = new Session(this.#out);
    this.#where = { protocol: "imap", connection };
  }

  #expectLogin(): void {
    const { loginTimeoutMs } = this.#needs.settings;
    this.#loginTimer = setTimeout(() => {
      this.#loginLate = true;
      this.#input.wake();
    }, loginTimeoutMs);
    this.#out.allowSilence(loginTimeoutMs);
  }

  async run(): Promise<void> {
    const { settings, notify } = this.#needs;
    this.#expectLogin();
    this.#stopping.addEventListener("abort", this.#input.wake);
    try {
      this.#out.line(`* OK [CAPABILITY ${this.#capabilities().join(" ")}] ${settings.host} Angarium ready`);
      while ((await this.#turn()) === "next");
    } finally {
      clearTimeout(this.#loginTimer);
      this.#stopping.removeEventListener("abort", this.#input.wake);
      await leave(this.#session, this.#needs.store).catch(() => {});
      if (this.#session.account !== undefined) notify.unwatch(this.#session.account.id, this.#session);
      this.#out.flush();
    }
  }

  /** One command, or what came instead. */
  async #turn(): Promise<After> {
    if (this.#stopping.aborted) return this.#bye("Server is going down, come back soon");
    const step = await this.#input.command();
    if (this.#session.account === undefined && this.#loginLate) return this.#bye("Nobody logged in");
    switch (step.kind) {
      case "command": {
        const command = parseCommand(step.input, this.#session.utf8);
        if (command.name === "refused") {
          if (command.emptiesSaved) this.#session.saved = [];
          return this.#refuse(command.tag, command);
        }
        return this.#answer(command as OneCommand);
      }
      case "continue":
        this.#out.line("+ Ready for the literal");
        return "next";
      case "refused":
        return this.#refuse(step.tag, step);
      case "close":
        if (step.tag !== "*") this.#out.line(`${step.tag} BAD ${step.text}`);
        return this.#bye(step.text);
      case "ended":
        if (step.why === "timeout") return this.#bye("Silent for too long");
        if (step.why === "closed") return "over";
        await this.#push();
        return "next";
      default:
        return step satisfies never;
    }
  }

  /** What was no command, or not one that can be taken. */
  #refuse(tag: string, refusal: { readonly status: "BAD" | "NO"; readonly text: string }): After {
    this.#out.line(`${tag} ${refusal.status} ${refusal.text}`);
    return refusal.status === "BAD" ? this.#countBad() : "next";
  }

  #countBad(): After {
    const { maxBadCommands } = this.#needs.settings;
    const most = this.#session.account === undefined ? maxBadCommands / 2 : maxBadCommands;
    return ++this.#badCommands > most ? this.#bye("Too many bad commands") : "next";
  }

  #bye(text: string): After {
    this.#out.line(`* BYE ${text}`);
    return "over";
  }

  async #answer(command: OneCommand): Promise<After> {
    let answer: Answer | After;
    try {
      using _ = progress(this.#session, command, this.#needs.settings.progressMs);
      if (this.#session.selected?.doubted) await learnRights(this.#session, this.#needs.store);
      answer = await this.#run(command);
    } catch (error) {
      answer = this.#broken(command, error);
    }
    if (typeof answer === "string") return answer;
    await this.#update(command);
    // While an expunge is held back nobody may think to know all.
    if (answer.code?.startsWith("HIGHESTMODSEQ") && this.#session.selected?.certain !== undefined)
      answer = { ...answer, code: undefined };
    // A DONE out of turn has no tag.
    this.#out.line(formatAnswer(command.tag === "" ? "*" : command.tag, answer));
    // A client that does not read its answers is not read from either.
    if (this.#out.full) {
      const full = this.#out.drained();
      if (full !== undefined) await full;
    }
    if (answer.status === "BAD") return this.#countBad();
    // Who is known and now and then makes sense may go on for days.
    if (this.#session.account !== undefined) this.#badCommands = 0;
    return "next";
  }

  /** The store broke, or we did: the session lives on. */
  #broken(command: OneCommand, error: unknown): Answer {
    const ours = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    this.#needs.log.error({ account: this.#session.account?.name, command: command.name, error }, "IMAP command broke");
    return ours ? no("SERVERBUG", "That should not have happened") : no("UNAVAILABLE", "Try again later");
  }

  async #update(command: OneCommand): Promise<void> {
    const { selected, notifier } = this.#session;
    if (selected === undefined && notifier === undefined) return;
    // NOOP and CHECK ask outright: what another node did may not have been heard of yet.
    if (selected !== undefined && (command.name === "NOOP" || command.name === "CHECK")) selected.unsure = true;
    if (notifier !== undefined) this.#session.wake = this.#input.wake;
    await this.#tell(mayExpunge(command, this.#input.pipelined));
  }

  /** Says what has happened to the mailbox that is open (unless NOTIFY leaves it out), and with NOTIFY to the others. */
  async #tell(mayExpunge: boolean, withSelected = true): Promise<void> {
    const { store, log } = this.#needs;
    const session = this.#session;
    try {
      await learnRights(session, store);
      const arrived = withSelected ? await update(session, store, mayExpunge) : [];
      const { notifier, selected } = session;
      if (notifier === undefined) return;
      if (selected !== undefined && arrived.length > 0)
        await fetchArrived(session, selected, arrived, notifier.items, this.#needs);
      await tellElsewhere(session, store);
    } catch (error) {
      log.warn({ account: session.account?.name, error }, "IMAP update broke");
    }
  }

  /** Something happened while no command is in progress: RFC 5465 lets us say so. */
  async #push(): Promise<void> {
    const { notifier } = this.#session;
    if (notifier === undefined) {
      this.#session.wake = undefined;
      return;
    }
    const { selected } = notifier;
    await this.#tell(selected === "at-once" && !this.#input.pipelined, selected !== undefined);
  }

  #run(command: OneCommand): Answer | After | Promise<Answer | After> {
    switch (command.name) {
      case "CAPABILITY":
        this.#out.text(capabilityLine(this.#capabilities()));
        return ok("CAPABILITY completed");
      case "LOGOUT":
        this.#out.line("* BYE Logging out");
        this.#out.line(`${command.tag} OK LOGOUT completed`);
        return "over";
      case "STARTTLS":
        return this.#startTls(command.tag);
      case "LOGIN":
      case "AUTHENTICATE":
        return this.#logIn(command);
      case "DONE":
        return bad("Nothing to be done with");
      case "NAMESPACE":
        if (this.#session.account === undefined) return outOfTurn;
        this.#out.text(namespaceLine);
        return ok("NAMESPACE completed");
      case "IDLE":
        return this.#session.account === undefined ? outOfTurn : this.#idle();
      case "COMPRESS":
        return this.#session.account === undefined ? outOfTurn : this.#compress(command);
      case "UNAUTHENTICATE":
        return this.#session.account === undefined ? outOfTurn : this.#unauthenticate();
      default:
        return runForUser(this.#session, command, this.#needs);
    }
  }

  #capabilities(): string[] {
    const { login, tls, settings } = this.#needs;
    const { account, compressed } = this.#session;
    return capabilities({
      tls: this.#connection.tls !== undefined,
      authenticated: account !== undefined,
      mechanisms: account === undefined ? login.mechanisms(this.#where) : [],
      login: account !== undefined || mayLogin(login, this.#where),
      startTls: tls !== undefined,
      compress: !compressed,
      maxMessageBytes: settings.maxMessageBytes,
      sieveHost: settings.host,
    });
  }

  async #startTls(tag: string): Promise<After | Answer> {
    const { tls } = this.#needs;
    if (this.#session.account !== undefined || this.#connection.tls !== undefined) return bad("Too late for STARTTLS");
    if (tls === undefined) return bad("TLS is not offered");
    // CVE-2011-0411: what was sent along in the clear must not be taken for what comes under TLS.
    if (this.#input.unreadBytes > 0) {
      this.#out.line(`${tag} BAD Nothing may follow STARTTLS`);
      return this.#bye("Protocol error");
    }
    this.#out.line(`${tag} OK Begin TLS`);
    this.#out.flush();
    return (await this.#connection.startTls(tls())) ? "next" : "over";
  }

  async #logIn(command: Extract<Command, { name: "LOGIN" | "AUTHENTICATE" }>): Promise<Answer | After> {
    const { login, settings, notify, log } = this.#needs;
    if (this.#session.account !== undefined) return bad("Logged in already");
    const outcome = await authenticate(command, { login, where: this.#where, input: this.#input, out: this.#out });
    if (outcome.kind === "ok" && notify.watchers(outcome.account.id) >= settings.maxSessionsPerAccount) {
      return no("LIMIT", "Too many sessions of this account");
    }
    if (outcome.kind === "ok") {
      clearTimeout(this.#loginTimer);
      this.#session.account = outcome.account;
      notify.watch(outcome.account.id, this.#session);
      this.#session.hub = notify;
      const { maxMessageBytes, maxAppendBytes } = settings;
      const maxDiscardBytes = Math.max(userLimits.maxDiscardBytes, 2 * maxMessageBytes);
      this.#reader.limits = { ...userLimits, maxMessageBytes, maxAppendBytes, maxDiscardBytes };
      this.#out.allowSilence(settings.idleTimeoutMs);
      log.debug({ account: outcome.account.name, remote: this.#connection.remote.address }, "IMAP login");
      return ok("Logged in", `CAPABILITY ${this.#capabilities().join(" ")}`);
    }
    const answer = refusedLogin(outcome.reason);
    if (answer === undefined) return "over";
    log.info({ remote: this.#connection.remote.address, reason: outcome.reason }, "IMAP login refused");
    if (answer.status === "NO" && ++this.#refusedLogins >= settings.maxLogins) {
      this.#out.line(formatAnswer(command.tag, answer));
      return this.#bye("Too many attempts");
    }
    return answer;
  }

  async #idle(): Promise<Answer | After> {
    const { now, settings } = this.#needs;
    const { keepAliveMs, idleTimeoutMs } = settings;
    if (keepAliveMs > 0) this.#out.allowSilence(Math.min(keepAliveMs, idleTimeoutMs));
    const end = await idle(this.#session, {
      input: this.#input,
      tell: (mayExpunge) => this.#tell(mayExpunge),
      now,
      idleTimeoutMs,
      stopping: () => this.#stopping.aborted,
    });
    this.#out.allowSilence(idleTimeoutMs);
    switch (end) {
      case "closed":
        return "over";
      case "timeout":
        return this.#bye("Silent for too long");
      case "stopping":
        return "next";
      default:
        return end;
    }
  }

  async #compress(command: Extract<Command, { name: "COMPRESS" }>): Promise<Answer | After> {
    if (this.#session.compressed) return no("COMPRESSIONACTIVE", "Compressed already");
    if (command.mechanism !== "DEFLATE") return bad("Only DEFLATE is offered");
    // What was sent along is plain, and what follows is not: nobody can tell them apart.
    if (this.#input.unreadBytes > 0) return bad("Nothing may follow COMPRESS");
    this.#session.compressed = true;
    this.#out.line(`${command.tag} OK DEFLATE active`);
    this.#out.flush();
    this.#connection.compress();
    return "next";
  }

  /** RFC 8437: the connection is as new, but for TLS. */
  async #unauthenticate(): Promise<Answer> {
    const { account } = this.#session;
    if (this.#session.compressed) return no("CANNOT", "Not under compression");
    if (account !== undefined) this.#needs.notify.unwatch(account.id, this.#session);
    await leave(this.#session, this.#needs.store);
    this.#session.forget();
    this.#reader.limits = strangerLimits;
    this.#expectLogin();
    return ok("Nobody is logged in");
  }
}

const outOfTurn = bad("Log in first");

/**
 * RFC 9051 §7.5.1: no EXPUNGE while messages are spoken of by number. And none while further commands are on their way: the client
 * wrote them with the numbers it knew.
 */
function mayExpunge(command: OneCommand, pipelined: boolean): boolean {
  switch (command.name) {
    case "FETCH":
    case "STORE":
    case "SEARCH":
    case "SORT":
    case "THREAD":
      return command.uid && !pipelined;
    default:
      return !pipelined;
  }
}
