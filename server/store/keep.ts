/** Makes of a message's bytes what the operations take: large ones compressed off the thread and written to a blob first. */

import { promisify } from "node:util";
import { zstdCompress } from "node:zlib";
import type { Blobs } from "./blobs.ts";
import type { StoredBytes } from "./ops/tx.ts";
import { troubleOf } from "./trouble.ts";
import { compressionParams, encode } from "./zstd.ts";

/** Up to this many bytes compressing is so quick that the main thread may do it. */
export const maxQuickBytes = 32 * 1024;
/** Up to this many bytes SQLite's writer does it: with the context that it keeps that is less work than in passing. */
export const maxWriterBytes = 128 * 1024;
/** What is larger than this when compressed becomes a blob. */
export const maxInlineBytes = 256 * 1024;

const compressElsewhere = promisify(zstdCompress);

/** For small messages. */
export function keepQuickly(bytes: Uint8Array): StoredBytes {
  return { ...encode(bytes), sizeBytes: bytes.length, blob: "" };
}

/** For large ones: durable, where they become a blob, when the promise resolves. Rejects with `StoreTrouble`. */
export async function keepLarge(bytes: Uint8Array, blobs: Pick<Blobs, "write">): Promise<StoredBytes> {
  const sizeBytes = bytes.length;
  const packed: Uint8Array = await compressElsewhere(bytes, {
    pledgedSrcSize: sizeBytes,
    // Few pieces: going back and forth for each of many small ones costs as much as the compressing.
    chunkSize: Math.max(sizeBytes >> 1, 64 * 1024),
    params: compressionParams,
  });
  const shorter = packed.length < sizeBytes;
  const [encoding, data] = shorter ? ([1, packed] as const) : ([0, bytes] as const);
  if (data.length <= maxInlineBytes) return { encoding, sizeBytes, blob: "", data };
  try {
    return { encoding, sizeBytes, blob: await blobs.write(data), data: null };
  } catch (error) {
    throw troubleOf(error) ?? error;
  }
}
