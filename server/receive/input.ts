/** What the peer sends, as lines or as raw bytes, with the session's deadlines. */
import { type LineFault, LineReader } from "../../protocol/lines.ts";
import { maxAuthLineBytes } from "../../protocol/smtp/command.ts";
import type { Connection, ReadEnd } from "../net/connection.ts";

/** Why nothing more comes: the connection's reasons, a deadline of ours ("late"), or far more than anybody may send ("flood"). */
export type InputEnd = ReadEnd | "late" | "flood";

/** A line that goes on and on is cut off after this much. */
const maxSkippedBytes = 4 * 1024 * 1024;

export class Input {
  readonly #connection: Connection;
  #reader = new LineReader(maxAuthLineBytes);
  /** Monotonic ms. */
  deadline: number;

  constructor(connection: Connection, deadline: number) {
    this.#connection = connection;
    this.deadline = deadline;
  }

  /** The next line that is here, a fault, or undefined: `fill` first. */
  line(): Buffer | LineFault | undefined {
    return this.#reader.next();
  }

  /** Waits for more bytes; undefined when they have come. */
  async fill(): Promise<InputEnd | undefined> {
    const chunk = await this.#read();
    if (typeof chunk === "string") return chunk;
    this.#reader.push(chunk);
    return this.#reader.skippedBytes > maxSkippedBytes ? "flood" : undefined;
  }

  /** The next raw bytes, at most `atMost`, as a view. `borrows` as in `Connection.read`; only where everything is taken (`atMost` Infinity). */
  async bytes(atMost: number, borrows = false): Promise<Buffer | InputEnd> {
    if (this.#reader.pendingBytes === 0) {
      const chunk = await this.#read(borrows);
      if (typeof chunk === "string" || chunk.length <= atMost) return chunk;
      this.#reader.push(chunk);
    }
    return this.#reader.take(atMost);
  }

  /** Puts back what `bytes` gave too much of. */
  putBack(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const behind = this.#reader.take(Infinity);
    this.#reader.push(behind.length === 0 ? bytes : Buffer.concat([bytes, behind]));
  }

  /** Whether anything has come that nobody has read yet. */
  get pending(): boolean {
    return this.#reader.pending || this.#connection.unreadBytes > 0;
  }

  /** RFC 3207 §4.2: forget everything learnt in the clear. */
  reset(): void {
    this.#reader = new LineReader(maxAuthLineBytes);
  }

  async #read(borrows = false): Promise<Buffer | InputEnd> {
    const wait = this.#connection.drained();
    if (wait !== undefined) await wait;
    const chunk = await this.#connection.read(borrows);
    return typeof chunk !== "string" && performance.now() > this.deadline ? "late" : chunk;
  }
}
