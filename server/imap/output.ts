/** What a session is about to send: many short lines and some long bodies, put together into few writes. */
import type { Connection } from "../net/connection.ts";

/** Gathered up to this much, then written. */
const gatherBytes = 64 * 1024;
/** A body of this size is not copied to be gathered. */
const directBytes = 16 * 1024;
/** What was gathered lies in memory that serves again once it is written: new memory for all that is ever fetched would have V8 look through the whole heap for what is free of it. */
const chunkBytes = gatherBytes + directBytes;
const maxSpareChunks = 32;
const spare: Buffer[] = [];

export class Output {
  #parts: (string | Uint8Array)[] = [];
  #size = 0;
  #binary = false;
  #written = false;
  readonly #connection: Pick<Connection, "write" | "drained" | "setTimeout">;
  readonly #stallMs: number;
  #silenceMs = 0;

  /** A client that does not take what it asked for is cut off after `stallMs`. */
  constructor(connection: Pick<Connection, "write" | "drained" | "setTimeout">, stallMs: number) {
    this.#connection = connection;
    this.#stallMs = stallMs;
  }

  /** How long the client may say nothing while it is not us who are to speak. */
  allowSilence(ms: number): void {
    this.#silenceMs = ms;
    this.#connection.setTimeout(ms);
  }

  /** One response line, a byte string without its CRLF. */
  line(text: string): void {
    this.text(`${text}\r\n`);
  }

  /** Part of a response, a byte string. */
  text(text: string): void {
    this.#parts.push(text);
    this.#size += text.length;
    if (this.#size >= gatherBytes) this.flush();
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length >= directBytes) {
      this.flush();
      this.#connection.write(bytes);
      this.#written = true;
      return;
    }
    this.#parts.push(bytes);
    this.#size += bytes.length;
    this.#binary = true;
    if (this.#size >= gatherBytes) this.flush();
  }

  /** Something has been written since `drained` was asked last: a good moment to ask. */
  get full(): boolean {
    return this.#written;
  }

  /** Sends off what was gathered. `written` is called when that, and all before, has gone to the system, as far as there is something to send off. */
  flush(written?: () => void): void {
    const parts = this.#parts;
    if (parts.length === 0) return;
    if (!this.#binary) this.#connection.write((parts as string[]).join(""), "latin1", written);
    else if (this.#size < directBytes || this.#size > chunkBytes)
      this.#connection.write(joined(parts, Buffer.allocUnsafeSlow(this.#size)), undefined, written);
    else {
      const chunk = spare.pop() ?? Buffer.allocUnsafeSlow(chunkBytes);
      this.#connection.write(joined(parts, chunk), undefined, () => {
        if (spare.length < maxSpareChunks) spare.push(chunk);
        written?.();
      });
    }
    this.#written = true;
    this.#parts = [];
    this.#size = 0;
    this.#binary = false;
  }

  /** Sends what was gathered; a promise where the client does not keep up. */
  drained(): Promise<void> | undefined {
    this.flush();
    this.#written = false;
    const drained = this.#connection.drained();
    if (drained === undefined) return undefined;
    this.#connection.setTimeout(this.#stallMs);
    return drained.then(() => this.#connection.setTimeout(this.#silenceMs));
  }
}

/** The parts one after the other, at the beginning of `memory`. */
function joined(parts: readonly (string | Uint8Array)[], memory: Buffer): Buffer {
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") at += memory.write(part, at, "latin1");
    else {
      memory.set(part, at);
      at += part.length;
    }
  }
  return memory.subarray(0, at);
}
