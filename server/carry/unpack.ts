/** An archive that somebody sent becomes a folder: tar, tar packed with gzip, or zip. What is none of them is one file of mail. */
import { createWriteStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise } from "yauzl";
import { CannotCarry } from "./put.ts";
import { maxArchiveEntries, untar } from "./untar.ts";

/** "tar" is plain or packed with gzip; "file": no archive. */
export async function archiveKindOf(path: string): Promise<"tar" | "zip" | "file"> {
  const file = await open(path, "r");
  try {
    const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return "tar";
    // POSIX and GNU both write it there.
    if (buffer.toString("latin1", 257, 262) === "ustar") return "tar";
    return buffer.toString("latin1", 0, 4) === "PK\x03\x04" ? "zip" : "file";
  } finally {
    await file.close();
  }
}

/** `into` must be there. Rejects with `CannotCarry` where the archive is broken, leads out of `into`, or unpacks to more than `maxBytes`. */
export async function unpack(path: string, into: string, maxBytes: number): Promise<void> {
  const kind = await archiveKindOf(path);
  return kind === "zip" ? unzipInto(path, into, maxBytes) : untar(path, into, maxBytes);
}

async function unzipInto(path: string, into: string, maxBytes: number): Promise<void> {
  let [entries, bytes] = [0, 0];
  try {
    // It refuses names that lead out, and files that unpack to another size than they claim.
    const zip = await openPromise(path);
    for await (const entry of zip.eachEntry()) {
      const { fileName, uncompressedSize } = entry as Entry;
      bytes += uncompressedSize;
      if (++entries > maxArchiveEntries || bytes > maxBytes)
        throw new CannotCarry(`The archive holds more than ${maxArchiveEntries} entries, or than ${maxBytes} bytes.`);
      if (fileName.endsWith("/")) continue;
      const place = join(into, fileName);
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      // "wx": a name that stands there twice is no way to write over another.
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(place, { flags: "wx", mode: 0o600 }));
    }
  } catch (error) {
    if (error instanceof CannotCarry || isOfDisk(error)) throw error;
    throw new CannotCarry(`The archive cannot be read as zip: ${(error as Error).message}`);
  }
  if (entries === 0) throw new CannotCarry("The archive is empty.");
}

const isOfDisk = (error: unknown): boolean =>
  ["ENOSPC", "EIO", "EDQUOT", "EROFS"].includes((error as { readonly code?: string }).code ?? "");
