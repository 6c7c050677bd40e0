/**
 * Cuts what a client sends into whole commands: lines and the literals that belong to them (RFC 9051 §4.3, RFC 7888).
 * Fed with chunks, it answers what is to be done next; it never holds more than its limits say.
 */
import { ByteCollector } from "../bytes.ts";

export type ReaderLimits = {
  /** All text of one command, literals not counted; and one line of an AUTHENTICATE exchange. */
  readonly maxLineBytes: number;
  /** One literal that is no message (a name, a password, a search text). */
  readonly maxLiteralBytes: number;
  readonly maxLiterals: number;
  /** One message of an APPEND: what APPENDLIMIT says. */
  readonly maxMessageBytes: number;
  /** All messages of one APPEND. */
  readonly maxAppendBytes: number;
  /** A literal that we do not want but the client sends without asking is read over up to this size; above it the connection ends. */
  readonly maxDiscardBytes: number;
};

/** Before login: nobody needs more to say who they are. */
export const strangerLimits: ReaderLimits = {
  maxLineBytes: 8 * 1024,
  maxLiteralBytes: 4 * 1024,
  maxLiterals: 8,
  maxMessageBytes: 0,
  maxAppendBytes: 0,
  maxDiscardBytes: 64 * 1024,
};

export const userLimits: ReaderLimits = {
  maxLineBytes: 256 * 1024,
  maxLiteralBytes: 64 * 1024,
  maxLiterals: 4096,
  maxMessageBytes: 50 * 1024 * 1024,
  maxAppendBytes: 200 * 1024 * 1024,
  maxDiscardBytes: 100 * 1024 * 1024,
};

/** One command as it was sent: a byte string without line ends, in which each literal's `{n}` ends at the literal's `at`. */
export type CommandInput = {
  readonly text: string;
  readonly literals: readonly { readonly at: number; readonly bytes: Buffer }[];
};

export type ReadStep =
  /** Everything pushed is used up. */
  | { readonly kind: "more" }
  /** A literal of `bytes` was announced and the client waits: send "+ …" and call `next` again, or `refuse` it. */
  | { readonly kind: "continue"; readonly tag: string; readonly bytes: number; readonly message: boolean }
  | { readonly kind: "command"; readonly input: CommandInput }
  /** Answer `tag status text`; the command has been read over. */
  | { readonly kind: "refused"; readonly tag: string; readonly status: "BAD" | "NO"; readonly text: string }
  /** Answer `tag BAD text` (unless the tag is "*"), `* BYE text`, and close: what follows cannot be understood. */
  | { readonly kind: "close"; readonly tag: string; readonly text: string };

export type LineStep =
  | { readonly kind: "more" }
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "close"; readonly tag: string; readonly text: string };

const LF = 0x0a;
const CR = 0x0d;
const more = { kind: "more" } as const;
const empty = Buffer.alloc(0);

export class CommandReader {
  limits: ReaderLimits;
  #chunk: Buffer = empty;
  #at = 0;
  /** The beginning of a line whose end has not come yet. */
  readonly #partial = new ByteCollector();
  /** The command so far. */
  #text = "";
  #literals: { at: number; bytes: Buffer }[] = [];
  #messageBytes = 0;
  /** The literal being read: bytes still to come, and where they go (undefined: nowhere, it is read over). */
  #missing = 0;
  #literal: Buffer | undefined;
  #inLiteral = false;
  /** What the command will be answered once it has been read over. */
  #refusal: { readonly status: "BAD" | "NO"; readonly text: string } | undefined;
  #closed: Extract<ReadStep, { kind: "close" }> | undefined;

  constructor(limits: ReaderLimits) {
    this.limits = limits;
  }

  /** The next bytes; only after `next` or `line` has answered "more". */
  push(chunk: Buffer): void {
    this.#chunk = this.#at === this.#chunk.length ? chunk : Buffer.concat([this.#chunk.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** Bytes pushed that no command has used: after STARTTLS they must not be believed (CVE-2011-0411), after COMPRESS they are compressed. */
  get unreadBytes(): number {
    return this.#chunk.length - this.#at + this.#partial.length;
  }

  /** Takes those bytes out of the reader. */
  takeUnread(): Buffer {
    const rest = Buffer.concat([this.#partial.take(), this.#chunk.subarray(this.#at)]);
    this.#chunk = empty;
    this.#at = 0;
    return rest;
  }

  /** Refuses the literal that "continue" announced: the client will not send it, so the command is over. */
  refuse(): void {
    this.#reset();
  }

  next(): ReadStep {
    for (;;) {
      if (this.#closed !== undefined) return this.#closed;
      if (this.#inLiteral) {
        if (!this.#readLiteral()) return more;
        continue;
      }
      const line = this.#readLine();
      if (line === undefined) return more;
      if (typeof line !== "string") return line;
      const step = this.#lineRead(line);
      if (step !== undefined) return step;
    }
  }

  /** A line that is no command: the client's part of AUTHENTICATE. Without its CRLF. */
  line(): LineStep {
    if (this.#closed !== undefined) return this.#closed;
    const line = this.#readLine();
    if (line === undefined) return more;
    if (typeof line !== "string") return line;
    return { kind: "line", line: line.endsWith("\r") ? line.slice(0, -1) : line };
  }

  /** Up to, not including, LF. */
  #readLine(): string | Extract<ReadStep, { kind: "close" }> | undefined {
    const end = this.#chunk.indexOf(LF, this.#at);
    const upTo = end < 0 ? this.#chunk.length : end;
    if (this.#text.length + this.#partial.length + upTo - this.#at > this.limits.maxLineBytes) {
      const seen = Buffer.concat([this.#partial.take(), this.#chunk.subarray(this.#at, upTo)]);
      // The line is not over: what has no space after it yet is no tag.
      const begun = `${this.#text}${seen.toString("latin1", 0, maxTagBytes + 1)}(`;
      return this.#close(tagOf(begun), "Command line is too long");
    }
    if (end < 0) {
      this.#partial.add(this.#chunk.subarray(this.#at));
      this.#chunk = empty;
      this.#at = 0;
      return undefined;
    }
    let line = this.#chunk.toString("latin1", this.#at, end);
    if (this.#partial.length > 0) line = this.#partial.take().toString("latin1") + line;
    this.#at = end + 1;
    return line;
  }

  #lineRead(line: string): ReadStep | undefined {
    const clean = line.charCodeAt(line.length - 1) === CR;
    const piece = clean ? line.slice(0, -1) : line;
    this.#text += piece;
    if (!clean) this.#refusal ??= { status: "BAD", text: "Lines end with CR LF" };
    // Of this line alone: the text before it may end with the literal that was just read.
    const literal = clean ? announced(piece) : undefined;
    if (literal === undefined) {
      const input = { text: this.#text, literals: this.#literals };
      const refusal = this.#refusal;
      this.#reset();
      if (refusal !== undefined) return { kind: "refused", tag: tagOf(input.text), ...refusal };
      return { kind: "command", input };
    }
    return this.#announce(literal.bytes, literal.waits);
  }

  #announce(bytes: number, waits: boolean): ReadStep | undefined {
    const message = isMessage(this.#text);
    this.#refusal ??= this.#judge(bytes, message);
    const refusal = this.#refusal;
    const tag = tagOf(this.#text);
    if (refusal !== undefined && waits) {
      // RFC 9051 §4.3: without our "+" the literal does not come, so the command ends here.
      this.#reset();
      return { kind: "refused", tag, ...refusal };
    }
    if (refusal !== undefined && bytes > this.limits.maxDiscardBytes) return this.#close(tag, refusal.text);
    this.#inLiteral = true;
    this.#missing = bytes;
    this.#literal = undefined;
    if (message) this.#messageBytes += bytes;
    return waits ? { kind: "continue", tag, bytes, message } : undefined;
  }

  #judge(bytes: number, message: boolean): { readonly status: "BAD" | "NO"; readonly text: string } | undefined {
    if (this.#literals.length >= this.limits.maxLiterals) return { status: "BAD", text: "Too many literals" };
    if (!message || this.limits.maxMessageBytes === 0) {
      return bytes > this.limits.maxLiteralBytes ? { status: "BAD", text: "Literal is too big" } : undefined;
    }
    // RFC 7889 §3.
    if (bytes > this.limits.maxMessageBytes) return { status: "NO", text: "[TOOBIG] Message is too big" };
    return this.#messageBytes + bytes > this.limits.maxAppendBytes
      ? { status: "NO", text: "[LIMIT] Too much for one APPEND" }
      : undefined;
  }

  /** True when the literal is complete. */
  #readLiteral(): boolean {
    const here = Math.min(this.#missing, this.#chunk.length - this.#at);
    const wanted = this.#refusal === undefined;
    if (this.#missing > 0) {
      if (here === 0) return false;
      const piece = this.#chunk.subarray(this.#at, this.#at + here);
      if (wanted && this.#literal === undefined && here === this.#missing) this.#literal = piece;
      else if (wanted) {
        if (this.#literal === undefined) this.#literal = Buffer.allocUnsafeSlow(this.#missing);
        piece.copy(this.#literal, this.#literal.length - this.#missing);
      }
      this.#at += here;
      this.#missing -= here;
      if (this.#missing > 0) return false;
    }
    if (wanted) this.#literals.push({ at: this.#text.length, bytes: this.#literal ?? empty });
    this.#literal = undefined;
    this.#inLiteral = false;
    return true;
  }

  #close(tag: string, text: string): Extract<ReadStep, { kind: "close" }> {
    this.#reset();
    this.#chunk = empty;
    this.#at = 0;
    return (this.#closed = { kind: "close", tag, text });
  }

  #reset(): void {
    this.#text = "";
    this.#literals = [];
    this.#messageBytes = 0;
    this.#missing = 0;
    this.#literal = undefined;
    this.#inLiteral = false;
    this.#refusal = undefined;
  }
}

/** The longest tag we repeat. */
export const maxTagBytes = 64;

const tag = /^[!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,64}$/;

/** The tag of a command (also where nothing follows it), "*" where there is none that could be repeated. RFC 9051 §9 `tag`. */
export function tagOf(text: string): string {
  const space = text.indexOf(" ");
  const first = space < 0 ? text : text.slice(0, space);
  return tag.test(first) ? first : "*";
}

/** Larger than any limit: for numbers with too many digits. */
const absurd = Number.MAX_SAFE_INTEGER;

/** The literal that a line's end announces: `{n}` or, without waiting, `{n+}`. */
function announced(text: string): { readonly bytes: number; readonly waits: boolean } | undefined {
  let at = text.length - 1;
  if (text.charCodeAt(at) !== 0x7d) return undefined;
  const waits = text.charCodeAt(at - 1) !== 0x2b;
  if (!waits) at--;
  const end = at;
  while (at > 0 && text.charCodeAt(at - 1) >= 0x30 && text.charCodeAt(at - 1) <= 0x39) at--;
  if (at === end || text.charCodeAt(at - 1) !== 0x7b) return undefined;
  return { bytes: end - at > 15 ? absurd : Number(text.slice(at, end)), waits };
}

const takesMessages = /^[^ ]+ (?:APPEND|(?:UID )?REPLACE [0-9*]+) /i;

/** Is the literal at the end of this text a message? In APPEND and REPLACE all are but the mailbox name. */
function isMessage(text: string): boolean {
  const at = takesMessages.exec(text)?.[0].length;
  return at !== undefined && (text.charCodeAt(at) !== 0x7b || text.indexOf("{", at + 1) >= 0);
}
