/** HMAC-SHA-256 (RFC 2104) for short texts, many a second, under one key. */
import { hash } from "node:crypto";

const blockBytes = 64;
const hashBytes = 32;
/** Of texts that are copied beside the key; longer ones get memory of their own. */
const usualBytes = 512;

/** The keyed hash of a text's UTF-8 bytes, 32 of them, as `createHmac("sha256", key)` makes it: two plain hashes, without an object of OpenSSL for each. */
export function keyedHash(key: Uint8Array): (text: string) => Buffer {
  const fits = key.length <= blockBytes ? key : hash("sha256", key, "buffer");
  const inner = Buffer.alloc(blockBytes + usualBytes, 0x36);
  const outer = Buffer.alloc(blockBytes + hashBytes, 0x5c);
  for (const [at, byte] of fits.entries()) {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  }
  return (text) => {
    // A character has three bytes of UTF-8 at most.
    const short = text.length * 3 <= usualBytes;
    const bytes = short
      ? inner.subarray(0, blockBytes + inner.write(text, blockBytes))
      : Buffer.concat([inner.subarray(0, blockBytes), Buffer.from(text)]);
    hash("sha256", bytes, "buffer").copy(outer, blockBytes);
    return hash("sha256", outer, "buffer");
  };
}
