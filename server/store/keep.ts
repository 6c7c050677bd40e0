/** Makes of a message's bytes what the operations take: compressed, and large ones written to a blob first. Both take a while: not for the main thread. */

import type { Blobs } from "./blobs.ts";
import type { StoredBytes } from "./ops/tx.ts";
import { encode } from "./zstd.ts";

/** Up to this many bytes compressing is so quick that the main thread may do it. */
export const maxQuickBytes = 32 * 1024;
/** Up to this many bytes SQLite's writer does it: that is less work than in passing. */
export const maxWriterBytes = 128 * 1024;
/** What is larger than this when compressed becomes a blob. */
export const maxInlineBytes = 256 * 1024;

/** For small messages. */
export function keepQuickly(bytes: Uint8Array): StoredBytes {
  return { ...encode(bytes), sizeBytes: bytes.length, blob: "" };
}

/** For large ones: durable, where they become a blob, when it returns. */
export function keepLarge(bytes: Uint8Array, blobs: Pick<Blobs, "write">): StoredBytes {
  const { encoding, data } = encode(bytes);
  const sizeBytes = bytes.length;
  if (data.length <= maxInlineBytes) return { encoding, sizeBytes, blob: "", data };
  return { encoding, sizeBytes, blob: blobs.write(data), data: null };
}
