/**
 * Bytes of messages, compressed. Small ones are compressed with a dictionary of what mail is made of, which saves a
 * third of them.
 *
 * `node:zlib` makes a new zstd context for each call of its synchronous functions; that costs several times the
 * compression of a small message. So one context of each sort is kept and driven through its handle, which is not public:
 * where it does not look and work as expected, the public functions do the same, only slower.
 */
import { constants, createZstdCompress, createZstdDecompress, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Encoding } from "./ops/tx.ts";
import { dictionary } from "./zstd-dictionary.ts";

/** Below this nothing is won. */
const minBytes = 128;
/** Beyond this the dictionary is nothing beside the message. */
const maxDictionaryBytes = 16 * 1024;
/** The checksum (four bytes) lets `verify` find bits that have fallen over. */
const compressionParams = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 };

export type Encoded = { readonly encoding: Encoding; readonly data: Uint8Array };

/** The bytes in their shortest form; `data` shares memory with nothing but, when they stay plain, `bytes`. */
export function encode(bytes: Uint8Array): Encoded {
  const encoding = bytes.length <= maxDictionaryBytes ? 2 : 1;
  const packed = bytes.length < minBytes ? undefined : compressors[encoding](bytes);
  return packed === undefined ? { encoding: 0, data: bytes } : { encoding, data: packed };
}

/** Fills `target` with the first bytes of what was encoded; throws when the data are damaged or too short. */
export function decodeInto({ encoding, data }: Encoded, target: Uint8Array): void {
  if (encoding !== 0) decompressors[encoding](data, target);
  else if (data.length < target.length) throw new Error("Stored bytes are shorter than they should be.");
  else target.set(data.subarray(0, target.length));
}

/** A whole frame without a dictionary, of whatever size it says; throws when it is damaged or cut. */
export function unpackFrame(data: Uint8Array): Uint8Array {
  const size = frameSize(data);
  if (size === undefined || size > maxFrameBytes) return zstdDecompressSync(data);
  const target = Buffer.allocUnsafeSlow(size);
  decompressors[1](data, target);
  return target;
}

/** A frame that says it is larger is believed only as it unpacks. */
const maxFrameBytes = 64 * 1024 * 1024;

/** The decoded size as a frame tells it (RFC 8878 §3.1.1.1); undefined where it does not. */
function frameSize(data: Uint8Array): number | undefined {
  const descriptor = data[4] ?? 0;
  const single = (descriptor & 32) !== 0;
  const flag = descriptor >>> 6;
  if (flag === 3 || (flag === 0 && !single)) return undefined;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const byte = (index: number): number => data[at + index] ?? 0;
  if (flag === 0) return byte(0);
  if (flag === 1) return byte(0) + byte(1) * 256 + 256;
  return byte(0) + byte(1) * 256 + byte(2) * 65_536 + byte(3) * 16_777_216;
}

// ---------------------------------------------------------------- contexts

type Handle = {
  onerror: (message: string, errno: number, code: string) => void;
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inOffset: number,
    inLength: number,
    output: Uint8Array,
    outOffset: number,
    outLength: number,
  ): void;
};
type Context = {
  readonly handle: Handle /** What is left: of the output, of the input. */;
  readonly left: Uint32Array;
};

/** The insides of a zlib stream, where they are what we know. */
function contextOf(stream: object): Context | undefined {
  const { _handle: handle, _writeState: left } = stream as { _handle?: Handle; _writeState?: unknown };
  const fits =
    typeof handle?.writeSync === "function" && typeof handle.reset === "function" && left instanceof Uint32Array;
  return fits ? { handle, left: left as Uint32Array } : undefined;
}

/** Runs a context once from its beginning; answers the bytes written. */
function once({ handle, left }: Context, flush: number, input: Uint8Array, output: Uint8Array): number {
  let failure: string | undefined;
  handle.onerror = (message) => {
    failure = message;
  };
  handle.reset();
  handle.writeSync(flush, input, 0, input.length, output, 0, output.length);
  if (failure !== undefined) throw new Error(`zstd: ${failure}`);
  return output.length - left[0]!;
}

/** How many of the four contexts run the fast way (a test sees when a new Node takes it away). */
export let fastContexts = 0;

type Compress = (bytes: Uint8Array) => Uint8Array | undefined; // undefined: not shorter
type Decompress = (data: Uint8Array, target: Uint8Array) => void;

/** Memory for output is kept up to this size. */
const maxScratchBytes = 4 * 1024 * 1024;
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * ZSTD_COMPRESSBOUND: the most that so many bytes become. With so much room zstd works on the input where it lies; with less it copies it into
 * a ring of its own first, and looks for repetitions across the ring's end.
 */
function roomFor(bytes: number): number {
  return bytes + (bytes >>> 8) + (bytes < 128 * 1024 ? (128 * 1024 - bytes) >>> 11 : 0);
}

function compressor(words: Buffer | undefined): Compress {
  const unpacking = words === undefined ? {} : { dictionary: words };
  const options = { params: compressionParams, ...unpacking };
  const plain: Compress = (bytes) => {
    const packed = zstdCompressSync(bytes, { ...options, pledgedSrcSize: bytes.length });
    return packed.length < bytes.length ? packed : undefined;
  };
  const context = contextOf(createZstdCompress(options));
  if (context === undefined) return plain;
  const fast: Compress = (bytes) => {
    const room = roomFor(bytes.length);
    const keeps = room <= maxScratchBytes;
    if (keeps && scratch.length < room) scratch = Buffer.allocUnsafeSlow(room);
    const output = keeps ? scratch : Buffer.allocUnsafeSlow(room);
    const length = once(context, constants.ZSTD_e_end, bytes, output);
    return length < bytes.length ? Buffer.from(output.subarray(0, length)) : undefined;
  };
  const sample = Buffer.from("Angarium ".repeat(40));
  const works = () => {
    const packed = fast(sample);
    return packed !== undefined && zstdDecompressSync(packed, unpacking).equals(sample);
  };
  return chosen(works, fast, plain);
}

function decompressor(words: Buffer | undefined): Decompress {
  const options = words === undefined ? {} : { dictionary: words };
  const plain: Decompress = (data, target) => {
    const bytes = zstdDecompressSync(data, options);
    if (bytes.length < target.length) throw new Error("Stored bytes are shorter than they should be.");
    target.set(bytes.subarray(0, target.length));
  };
  const context = contextOf(createZstdDecompress(options));
  if (context === undefined) return plain;
  const fast: Decompress = (data, target) => {
    if (target.length > 0 && once(context, constants.ZSTD_e_continue, data, target) < target.length)
      throw new Error("Stored bytes are shorter than they should be.");
  };
  const sample = Buffer.from("Angarium ".repeat(40));
  const works = () => {
    const target = Buffer.alloc(sample.length);
    fast(zstdCompressSync(sample, options), target);
    return target.equals(sample);
  };
  return chosen(works, fast, plain);
}

/** The fast way where it has shown, twice, that it works. */
function chosen<T>(works: () => boolean, fast: T, plain: T): T {
  try {
    if (!works() || !works()) return plain;
  } catch {
    return plain;
  }
  fastContexts++;
  return fast;
}

const compressors = { 1: compressor(undefined), 2: compressor(dictionary) } as const;
const decompressors = { 1: decompressor(undefined), 2: decompressor(dictionary) } as const;
