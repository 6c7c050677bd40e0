/** Memory that messages take while they are being received and filed, over all sessions. */

/** Default bound. */
export const defaultMaxBytesInFlight = 512 * 1024 * 1024;
/** The last fifth is kept for messages up to this size: a few peers with huge ones must not shut all others out. */
const smallBytes = 256 * 1024;

export class BytesInFlight {
  readonly #maxBytes: number;
  usedBytes = 0;

  constructor(maxBytes: number = defaultMaxBytesInFlight) {
    this.#maxBytes = maxBytes;
  }

  /** Room for `bytes` more of a message that has then `totalBytes`; false: there is none, nothing was taken. */
  take(bytes: number, totalBytes: number): boolean {
    const limit = totalBytes > smallBytes ? this.#maxBytes * 0.8 : this.#maxBytes;
    if (this.usedBytes + bytes > limit) return false;
    this.usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.usedBytes -= bytes;
  }
}
