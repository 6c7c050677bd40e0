/** Sentences of a ManageSieve client out of its bytes: lines with quoted strings, and literals `{n+}` (RFC 5804 §1.2, §4). */
import { Buffer } from "node:buffer";
import { ByteCollector } from "../bytes.ts";
import { LineReader } from "../lines.ts";
import type { Argument, Sentence } from "./command.ts";

export type Step =
  | { readonly kind: "sentence"; readonly sentence: Sentence }
  /** This sentence is none; the next one is sound. */
  | { readonly kind: "wrong"; readonly why: string }
  /** A literal larger than is allowed was passed over. */
  | { readonly kind: "too-large" }
  /** Nothing that follows can be believed. */
  | { readonly kind: "lost"; readonly why: string }
  | { readonly kind: "more" };

const maxArguments = 10;
/** Literals that are read and dropped; a larger one ends the session. */
const maxDroppedBytes = 16 * 1024 * 1024;

export class SentenceReader {
  readonly #lines: LineReader;
  readonly #maxLineBytes: number;
  /** Octets of all literals of one sentence; may change with the session's state. */
  maxLiteralBytes: number;
  #verb: string | undefined;
  #args: Argument[] = [];
  /** Why the sentence in hand is refused once it has ended. */
  #fault: Exclude<Step["kind"], "sentence" | "more" | "lost"> | undefined;
  #why = "";
  #literal: ByteCollector | undefined;
  #left = 0;
  #literalBytes = 0;

  constructor(maxLineBytes: number, maxLiteralBytes: number) {
    this.#maxLineBytes = maxLineBytes;
    this.#lines = new LineReader(maxLineBytes);
    this.maxLiteralBytes = maxLiteralBytes;
  }

  push(chunk: Buffer): void {
    this.#lines.push(chunk);
  }

  /** Whether something is here of which no sentence was made yet. */
  get pending(): boolean {
    return this.#lines.pending || this.#literal !== undefined || this.#verb !== undefined;
  }

  /** The next command. `inExchange`: a single string, the answer to a SASL challenge. */
  next(inExchange = false): Step {
    for (;;) {
      if (this.#literal !== undefined && !this.#readLiteral()) return { kind: "more" };
      const line = this.#lines.next();
      if (line === undefined) {
        if (this.#lines.skippedBytes > this.#maxLineBytes * 8) return { kind: "lost", why: "Line is too long" };
        return { kind: "more" };
      }
      if (line === "bare-line-end") return { kind: "lost", why: "Lines end with CR LF" };
      if (line === "too-long") {
        this.#reset();
        return { kind: "wrong", why: "Line is too long" };
      }
      const lost = this.#readLine(line.toString("latin1"), inExchange);
      if (lost !== undefined) return lost;
      if (this.#literal === undefined) return this.#end();
    }
  }

  /** True once the literal is whole. */
  #readLiteral(): boolean {
    while (this.#left > 0) {
      const piece = this.#lines.take(this.#left);
      if (piece.length === 0) return false;
      this.#left -= piece.length;
      if (this.#fault === undefined) this.#literal!.add(piece);
    }
    if (this.#fault === undefined) this.#args.push({ kind: "string", bytes: this.#literal!.take() });
    this.#literal = undefined;
    return true;
  }

  /** Reads one line of a sentence; it goes on where the line ends with a literal. */
  #readLine(line: string, inExchange: boolean): Step | undefined {
    let rest = line;
    if (this.#verb === undefined) {
      const verb = inExchange ? "" : /^[A-Za-z]{1,32}(?= |$)/.exec(rest)?.[0];
      this.#verb = verb ?? "?";
      if (verb === undefined) this.#wrong("A command was expected");
      rest = rest.slice(verb?.length ?? 0);
      if (inExchange) rest = ` ${rest}`;
    }
    while (rest !== "") {
      const literal = /^ +\{(\d{1,10})(\+?)\}$/.exec(rest);
      if (literal !== null) return this.#beginLiteral(Number(literal[1]), literal[2] === "+");
      const quoted = /^ +"((?:[^"\\\r\n\0]|\\["\\])*)"(?= |$)/.exec(rest);
      const number = /^ +(\d{1,10})(?= |$)/.exec(rest);
      const found = quoted ?? number;
      if (found === null) {
        // A literal that is announced within a broken line cannot be told from commands.
        if (/\{\d+\+?\}$/.test(rest)) return { kind: "lost", why: "That is no argument" };
        this.#wrong("A quoted string, a literal or a number was expected");
        return undefined;
      }
      if (quoted !== null)
        this.#add({ kind: "string", bytes: Buffer.from(quoted[1]!.replace(/\\(.)/g, "$1"), "latin1") });
      else this.#add({ kind: "number", value: Number(number![1]) });
      rest = rest.slice(found[0].length);
    }
    return undefined;
  }

  #add(argument: Argument): void {
    if (this.#args.length >= maxArguments) this.#wrong("Too many arguments");
    else this.#args.push(argument);
  }

  #beginLiteral(bytes: number, withoutWaiting: boolean): Step | undefined {
    // RFC 5804 §4: a client does not wait for leave to send.
    if (!withoutWaiting) return { kind: "lost", why: "Write literals as {n+}" };
    this.#literalBytes += bytes;
    if (this.#literalBytes > maxDroppedBytes) return { kind: "lost", why: "Literal is too large" };
    if (this.#literalBytes > this.maxLiteralBytes) this.#fault ??= "too-large";
    else if (this.#args.length >= maxArguments) this.#wrong("Too many arguments");
    this.#literal = new ByteCollector();
    this.#left = bytes;
    return undefined;
  }

  #wrong(why: string): void {
    if (this.#fault !== undefined) return;
    this.#fault = "wrong";
    this.#why = why;
  }

  #end(): Step {
    const [fault, why, verb, args] = [this.#fault, this.#why, this.#verb!, this.#args];
    this.#reset();
    if (fault === "too-large") return { kind: "too-large" };
    if (fault === "wrong") return { kind: "wrong", why };
    return { kind: "sentence", sentence: { verb, args } };
  }

  #reset(): void {
    this.#verb = undefined;
    this.#args = [];
    this.#fault = undefined;
    this.#literal = undefined;
    this.#literalBytes = 0;
  }
}
