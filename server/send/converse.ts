/**
 * Sends messages one after another over an open session. With PIPELINING the commands of the next message travel with
 * the end of the one before (RFC 2920 §3.1), so that a message costs one write and one read.
 */
import { bytesOf } from "../../protocol/mime/header.ts";
import { beginTransaction, beyond, type Envelope, type Phase, Transaction } from "../../protocol/smtp/client.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { withoutReturnPath } from "../../protocol/smtp/trace.ts";
import type { ReadEnd } from "../net/connection.ts";
import type { InSevenBits } from "../sign/in-seven-bits.ts";
import { brokenOff, classify, type Outcome, ofTheRest } from "./classify.ts";
import type { Session, SessionSettings } from "./session.ts";

/** One transaction to do: a message and those of its recipients that go this way. */
export interface Job {
  readonly envelope: Envelope;
  /** The message, or undefined while it is not in memory: then `load` brings it. */
  readonly bytes: Buffer | undefined;
  /** False when the message is not to be had: the job is then over. */
  load(): Promise<boolean>;
  /** Called once, when there is an outcome for each recipient, in their order. */
  done(outcomes: readonly Outcome[], attempt: Attempt): void;
}

/** Record of one attempt for the journey. */
export type Attempt = {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly tls: string;
  readonly ms: number;
  /** The server knows DSN and was told what the sender wishes: success is its to report (RFC 3461 §5.2.2). */
  readonly dsn: boolean;
  /** The message went in seven bits; domains whose signatures do not hold any more. */
  readonly unsigned?: readonly string[];
};

/** A message for a server that takes seven bits only; undefined where it cannot be had without harm. */
export type SevenBit = (message: Buffer) => Promise<InSevenBits | undefined>;

export type ConverseAsk = {
  readonly session: Session;
  readonly protocol: "smtp" | "lmtp";
  readonly settings: SessionSettings;
  readonly monotonic: () => number;
  readonly sevenBit: SevenBit;
  /** The next job that may go over this session, or undefined: there is none now, or somebody else's turn. */
  readonly next: () => Job | undefined;
  /** A job that was not tried goes back to the front. */
  readonly putBack: (job: Job) => void;
  /** A mistake of ours was met: for the log. */
  readonly broken: (error: unknown) => void;
};

type Progress = { current: Running | undefined; follower: Running | undefined };
type Running = {
  readonly job: Job;
  readonly transaction: Transaction;
  readonly startedAt: number;
  readonly unsigned: readonly string[] | undefined;
};

/** Up to this size what is to be written is copied into one buffer: one small copy costs less than a gathering write. */
const maxCopiedBytes = 16 * 1024;

export class Conversation {
  readonly #ask: ConverseAsk;
  #reading: Promise<Buffer | ReadEnd> | undefined;
  /** Transactions begun on this session. */
  begun = 0;
  /** A transaction has ended well on this session: it was no dead connection. */
  #proved = false;
  dead = false;

  constructor(ask: ConverseAsk) {
    this.#ask = ask;
  }

  /** Sends `first` and all that `next` gives; resolves when there is nothing more, or when the session is `dead`. */
  async send(first: Job): Promise<void> {
    const at: Progress = { current: undefined, follower: undefined };
    try {
      at.current = await this.#begin(first);
      if (at.current !== undefined) this.#write(at.current.transaction.start());
      while (at.current !== undefined && !this.dead) await this.#step(at, at.current);
    } catch (error) {
      // A mistake of ours: this message later, the others by another connection.
      this.dead = true;
      this.#ask.session.connection.destroy();
      if (at.current !== undefined) this.#finish(at.current);
      this.#ask.broken(error);
    }
    if (this.dead && at.follower !== undefined) this.#ask.putBack(at.follower.job);
  }

  /** One reply, and what follows from it. */
  async #step(at: Progress, current: Running): Promise<void> {
    const { transaction } = current;
    const reply = await this.#reply(transaction.phase);
    if (typeof reply === "string" || this.#isStale(reply, current)) {
      this.dead = true;
      at.current = undefined;
      this.#breakOff(current, reply);
      return;
    }
    let output = transaction.take(reply);
    if (output !== undefined) {
      if (transaction.mayBeFollowed && at.follower === undefined) {
        at.follower = this.#beginNow();
        if (at.follower !== undefined) output = [...output, ...at.follower.transaction.start()];
      }
      this.#write(output);
      const draining = this.#ask.session.connection.drained();
      if (draining !== undefined) {
        this.#ask.session.connection.setTimeout(this.#ask.settings.bodyTimeoutMs);
        await draining;
      }
    }
    if (!transaction.done) return;
    this.dead = !transaction.usable;
    at.current = undefined;
    this.#finish(current);
    if (this.dead) return;
    this.#proved = true;
    at.current = at.follower;
    at.follower = undefined;
    if (at.current !== undefined) return;
    const job = this.#ask.next();
    if (job === undefined) return;
    at.current = await this.#begin(job);
    if (at.current !== undefined) this.#write(at.current.transaction.start());
  }

  /** While idle: resolves when the server says or does anything, which it has no business to: the session is then dead. */
  async watch(): Promise<void> {
    this.#reading ??= this.#ask.session.connection.read();
    await this.#reading;
  }

  /** Says QUIT and closes. */
  close(): void {
    this.dead = true;
    const { connection } = this.#ask.session;
    if (!connection.closed) connection.write("QUIT\r\n");
    connection.end().catch(() => connection.destroy());
  }

  /** Begins a job, whatever it takes; jobs that cannot go are answered and the next is taken. */
  async #begin(first: Job): Promise<Running | undefined> {
    for (let job: Job | undefined = first; job !== undefined; job = this.#ask.next()) {
      if (job.bytes === undefined && !(await job.load())) continue;
      const message = withoutReturnPath(job.bytes!);
      const running = this.#isBeyond(job, message)
        ? await this.#startInSevenBits(job, message)
        : this.#start(job, message);
      if (running !== undefined) return running;
    }
    return undefined;
  }

  #isBeyond({ envelope }: Job, message: Buffer): boolean {
    return beyond(envelope, message, this.#ask.session.capabilities) !== undefined;
  }

  async #startInSevenBits(job: Job, message: Buffer): Promise<Running | undefined> {
    try {
      const made = await this.#ask.sevenBit(message);
      return made === undefined ? this.#start(job, message) : this.#start(job, bytesOf(made.bytes), made.unsigned);
    } catch (error) {
      this.#ask.broken(error);
      this.#refuse(job, reply(451, "4.3.0", "It could not be converted to seven bits, which the next server wants"));
      return undefined;
    }
  }

  /** Begins a job that can begin at once. */
  #beginNow(): Running | undefined {
    const job = this.#ask.next();
    if (job === undefined) return undefined;
    const message = job.bytes && withoutReturnPath(job.bytes);
    if (message === undefined || this.#isBeyond(job, message)) {
      this.#ask.putBack(job);
      return undefined;
    }
    return this.#start(job, message);
  }

  #start(job: Job, message: Buffer, unsigned?: readonly string[]): Running | undefined {
    const { session, protocol, monotonic } = this.#ask;
    const { maxRecipients } = session.capabilities;
    const recipients = job.envelope.recipients.slice(0, maxRecipients);
    const envelope = { ...job.envelope, recipients };
    const began = beginTransaction(envelope, message, session.capabilities, protocol);
    if (began instanceof Transaction) {
      this.begun++;
      return { job, transaction: began, startedAt: monotonic(), unsigned };
    }
    this.#refuse(job, began);
    return undefined;
  }

  /** In our own words: the server is not asked. */
  #refuse(job: Job, reply: Reply): void {
    const outcome = { ...classify({ phase: "message", reply }, false), ours: true as const };
    job.done(
      job.envelope.recipients.map(() => outcome),
      this.#attempt(0, undefined),
    );
  }

  #finish(running: Running): void {
    const { transaction } = running;
    const { outcomes } = transaction;
    const taken = outcomes.some((outcome) => outcome !== undefined && outcome.phase === "message");
    const fault = brokenOff(transaction.phase, "fault", this.#ask.session.host);
    const tried = outcomes.map((outcome) => (outcome === undefined ? fault : classify(outcome, taken)));
    this.#done(running, tried);
  }

  /** A server may give up a session that served already, between two messages: then the job has not been tried. */
  #isStale(reply: Reply, { transaction }: Running): boolean {
    return this.#proved && reply.code === 421 && transaction.phase === "mail";
  }

  #breakOff(current: Running, cause: Reply | string): void {
    const { job, transaction } = current;
    const { connection, host } = this.#ask.session;
    if (this.#proved && transaction.phase === "mail" && cause !== "timeout") {
      this.#ask.putBack(job);
    } else {
      const kind = cause === "closed" || cause === "timeout" ? cause : "fault";
      const outcome = brokenOff(transaction.phase, kind, host);
      const { outcomes } = transaction;
      const tried = outcomes.map((decided) => (decided === undefined ? outcome : classify(decided, false)));
      this.#done(current, tried);
    }
    connection.destroy();
  }

  /** RFC 9422 §4.2: recipients beyond what the server takes in one transaction have had no turn yet. */
  #done({ job, transaction, startedAt, unsigned }: Running, tried: readonly Outcome[]): void {
    const { outcomes } = transaction;
    const rest = job.envelope.recipients.length - tried.length;
    const untried = rest === 0 ? [] : new Array<Outcome>(rest).fill(ofTheRest(tried, outcomes, this.#ask.protocol));
    job.done([...tried, ...untried], this.#attempt(this.#ask.monotonic() - startedAt, unsigned));
  }

  #attempt(ms: number, unsigned: readonly string[] | undefined): Attempt {
    const { host, address, port, tls, capabilities } = this.#ask.session;
    const attempt = { host, address, port, tls, ms: Math.round(ms), dsn: capabilities.dsn };
    return unsigned === undefined ? attempt : { ...attempt, unsigned };
  }

  #write(output: readonly (string | Buffer)[]): void {
    const { connection } = this.#ask.session;
    if (output.length === 1 && typeof output[0] === "string") {
      connection.write(output[0], "utf8");
      return;
    }
    let size = 0;
    // A UTF-16 unit is at most three bytes of UTF-8.
    for (const piece of output) size += typeof piece === "string" ? piece.length * 3 : piece.length;
    if (size > maxCopiedBytes) {
      for (const piece of output) connection.write(piece, "utf8");
      return;
    }
    const together = Buffer.allocUnsafe(size);
    let at = 0;
    for (const piece of output)
      at += typeof piece === "string" ? together.write(piece, at, "utf8") : piece.copy(together, at);
    connection.write(together.subarray(0, at));
  }

  async #reply(phase: Phase): Promise<Reply | "closed" | "timeout" | "fault"> {
    const { parser, connection } = this.#ask.session;
    for (;;) {
      const next = parser.next();
      if (next !== undefined) return typeof next === "string" ? "fault" : next;
      connection.setTimeout(this.#timeoutFor(phase));
      const reading = this.#reading ?? connection.read();
      this.#reading = undefined;
      const chunk = await reading;
      if (typeof chunk === "string") return chunk;
      parser.push(chunk);
    }
  }

  #timeoutFor(phase: Phase): number {
    const { settings } = this.#ask;
    switch (phase) {
      case "mail":
      case "reset":
        return settings.mailTimeoutMs;
      case "rcpt":
        return settings.rcptTimeoutMs;
      case "data":
        return settings.dataTimeoutMs;
      case "message":
        return settings.endTimeoutMs;
      default:
        return phase satisfies never;
    }
  }
}
