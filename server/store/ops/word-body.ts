/**
 * Blocks of the index of words as they are kept: compressed, which saves a third of them. A block that is not begins with the zero that the
 * first word shares with none before it; older versions kept all so, and those stay until they are merged.
 */
import { Buffer } from "node:buffer";
import { constants, zstdCompressSync } from "node:zlib";
import { unpackFrame } from "../zstd.ts";

/** The checksum finds bits that have fallen over. */
const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };
/** RFC 8878 §3.1.1: what a frame begins with. */
const frame = 0x28;

export const packBody = (body: Uint8Array): Uint8Array => zstdCompressSync(body, { params });

export const unpackBody = (kept: Uint8Array): Uint8Array => (kept[0] === frame ? unpackFrame(kept) : kept);

/** What stands before the words of each block in a list, and no word holds. */
export const blockStart = 11;

/** Lists of words, one of each block (`protocol/words/dictionary.ts`), as one. */
export const joinLists = (lists: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(lists.flatMap((list) => [Uint8Array.of(blockStart), list]));
