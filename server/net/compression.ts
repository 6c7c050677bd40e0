/** RFC 4978 COMPRESS=DEFLATE: a raw deflate stream each way, between a socket and its Connection. */
import type { Socket } from "node:net";
import { constants, createDeflateRaw, createInflateRaw, type DeflateRaw, type InflateRaw } from "node:zlib";

/** Unpacked at a time: with the reader's own bound this is all that a decompression bomb can make us hold. */
const chunkBytes = 16 * 1024;

export type CompressionEvents = {
  /** Unpacked input. */
  readonly data: (chunk: Buffer) => void;
  /** The peer's stream ended in order (all that was unpacked has been given out before). */
  readonly end: () => void;
  /** What came was no deflate stream. */
  readonly error: (error: Error) => void;
  /** What was written has gone to the socket. */
  readonly drain: () => void;
};

export class Compression {
  readonly #inflate: InflateRaw;
  readonly #deflate: DeflateRaw;
  readonly #socket: Socket;
  /** Something has been written since the last flush. */
  #unflushed = false;

  constructor(socket: Socket, on: CompressionEvents) {
    this.#socket = socket;
    this.#inflate = createInflateRaw({ chunkSize: chunkBytes });
    // A window of 16 KiB and memory level 6 keep a compressed session near 100 KiB instead of 300.
    this.#deflate = createDeflateRaw({ chunkSize: chunkBytes, level: 4, windowBits: 14, memLevel: 6 });
    this.#inflate.on("data", on.data);
    this.#inflate.on("end", on.end);
    this.#inflate.on("error", on.error);
    this.#inflate.on("drain", () => {
      if (socket.isPaused()) socket.resume();
    });
    this.#deflate.on("data", (chunk: Buffer) => {
      if (!socket.write(chunk)) this.#deflate.pause();
    });
    this.#deflate.on("drain", on.drain);
    this.#deflate.on("error", on.error);
  }

  /** Packed bytes from the socket. */
  take(chunk: Buffer): void {
    if (!this.#inflate.writable) return;
    if (!this.#inflate.write(chunk)) this.#socket.pause();
  }

  /** The socket gives no more. Answers whether there is input to be unpacked still: then "end" or "error" follows. */
  finish(): boolean {
    if (this.#inflate.writable) this.#inflate.end();
    return !this.#inflate.readableEnded && !this.#inflate.destroyed;
  }

  pause(): void {
    this.#inflate.pause();
  }

  resume(): void {
    this.#inflate.resume();
  }

  /** `taken` is called when the data have been packed. */
  write(data: string | Uint8Array, encoding: "latin1" | "utf8", taken?: (error?: Error | null) => void): void {
    this.#unflushed = true;
    this.#deflate.write(data, encoding, taken);
  }

  /**
   * Sends what was written so far, so that the peer can unpack all of it. Nothing leaves where there is nothing to send: an
   * empty block right behind the OK of COMPRESS is more than some clients expect.
   */
  flush(): void {
    if (!this.#unflushed) return;
    this.#unflushed = false;
    if (this.#deflate.writable) this.#deflate.flush(constants.Z_SYNC_FLUSH);
  }

  /** The socket takes bytes again. */
  socketDrained(): void {
    if (this.#deflate.isPaused()) this.#deflate.resume();
  }

  get needsDrain(): boolean {
    return this.#deflate.writableNeedDrain;
  }

  /** Packs the last bytes; `done` when the socket has been given all. */
  end(done: () => void): void {
    if (this.#deflate.destroyed || this.#deflate.readableEnded) {
      done();
      return;
    }
    this.#deflate.once("end", done);
    this.#deflate.once("close", done);
    this.#deflate.resume();
    this.#deflate.end();
  }

  destroy(): void {
    this.#inflate.destroy();
    this.#deflate.destroy();
  }
}
