/** Some files of a zip archive, within bounds: what claims too much is passed over, what unpacks to more than it claims is cut off. */
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";

export type UnzipBounds = {
  readonly maxFiles: number;
  /** All files together, unpacked. */
  readonly maxUnpackedBytes: number;
  /** Unpacked ÷ packed, for files of some size. */
  readonly maxRatio: number;
};
export type UnzippedFile = { readonly name: string; readonly content: Buffer };

/** Files smaller than this may be packed as tightly as they like. */
const smallBytes = 100_000;

/** Ascending by name. Rejects where the archive itself is broken. */
export async function unzip(
  bytes: Uint8Array,
  isWanted: (name: string) => boolean,
  { maxFiles, maxUnpackedBytes, maxRatio }: UnzipBounds,
): Promise<readonly UnzippedFile[]> {
  const zip: ZipFile = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const files: UnzippedFile[] = [];
  let left = maxUnpackedBytes;
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, uncompressedSize, compressedSize } = entry as Entry;
    if (!isWanted(name) || uncompressedSize > left) continue;
    if (uncompressedSize > Math.max(smallBytes, compressedSize * maxRatio)) continue;
    left -= uncompressedSize;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    files.push({ name, content: Buffer.concat(pieces) });
    if (files.length >= maxFiles) break;
  }
  return files.sort((one, other) => (one.name < other.name ? -1 : 1));
}
