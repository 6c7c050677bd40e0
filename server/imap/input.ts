/** What the client sends, as steps: chunks of the connection put through the command reader, with a way to be woken while waiting. */
import type { CommandReader, LineStep, ReadStep } from "../../protocol/imap/reader.ts";
import type { Connection, ReadEnd } from "../net/connection.ts";

type Ended = { readonly kind: "ended"; readonly why: ReadEnd | "woken" };

export class Input {
  readonly #connection: Pick<Connection, "read" | "unreadBytes">;
  readonly #reader: CommandReader;
  readonly #beforeWaiting: () => void;
  /** A read of the connection is under way; what it brings is kept here until asked for. */
  #reading = false;
  #arrived: Buffer | ReadEnd | undefined;
  #wake: (() => void) | undefined;
  #woken = false;

  /** `beforeWaiting`: the client may be waiting for what we have gathered to say. */
  constructor(connection: Pick<Connection, "read" | "unreadBytes">, reader: CommandReader, beforeWaiting: () => void) {
    this.#connection = connection;
    this.#reader = reader;
    this.#beforeWaiting = beforeWaiting;
  }

  /** The next whole command, or what stands in its way. */
  async command(): Promise<Exclude<ReadStep, { kind: "more" }> | Ended> {
    for (;;) {
      const step = this.#reader.next();
      if (step.kind !== "more") return step;
      const end = await this.#more();
      if (end !== undefined) return end;
    }
  }

  /** The next line that is no command. */
  async line(): Promise<Exclude<LineStep, { kind: "more" }> | Ended> {
    for (;;) {
      const step = this.#reader.line();
      if (step.kind !== "more") return step;
      const end = await this.#more();
      if (end !== undefined) return end;
    }
  }

  /** Ends the present wait, or else the next one, with "woken". */
  readonly wake = (): void => {
    this.#woken = true;
    this.#wake?.();
  };

  /** Something came that no command has used yet: the client does not wait for our answers. */
  get pipelined(): boolean {
    return this.unreadBytes > 0;
  }

  get unreadBytes(): number {
    const arrived = Buffer.isBuffer(this.#arrived) ? this.#arrived.length : 0;
    return this.#reader.unreadBytes + this.#connection.unreadBytes + arrived;
  }

  async #more(): Promise<Ended | undefined> {
    if (this.#arrived === undefined && !this.#woken) {
      this.#beforeWaiting();
      const waiting = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#reading) {
        this.#reading = true;
        this.#connection.read().then(this.#take, this.#broken);
      }
      await waiting;
      this.#wake = undefined;
    }
    const arrived = this.#arrived;
    if (arrived !== undefined) {
      this.#arrived = undefined;
      if (typeof arrived === "string") return { kind: "ended", why: arrived };
      this.#reader.push(arrived);
      return undefined;
    }
    this.#woken = false;
    return { kind: "ended", why: "woken" };
  }

  readonly #take = (chunk: Buffer | ReadEnd): void => {
    this.#reading = false;
    this.#arrived = chunk;
    this.#wake?.();
  };

  readonly #broken = (): void => this.#take("closed");
}
