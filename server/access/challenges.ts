/** Challenges that prove themselves: nothing is kept of those that nobody answers, so a flood of questions pushes out nobody's. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Instant } from "../store/store.ts";

/** A challenge may be answered for so long. */
const challengeMs = 5 * 60 * 1000;

const untilBytes = 6;
const nonceBytes = 16;
const macBytes = 32;

/** A challenge is: when it ends, a nonce, and a MAC over both and what it is bound to. Whoever accepts one sees to it that it is good once. */
export class Challenges {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  make(subject: string, now: Instant): Uint8Array<ArrayBuffer> {
    const head = Buffer.alloc(untilBytes + nonceBytes);
    head.writeUIntBE(now + challengeMs, 0, untilBytes);
    randomBytes(nonceBytes).copy(head, untilBytes);
    return Uint8Array.from([...head, ...this.#mac(head, subject)]);
  }

  /** Whether we made this one (base64url) for the subject, and it has not ended. */
  stands(challenge: string, subject: string, now: Instant): boolean {
    const bytes = Buffer.from(challenge, "base64url");
    // One way of writing it: another way of writing a used one is not another one.
    if (bytes.length !== untilBytes + nonceBytes + macBytes || bytes.toString("base64url") !== challenge) return false;
    const head = bytes.subarray(0, untilBytes + nonceBytes);
    return timingSafeEqual(bytes.subarray(head.length), this.#mac(head, subject)) && !this.isOver(challenge, now);
  }

  /** Of one that stood: whether its time is over. */
  isOver(challenge: string, now: Instant): boolean {
    return Buffer.from(challenge, "base64url").readUIntBE(0, untilBytes) <= now;
  }

  #mac(head: Uint8Array, subject: string): Buffer {
    return createHmac("sha256", this.#key).update(head).update(subject).digest();
  }
}
