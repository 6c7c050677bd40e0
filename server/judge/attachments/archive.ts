/**
 * What 7z, RAR, tar, ISO, CAB, cpio and LHA archives hold: libarchive, compiled to WebAssembly, so that what its parsers do wrong
 * stays inside. A trap (memory, table) ends the instance, and the next archive gets a new one.
 */
import type { ArchiveReader, LibarchiveWasm } from "libarchive-wasm";
import type { Budget } from "./bounds.ts";

export type ArchiveFile = {
  readonly name: string;
  readonly sizeBytes: number;
  readonly encrypted: boolean;
  readonly bytes: Buffer | undefined;
};
export type ArchiveContents = {
  readonly files: readonly ArchiveFile[];
  readonly encrypted: boolean;
  /** Not read to its end: broken, or beyond the bounds. */
  readonly more: boolean;
  readonly unpackedBytes: number;
};

/** An instance whose memory has grown beyond this is not kept. */
const maxKeptMemoryBytes = 128 * 1024 * 1024;
/** Files larger than this are looked at by their beginning. */
const headBytes = 256 * 1024;
let instance: LibarchiveWasm | undefined;
let makeReader: ((library: LibarchiveWasm, bytes: Int8Array) => ArchiveReader) | undefined;

/** Loads the library; `listArchive` needs it. */
export async function openArchives(): Promise<void> {
  if (instance !== undefined) return;
  // Only where there is an attachment: the server starts without it.
  const { ArchiveReader: Reader, libarchiveWasm } = await import("libarchive-wasm");
  makeReader = (library, bytes) => new Reader(library, bytes);
  instance ??= await libarchiveWasm();
}

/** Undefined where it is no archive that the library knows. */
export function listArchive(file: Buffer, budget: Budget): ArchiveContents | undefined {
  const library = instance;
  if (library === undefined || makeReader === undefined) throw new Error("openArchives comes first.");
  const files: ArchiveFile[] = [];
  let more = false;
  let encrypted = false;
  let unpackedBytes = 0;
  let reader: ArchiveReader | undefined;
  try {
    reader = makeReader(library, new Int8Array(file.buffer, file.byteOffset, file.byteLength));
    for (const entry of reader.entries()) {
      if (!budget.entry()) {
        more = true;
        break;
      }
      const sizeBytes = entry.getSize();
      unpackedBytes += sizeBytes;
      if (entry.isEncrypted()) encrypted = true;
      if (entry.getFiletype() === "Directory") continue;
      const take = Math.min(sizeBytes <= budget.bytes ? sizeBytes : headBytes, budget.bytes);
      let bytes: Buffer | undefined;
      if (!entry.isEncrypted() && take > 0)
        try {
          const data = reader.readData(take);
          bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
          budget.unpacked(bytes.length);
        } catch (error) {
          if (isTrap(error)) throw error;
          more = true; // This one cannot be unpacked; its name counts all the same.
        }
      files.push({ name: entry.getPathname() ?? "", sizeBytes, encrypted: entry.isEncrypted(), bytes });
    }
    if (reader.hasEncryptedData() === true) encrypted = true;
  } catch (error) {
    if (isTrap(error)) instance = undefined;
    if (reader === undefined) return undefined;
    more = true;
  }
  if (instance !== undefined) {
    try {
      reader?.free();
    } catch {
      instance = undefined;
    }
    if ((instance?.module.HEAP8.length ?? 0) > maxKeptMemoryBytes) instance = undefined;
  }
  return { files, encrypted, more, unpackedBytes };
}

/** WebAssembly.RuntimeError: the instance is in a state that nobody knows. */
function isTrap(error: unknown): boolean {
  return error instanceof Error && error.name === "RuntimeError";
}
