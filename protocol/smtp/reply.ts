/** SMTP replies (RFC 5321 §4.2), as values: how a server writes them and how a client reads them, however hostile the server. */

export type Reply = {
  /** 200-599. */
  readonly code: number;
  /** RFC 3463 enhanced status code, "5.1.1"; undefined where there is none (greeting, EHLO, 354, 334). */
  readonly enhanced: string | undefined;
  /** The text of each line, without codes and line ends; at least one line, which may be empty. */
  readonly lines: readonly string[];
};

/** A reply from its parts: `reply(550, "5.1.1", "No such user")`. */
export function reply(code: number, enhanced: string | undefined, ...lines: readonly string[]): Reply {
  return { code, enhanced, lines: lines.length === 0 ? [""] : lines };
}

/** RFC 5321 §4.5.3.1.5: 512 octets per reply line, code and CRLF included; room for the longest code. */
const maxWrittenText = 490;
const unprintable = /[^\x20-\x7e]/g;

/**
 * The wire form, CRLF included. Whatever the text holds, one line stays one line: control characters become spaces,
 * characters beyond ASCII "?", and text that is too long for a line goes on in a further one.
 */
export function formatReply(reply: Reply): string {
  const { code, enhanced, lines } = reply;
  const only = lines[0] ?? "";
  if (lines.length <= 1 && only.length <= maxWrittenText && only.search(unprintable) < 0)
    return enhanced === undefined ? `${code} ${only}\r\n` : `${code} ${enhanced} ${only}\r\n`;
  const texts: string[] = [];
  for (const line of lines) {
    const clean = line.replace(unprintable, (char) => (char < " " || char === "\x7f" ? " " : "?"));
    texts.push(clean.slice(0, maxWrittenText));
    for (let at = maxWrittenText; at < clean.length; at += maxWrittenText)
      texts.push(clean.slice(at, at + maxWrittenText));
  }
  if (texts.length === 0) texts.push("");
  const prefix = enhanced === undefined ? "" : `${enhanced} `;
  return texts.map((text, at) => `${code}${at === texts.length - 1 ? " " : "-"}${prefix}${text}\r\n`).join("");
}

/** One line for people, logs and DSNs: "550 5.1.1 No such user". */
export function replyText(reply: Reply): string {
  const text = reply.lines.join(" ").trim();
  return `${reply.code}${reply.enhanced === undefined ? "" : ` ${reply.enhanced}`}${text === "" ? "" : ` ${text}`}`;
}

/** Why what a server sent is no reply. */
export type ReplyFault = "bad-code" | "mixed-codes" | "too-long" | "too-many-lines";

/** A reply that is longer than this in all is a fault. */
export const maxReplyBytes = 64 * 1024;
/** And one of more lines than this. */
export const maxReplyLines = 256;
/** More text of one line than this is dropped (RFC 5321 allows 512). */
export const maxReplyLineChars = 1024;

const enhancedCode = /^([245]\.\d{1,3}\.\d{1,3})(?: +|$)/;

/**
 * Reads replies out of what a server sends, in pieces of any size. Holds at most `maxReplyBytes` of an unfinished
 * reply (beside the piece just pushed). Lines may end in LF alone: liberal in what we read.
 */
export class ReplyParser {
  #buffer: Buffer | undefined;
  #at = 0;
  /** Bytes of the present reply on lines already taken. */
  #taken = 0;
  #code = 0;
  #enhanced: string | undefined;
  #lines: string[] = [];
  #fault: ReplyFault | undefined;
  /** Pieces of a line that has no end yet: each piece is searched once. */
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  /** Bytes from the server. The buffer is kept, not copied, until its replies are taken: take them all before pushing more. */
  push(chunk: Buffer): void {
    if (this.#fault !== undefined || chunk.length === 0) return;
    this.#buffer = this.#buffer === undefined ? chunk : Buffer.concat([this.#buffer.subarray(this.#at), chunk]);
    this.#at = 0;
  }

  /** The next reply; a fault (then for ever: nothing after it can be believed); or undefined: push more. */
  next(): Reply | ReplyFault | undefined {
    while (this.#fault === undefined) {
      const line = this.#line();
      if (line === undefined) return this.#fault;
      const done = this.#add(line);
      if (done !== undefined) return done;
    }
    return this.#fault;
  }

  /** True when bytes wait that no reply was made of: after STARTTLS's 220 they came in the clear (CVE-2011-0411). */
  get pending(): boolean {
    return this.#buffer !== undefined || this.#piecesBytes > 0 || this.#lines.length > 0;
  }

  /** The next line without its end, or undefined. */
  #line(): Buffer | undefined {
    const buffer = this.#buffer;
    if (buffer === undefined) return undefined;
    const end = buffer.indexOf(10, this.#at);
    if (this.#taken + this.#piecesBytes + (end < 0 ? buffer.length : end) - this.#at > maxReplyBytes) {
      this.#fail("too-long");
      return undefined;
    }
    if (end < 0) {
      this.#pieces.push(buffer.subarray(this.#at));
      this.#piecesBytes += buffer.length - this.#at;
      this.#buffer = undefined;
      return undefined;
    }
    let line = buffer.subarray(this.#at, end);
    if (this.#piecesBytes > 0) {
      line = Buffer.concat([...this.#pieces, line]);
      this.#pieces = [];
      this.#piecesBytes = 0;
    }
    this.#taken += line.length + 1;
    this.#at = end + 1;
    if (this.#at === buffer.length) this.#buffer = undefined;
    return line.length > 0 && line[line.length - 1] === 13 ? line.subarray(0, -1) : line;
  }

  /** Adds a line to the reply in the making; the reply when it was the last. */
  #add(line: Buffer): Reply | ReplyFault | undefined {
    const code = codeOf(line);
    const separator = line[3];
    if (code === undefined || (separator !== undefined && separator !== 32 && separator !== 45))
      return this.#fail("bad-code");
    if (this.#lines.length === 0) {
      this.#code = code;
      this.#enhanced = undefined;
    } else if (code !== this.#code) return this.#fail("mixed-codes"); // RFC 5321 §4.2.1: the same code on each line
    if (this.#lines.length >= maxReplyLines) return this.#fail("too-many-lines");
    let text = clean(line.toString("utf8", 4, Math.min(line.length, 4 + maxReplyLineChars)));
    const found = enhancedCode.exec(text);
    // RFC 2034 §4: the class is the reply's first digit; one that says otherwise is text.
    if (found !== null && text.charCodeAt(0) === line[0]) {
      if (this.#lines.length === 0) this.#enhanced = found[1];
      if (found[1] === this.#enhanced) text = text.slice(found[0].length);
    }
    this.#lines.push(text);
    if (separator === 45) return undefined;
    const lines = this.#lines;
    this.#lines = [];
    this.#taken = 0;
    return { code, enhanced: this.#enhanced, lines };
  }

  #fail(fault: ReplyFault): ReplyFault {
    this.#fault = fault;
    this.#buffer = undefined;
    this.#pieces = [];
    this.#lines = [];
    return fault;
  }
}

/** Three digits that RFC 5321 §4.2.1 allows, or undefined. */
function codeOf(line: Buffer): number | undefined {
  if (line.length < 3) return undefined;
  const [first, second, third] = [line[0]! - 48, line[1]! - 48, line[2]! - 48];
  if (first < 2 || first > 5 || second < 0 || second > 9 || third < 0 || third > 9) return undefined;
  return first * 100 + second * 10 + third;
}

/** Text that is safe in a log line, a header field and a terminal. */
function clean(text: string): string {
  return text.search(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/) < 0
    ? text
    : text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, " ");
}
