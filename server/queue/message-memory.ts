/** Which messages of the ready stage have their bytes in memory: fresh ones as long as there is room, others while they are being sent. */
import type { Log } from "../base/log.ts";
import type { QueuedMessage } from "../store/store.ts";
import type { Held } from "./item.ts";
import { MemoryBound } from "./memory-bound.ts";

/** The message as it goes out; undefined: it is not there any more. */
export type BytesOf = (message: QueuedMessage) => Promise<Uint8Array | undefined>;

export class MessageMemory {
  readonly #bytesOf: BytesOf;
  readonly #maxKeptBytes: number;
  readonly #inFlight: MemoryBound;
  readonly #log: Log;
  #keptBytes = 0;

  constructor(bytesOf: BytesOf, bounds: { readonly kept: number; readonly inFlight: number }, log: Log) {
    this.#bytesOf = bytesOf;
    this.#maxKeptBytes = bounds.kept;
    this.#inFlight = new MemoryBound(bounds.inFlight);
    this.#log = log;
  }

  /** Keeps the bytes of a fresh message if there is room. */
  keep(held: Held, bytes: Buffer): void {
    if (this.#keptBytes + bytes.length > this.#maxKeptBytes) return;
    held.bytes = withoutReturnPath(bytes);
    held.kept = true;
    this.#keptBytes += held.bytes.length;
  }

  /** Sees to it that the bytes are there; false when they are not to be had. */
  load(held: Held): Promise<boolean> {
    held.loading ??= this.#load(held).finally(() => {
      held.loading = undefined;
    });
    return held.loading;
  }

  async #load(held: Held): Promise<boolean> {
    if (held.bytes !== undefined) return true;
    const { sizeBytes, content } = held.message;
    await this.#inFlight.enter(sizeBytes);
    try {
      const bytes = await this.#bytesOf(held.message);
      if (bytes !== undefined) {
        held.bytes = withoutReturnPath(asBuffer(bytes));
        return true;
      }
      this.#log.error({ queue: held.message.id, content }, "a queued message is missing from the store");
    } catch (error) {
      this.#log.error({ err: error, queue: held.message.id }, "a queued message could not be read");
    }
    this.#inFlight.leave(sizeBytes);
    return false;
  }

  /** An item has been done. Bytes that were read for it go: another that waits for a slow site must not hold them. */
  drop(held: Held): void {
    if (held.bytes === undefined || held.kept) return;
    held.bytes = undefined;
    this.#inFlight.leave(held.message.sizeBytes);
  }

  /** All items of the message are over. */
  forget(held: Held): void {
    this.drop(held);
    if (held.bytes === undefined) return;
    this.#keptBytes -= held.bytes.length;
    held.bytes = undefined;
    held.kept = false;
  }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** RFC 5321 §4.4: Return-Path is added at final delivery. A message that was filed here too has one on top, which is not sent on. */
export function withoutReturnPath(message: Buffer): Buffer {
  if (message.length < 12 || message.toString("latin1", 0, 12).toLowerCase() !== "return-path:") return message;
  let end = message.indexOf(10);
  while (message[end + 1] === 32 || message[end + 1] === 9) {
    const next = message.indexOf(10, end + 1);
    if (next < 0) return message;
    end = next;
  }
  return end < 0 ? message : message.subarray(end + 1);
}
