/** One ManageSieve conversation, from greeting to farewell: RFC 5804. */
import type { TLSSocketOptions } from "node:tls";
import { type Command, commandOf, decodeBase64 } from "../../protocol/managesieve/command.ts";
import { SentenceReader, type Step } from "../../protocol/managesieve/reader.ts";
import {
  bye,
  formatCapabilities,
  formatReply,
  formatString,
  no,
  ok,
  type Reply,
} from "../../protocol/managesieve/response.ts";
import { defaultSieveBounds } from "../../protocol/sieve/bounds.ts";
import { capabilities } from "../../protocol/sieve/capabilities.ts";
import type { Login, LoginContext, LoginOutcome } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import type { Connection } from "../net/connection.ts";
import { maxScriptBytes } from "../store/sieve-store.ts";
import type { Account } from "../store/store.ts";
import { onScripts, type ScriptStore } from "./scripts.ts";
import type { ManageSieveSettings } from "./settings.ts";

export type ManageSieveParts = {
  readonly store: ScriptStore;
  readonly login: Login;
  /** For STARTTLS, asked anew each time. */
  readonly tlsOptions: () => TLSSocketOptions;
  /** Take leave: idle sessions at once, others after their command. */
  readonly stopping: AbortSignal;
  readonly settings: ManageSieveSettings;
  readonly version: string;
  readonly now: () => number;
  readonly log: Log;
};

/** Greets, serves, and closes the connection. Never rejects. */
export async function serveManageSieve(connection: Connection, parts: ManageSieveParts): Promise<void> {
  const conversation = new Conversation(connection, parts);
  try {
    await conversation.run();
  } catch (error) {
    parts.log.error({ error, remote: connection.remote.address }, "managesieve session broke");
    connection.write(formatReply(bye("Temporarily unavailable, try again later", "TRYLATER")));
  } finally {
    await connection.end();
  }
}

/** Before somebody has logged in only SASL messages are literals. */
const maxStrangerLiteralBytes = 16 * 1024;

class Conversation {
  readonly #connection: Connection;
  readonly #parts: ManageSieveParts;
  readonly #reader: SentenceReader;
  #account: Account | undefined;
  #errors = 0;
  #logins = 0;
  #over = false;
  #idle = false;
  readonly #leave = (): void => {
    if (!this.#idle) return;
    this.#say(bye("Server is shutting down", "TRYLATER"));
    void this.#connection.end();
  };

  constructor(connection: Connection, parts: ManageSieveParts) {
    this.#connection = connection;
    this.#parts = parts;
    this.#reader = new SentenceReader(parts.settings.maxLineBytes, maxStrangerLiteralBytes);
  }

  get #where(): LoginContext {
    return { protocol: "sieve", connection: this.#connection };
  }

  async run(): Promise<void> {
    const { settings, stopping } = this.#parts;
    stopping.addEventListener("abort", this.#leave);
    const deadline = setTimeout(() => this.#connection.destroy(), settings.loginTimeoutMs);
    this.#connection.setTimeout(settings.idleTimeoutMs);
    this.#capabilities();
    this.#say(ok("Angarium ManageSieve ready"));
    try {
      while (!this.#over) {
        const step = await this.#step(false);
        if (step === undefined) return;
        await this.#handle(step);
        await this.#connection.drained();
        if (this.#account !== undefined) clearTimeout(deadline);
        if (stopping.aborted && !this.#over) {
          this.#say(bye("Server is shutting down", "TRYLATER"));
          return;
        }
      }
    } finally {
      clearTimeout(deadline);
      stopping.removeEventListener("abort", this.#leave);
    }
  }

  /** The next sentence, or what stands in its way; undefined: the peer is gone or was silent too long. */
  async #step(inExchange: boolean): Promise<Exclude<Step, { kind: "more" }> | undefined> {
    for (;;) {
      const step = this.#reader.next(inExchange);
      if (step.kind !== "more") return step;
      this.#idle = true;
      if (this.#parts.stopping.aborted) this.#leave();
      const chunk = await this.#connection.read();
      this.#idle = false;
      if (chunk === "timeout") this.#say(bye("Silent for too long"));
      if (typeof chunk === "string") return undefined;
      this.#reader.push(chunk);
    }
  }

  async #handle(step: Exclude<Step, { kind: "more" }>): Promise<void> {
    switch (step.kind) {
      case "lost":
        this.#bye(step.why);
        return;
      case "wrong":
        this.#fault(no(step.why));
        return;
      case "too-large":
        this.#fault(no(`A script may have ${maxScriptBytes} octets`, "QUOTA/MAXSIZE"));
        return;
      case "sentence": {
        const command = commandOf(step.sentence);
        if ("wrong" in command) return this.#fault(no(command.wrong));
        // Errors of somebody who is known count in a row.
        if (this.#account !== undefined) this.#errors = 0;
        return this.#do(command);
      }
      default:
        step satisfies never;
    }
  }

  async #do(command: Command): Promise<void> {
    switch (command.verb) {
      case "CAPABILITY":
        this.#capabilities();
        this.#say(ok("Capabilities listed"));
        return;
      case "NOOP":
        this.#say(ok("Done", command.tag === undefined ? undefined : `TAG ${formatString(command.tag)}`));
        return;
      case "LOGOUT":
        this.#say(ok("Goodbye"));
        this.#over = true;
        return;
      case "STARTTLS":
        return this.#startTls();
      case "AUTHENTICATE":
        return this.#authenticate(command.mechanism, command.initial);
      case "UNAUTHENTICATE":
        if (this.#account === undefined) return this.#fault(no("Nobody has logged in"));
        this.#account = undefined;
        this.#reader.maxLiteralBytes = maxStrangerLiteralBytes;
        this.#say(ok("Forgotten who you are"));
        return;
      default: {
        const account = this.#account;
        if (account === undefined) return this.#fault(no("Log in first"));
        const { lines, reply } = await onScripts(command, account, this.#parts.store, this.#parts.now());
        this.#connection.write(lines + formatReply(reply));
      }
    }
  }

  async #authenticate(mechanism: string, first: string | undefined): Promise<void> {
    if (this.#account !== undefined) return this.#fault(no("You have logged in already"));
    const initial = first === undefined ? undefined : decodeBase64(first);
    if (first !== undefined && initial === undefined) return this.#fault(no("The initial response is not base64"));
    /** RFC 5804 §2.1: what the mechanism says last goes with the OK. */
    let last: Buffer | undefined;
    const ask = async (challenge: Buffer): Promise<Buffer | "cancelled" | "malformed" | "closed"> => {
      if (mechanism.startsWith("SCRAM-") && challenge.subarray(0, 2).toString() === "v=") {
        last = challenge;
        return Buffer.alloc(0);
      }
      this.#connection.write(`${formatString(challenge.toString("base64"))}\r\n`);
      const step = await this.#step(true);
      if (step === undefined || step.kind === "lost") return "closed";
      const argument = step.kind === "sentence" ? step.sentence.args[0] : undefined;
      if (step.kind !== "sentence" || step.sentence.args.length !== 1 || argument?.kind !== "string")
        return "malformed";
      const text = argument.bytes.toString("latin1");
      return text === "*" ? "cancelled" : (decodeBase64(text) ?? "malformed");
    };
    const outcome = await this.#parts.login.sasl(mechanism, initial, ask, this.#where);
    if (outcome.kind === "refused") return this.#refused(outcome.reason);
    this.#account = outcome.account;
    this.#reader.maxLiteralBytes = maxScriptBytes + maxStrangerLiteralBytes;
    this.#parts.log.debug({ account: outcome.account.name }, "managesieve login");
    this.#say(ok("Logged in", last === undefined ? undefined : `SASL ${formatString(last.toString("base64"))}`));
  }

  #refused(reason: Extract<LoginOutcome, { kind: "refused" }>["reason"]): void {
    if (reason === "closed") {
      this.#over = true;
      return;
    }
    if (++this.#logins >= this.#parts.settings.maxLogins) this.#bye("Too many refused logins");
    else this.#say(refusals[reason]);
  }

  async #startTls(): Promise<void> {
    if (this.#connection.tls !== undefined) return this.#fault(no("TLS is on already"));
    if (this.#account !== undefined) return this.#fault(no("STARTTLS comes before the login"));
    // What came behind STARTTLS in the clear may be another's: RFC 5804 §2.2.
    if (this.#reader.pending || this.#connection.unreadBytes > 0) return this.#bye("Nothing may follow STARTTLS");
    this.#say(ok("Begin TLS"));
    await this.#connection.drained();
    if (!(await this.#connection.startTls(this.#parts.tlsOptions()))) {
      this.#over = true;
      return;
    }
    this.#capabilities();
    this.#say(ok("TLS is on"));
  }

  #capabilities(): void {
    this.#connection.write(
      formatCapabilities({
        implementation: `Angarium ${this.#parts.version}`,
        sieve: capabilities,
        mechanisms: this.#parts.login.mechanisms(this.#where),
        startTls: this.#connection.tls === undefined,
        maxRedirects: defaultSieveBounds.redirects,
        owner: this.#account?.name,
      }),
    );
  }

  #fault(reply: Reply): void {
    this.#say(reply);
    if (++this.#errors >= this.#parts.settings.maxErrors) this.#bye("Too many errors");
  }

  #bye(why: string): void {
    this.#say(bye(why));
    this.#over = true;
  }

  #say(reply: Reply): void {
    this.#connection.write(formatReply(reply));
  }
}

const refusals: {
  readonly [reason in Exclude<Extract<LoginOutcome, { kind: "refused" }>["reason"], "closed">]: Reply;
} = {
  credentials: no("Authentication failed"),
  "app-password": no("This account has a second factor: use an app password"),
  scope: no("This app password is not for ManageSieve"),
  throttled: no("Too many attempts, try again later", "TRYLATER"),
  "needs-tls": no("Use STARTTLS first", "ENCRYPT-NEEDED"),
  mechanism: no("That mechanism is not offered"),
  malformed: no("That is no answer to the challenge"),
  cancelled: no("Authentication cancelled"),
  unavailable: no("Logins cannot be checked now, try again later", "TRYLATER"),
};
