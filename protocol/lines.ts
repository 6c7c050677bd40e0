/** Lines out of chunks, for every protocol whose commands are lines: bounded, ended by CRLF and by nothing else. */

/**
 * "too-long": a line passed the bound; its bytes were dropped, the next line is sound.
 * "bare-line-end": a CR or an LF stood alone. What follows cannot be believed (SMTP smuggling, command injection): answer and close.
 */
export type LineFault = "too-long" | "bare-line-end";

const none: Buffer = Buffer.alloc(0);
const firstPartialBytes = 128;

export class LineReader {
  readonly #maxLineBytes: number;
  #chunk = none;
  #at = 0;
  /** Beginning of a line whose end has not come yet, in a buffer that doubles. */
  #partial = none;
  #partialBytes = 0;
  #skipping = false;
  #lastSkipped = 0;
  /** Bytes dropped of the present line because it is too long: a caller may close before its end comes. */
  skippedBytes = 0;

  /** `maxLineBytes` counts the line without its CRLF. */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Bytes as they came. The chunk is kept until its lines are read; lines are views of it where they lie in one chunk. */
  push(chunk: Buffer): void {
    this.#chunk = this.#at < this.#chunk.length ? Buffer.concat([this.#chunk.subarray(this.#at), chunk]) : chunk;
    this.#at = 0;
  }

  /** Bytes that next() or take() can still give without a push, the beginning of an unfinished line not counted. */
  get pendingBytes(): number {
    return this.#chunk.length - this.#at;
  }

  /** Whether anything is here that no line was made of: after STARTTLS it came in the clear (RFC 3207 §4.2). */
  get pending(): boolean {
    return this.#at < this.#chunk.length || this.#partialBytes > 0 || this.#skipping;
  }

  /** The next line without its CRLF, a fault, or undefined: push more. */
  next(): Buffer | LineFault | undefined {
    const chunk = this.#chunk;
    const start = this.#at;
    if (start >= chunk.length) return undefined;
    const end = chunk.indexOf(10, start);
    if (end === -1) {
      this.#keep(chunk.subarray(start));
      this.#chunk = none;
      this.#at = 0;
      return undefined;
    }
    this.#at = end + 1;
    if (this.#at === chunk.length) {
      this.#chunk = none;
      this.#at = 0;
    }
    if (this.#skipping) {
      const before = end > start ? chunk[end - 1] : this.#lastSkipped;
      this.#skipping = false;
      this.skippedBytes = 0;
      return before === 13 ? "too-long" : "bare-line-end";
    }
    let line = chunk.subarray(start, end);
    if (this.#partialBytes > 0) {
      line = Buffer.concat([this.#partial.subarray(0, this.#partialBytes), line]);
      this.#partial = none;
      this.#partialBytes = 0;
    }
    const last = line.length - 1;
    if (line[last] !== 13) return "bare-line-end";
    if (last > this.#maxLineBytes) return "too-long";
    return line.indexOf(13) === last ? line.subarray(0, last) : "bare-line-end";
  }

  /** Up to `atMost` bytes that came after the last line, as a view: a literal, a chunk, message data. Only between lines. */
  take(atMost: number): Buffer {
    const end = Math.min(this.#chunk.length, this.#at + atMost);
    const taken = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    if (end === this.#chunk.length) {
      this.#chunk = none;
      this.#at = 0;
    }
    return taken;
  }

  #keep(piece: Buffer): void {
    if (this.#skipping || this.#partialBytes + piece.length > this.#maxLineBytes + 1) {
      this.skippedBytes += this.#partialBytes + piece.length;
      this.#partial = none;
      this.#partialBytes = 0;
      this.#skipping = true;
      this.#lastSkipped = piece[piece.length - 1] ?? 0;
      return;
    }
    const needed = this.#partialBytes + piece.length;
    if (needed > this.#partial.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(firstPartialBytes, needed, this.#partial.length * 2));
      this.#partial.copy(grown, 0, 0, this.#partialBytes);
      this.#partial = grown;
    }
    piece.copy(this.#partial, this.#partialBytes);
    this.#partialBytes = needed;
  }
}
