/**
 * The text of a message between DATA and its end. Only CRLF ends a line and only `<CRLF>.<CRLF>` ends the text (RFC 5321
 * §4.1.1.4, §2.3.8): whoever lets anything else count can be made to see two messages where there is one (CVE-2023-51764).
 */
import { ByteCollector } from "../bytes.ts";

const cr = 13;
const lf = 10;
const dot = 46;
const none: Buffer = Buffer.alloc(0);
const terminator = Buffer.from("\r\n.\r\n");
const crlf = Buffer.from("\r\n");

export type BareLineEnds =
  /** A bare CR or LF makes the message "bare-line-end". */
  | "refuse"
  /** Each becomes CRLF, as text: it neither ends the message nor hides a dot. For trusted senders with broken software. */
  | "normalise";

export class DataScanner {
  readonly #normalise: boolean;
  readonly #maxBytes: number;
  readonly #out = new ByteCollector();
  /** At most 4 bytes whose meaning hangs on what follows. */
  #carry = none;
  /** At the first byte of a line (that a true CRLF began, or the text's first). */
  #lineStart = true;
  #fault: "bare-line-end" | "too-big" | undefined;
  #isLent = false;
  /** Bytes seen, kept or not. */
  seenBytes = 0;

  constructor(maxBytes: number, bareLineEnds: BareLineEnds) {
    this.#maxBytes = maxBytes;
    this.#normalise = bareLineEnds === "normalise";
  }

  /** Bytes held. */
  get heldBytes(): number {
    return this.#out.length;
  }

  /** Why the text will not be taken, as far as one can tell; its end is still looked for. */
  get fault(): "bare-line-end" | "too-big" | undefined {
    return this.#fault;
  }

  /** Drops what was held and holds no more: the text is refused for a reason of the caller's. */
  refuse(): void {
    if (this.#fault !== undefined) return;
    this.#fault = "too-big";
    this.#out.clear();
    if (this.#lineStart) this.#carry = Buffer.concat([crlf, this.#carry]);
  }

  /** Takes a chunk; one that is lent is copied. Undefined: the end has not come. Otherwise what follows the end in this chunk. */
  push(chunk: Buffer, isLent = false): Buffer | undefined {
    this.#isLent = isLent;
    this.seenBytes += chunk.length;
    const input = this.#carry.length === 0 ? chunk : Buffer.concat([this.#carry, chunk]);
    this.#carry = none;
    return this.#fault === undefined ? this.#scan(input) : this.#skip(input);
  }

  /** The text, dot-stuffing undone, its last CRLF included; only after the end, and only when `fault` is undefined. */
  take(): Buffer {
    return this.#out.take();
  }

  #emit(piece: Buffer): void {
    if (this.#out.length + piece.length > this.#maxBytes) {
      this.#fault ??= "too-big";
      this.#out.clear();
    } else this.#out.add(piece, this.#isLent);
  }

  #scan(input: Buffer): Buffer | undefined {
    const length = input.length;
    // Looking for one character in a string is several times as quick as in a Buffer.
    const text = input.toString("latin1");
    let from = 0; // first byte not given out
    let at = 0;
    let nextCr = -1;
    let nextLf = -1;
    while (at < length) {
      if (this.#lineStart && input[at] === dot) {
        if (at + 1 === length || (at + 2 === length && input[at + 1] === cr)) {
          if (at > from) this.#emit(input.subarray(from, at));
          if (this.#fault !== undefined) return this.#skip(Buffer.concat([crlf, input.subarray(at)]));
          this.#carry = Buffer.from(input.subarray(at));
          return undefined;
        }
        if (at > from) this.#emit(input.subarray(from, at));
        if (input[at + 1] === cr && input[at + 2] === lf) return input.subarray(at + 3);
        if (this.#fault !== undefined) return this.#skip(input.subarray(at)); // a dot that is no end
        from = ++at; // RFC 5321 §4.5.2: the dot goes
      }
      this.#lineStart = false;
      if (nextCr < at) nextCr = charOrLength(text, "\r", at);
      if (nextLf < at) nextLf = charOrLength(text, "\n", at);
      if (nextLf === nextCr + 1 && nextLf < length) {
        at = nextLf + 1;
        this.#lineStart = true;
        continue;
      }
      if (nextCr === length && nextLf === length) break;
      if (nextCr === length - 1 && nextLf === length) {
        // A CR at the very end: the LF may be the next byte.
        if (nextCr > from) this.#emit(input.subarray(from, nextCr));
        if (this.#fault !== undefined) return this.#skip(input.subarray(nextCr));
        this.#carry = Buffer.from(input.subarray(nextCr));
        return undefined;
      }
      const bare = Math.min(nextCr, nextLf);
      if (!this.#normalise) {
        this.#fault = "bare-line-end";
        this.#out.clear();
        return this.#skip(input.subarray(bare));
      }
      if (bare > from) this.#emit(input.subarray(from, bare));
      this.#emit(crlf);
      if (this.#fault !== undefined) return this.#skip(input.subarray(bare));
      from = at = bare + 1;
    }
    if (length > from) this.#emit(input.subarray(from));
    if (this.#fault !== undefined) this.#carry = tail(input);
    return undefined;
  }

  /** Looks for the end only. `input` begins where a line does not, or with the CRLF before a line. */
  #skip(input: Buffer): Buffer | undefined {
    const end = input.indexOf(terminator);
    if (end !== -1) return input.subarray(end + terminator.length);
    this.#carry = tail(input);
    return undefined;
  }
}

/** The end of `input` that may be the beginning of the terminator. */
function tail(input: Buffer): Buffer {
  return Buffer.from(input.subarray(Math.max(0, input.length - terminator.length + 1)));
}

function charOrLength(text: string, char: string, from: number): number {
  const index = text.indexOf(char, from);
  return index === -1 ? text.length : index;
}

/** Text is looked at in pieces of this size. */
const pieceBytes = 64 * 1024;

/** Whether a CR or LF stands alone anywhere. Text that came with BDAT is not scanned on its way in. */
export function hasBareLineEnd(text: Buffer): boolean {
  for (let start = 0; start < text.length; ) {
    // A piece ends where a CRLF is not cut in two.
    let end = Math.min(text.length, start + pieceBytes);
    if (end < text.length && text[end - 1] === cr) end++;
    if (hasBareInPiece(text.toString("latin1", start, end))) return true;
    start = end;
  }
  return false;
}

function hasBareInPiece(text: string): boolean {
  const length = text.length;
  let nextCr = -1;
  for (let at = 0; ; ) {
    const nextLf = charOrLength(text, "\n", at);
    if (nextCr < at) nextCr = charOrLength(text, "\r", at);
    if (nextLf === length) return nextCr < length;
    if (nextLf !== nextCr + 1) return true;
    at = nextLf + 1;
  }
}
