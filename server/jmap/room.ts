/**
 * What all calls of one request may come to together: each alone may be large, and all of them stand in memory until the request is answered.
 */
import type { Json } from "../../protocol/jmap/types.ts";
import { writtenChars } from "../../protocol/jmap/written.ts";

/** Bytes of messages that are taken apart. */
export const maxMessageBytes = 128 * 1024 * 1024;
/** Characters of the answers; the call that goes beyond is answered, those after it are not run. */
export const maxAnswerChars = 64 * 1024 * 1024;

export class Room {
  #bytes = maxMessageBytes;
  #chars = maxAnswerChars;

  get chars(): number {
    return this.#chars;
  }

  /** No message need be read any more. */
  get isFull(): boolean {
    return this.#bytes < 0 || this.#chars < 0;
  }

  /** What was taken apart in vain is not tried again by the next call. */
  readNoMore(): void {
    this.#bytes = -1;
  }

  /** Whether there is room for messages of so many bytes, which are counted. */
  takeBytes(bytes: number): boolean {
    return (this.#bytes -= bytes) >= 0;
  }

  /** Whether there is room for an answer that is not given yet. */
  hasFor(answer: Json): boolean {
    return writtenChars(answer, this.#chars) <= this.#chars;
  }

  takeAnswer(answer: Json): void {
    this.#chars -= writtenChars(answer, this.#chars);
  }
}
