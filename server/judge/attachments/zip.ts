/**
 * What a ZIP holds. Both directories are read, the central one and the headers in front of the files, because programs differ
 * in which one they believe and a trap uses that; what is broken is read as far as it goes. Packages refuse such files or
 * believe one directory alone. (APPNOTE.TXT 6.3.10 §4.3)
 */
import { constants, inflateRawSync } from "node:zlib";

export type ZipEntry = {
  readonly name: string;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  readonly encrypted: boolean;
  readonly method: number;
  /** Where its local header is. */
  readonly at: number;
};
export type Zip = {
  readonly entries: readonly ZipEntry[];
  /** Entries that share their bytes: how a small file pretends to hold very much. */
  readonly overlapping: boolean;
  /** There are more entries than asked for. */
  readonly more: boolean;
  /** Bytes before the first entry. */
  readonly prefixBytes: number;
};

const local = Buffer.from("PK\u0003\u0004", "latin1");
const central = 0x02014b50;
const endOfDirectory = Buffer.from("PK\u0005\u0006", "latin1");
const maxCommentBytes = 65_557;

/** Undefined where there is no ZIP in it. */
export function readZip(file: Buffer, maxEntries: number): Zip | undefined {
  const first = file.indexOf(local);
  const listed = readCentral(file, maxEntries);
  if (first < 0 && listed === undefined) return undefined;
  const entries = new Map<string, ZipEntry>();
  for (const entry of listed?.entries ?? []) entries.set(`${entry.at} ${entry.name}`, entry);
  let more = listed?.more ?? false;
  // Local headers are followed as far as their sizes lead; a header that the directory does not have is an entry too.
  for (let at = first, seen = 0; at >= 0; seen++) {
    if (seen >= maxEntries) {
      more = true;
      break;
    }
    const entry = readLocal(file, at);
    if (entry === undefined) break;
    const key = `${at} ${entry.name}`;
    if (!entries.has(key) && entry.name !== "") entries.set(key, entry);
    const known = entries.get(key) ?? entry;
    const next = dataStart(file, at) + Math.max(entry.packedBytes, known.packedBytes);
    at = file.indexOf(local, Math.max(at + 4, Math.min(next, file.length)));
  }
  const all = [...entries.values()];
  return { entries: all, overlapping: overlap(file, listed?.entries ?? []), more, prefixBytes: Math.max(0, first) };
}

/** Whether it ends as a ZIP does, wherever it begins. */
export function endsAsZip(file: Buffer): boolean {
  return readCentral(file, 1)?.entries.length === 1;
}

/** The content of an entry, at most `maxBytes`; undefined where it cannot be unpacked. */
export function unzip(file: Buffer, entry: ZipEntry, maxBytes: number): Buffer | undefined {
  if (entry.encrypted || entry.at < 0 || entry.at + 30 > file.length) return undefined;
  if (file.compare(local, 0, 4, entry.at, entry.at + 4) !== 0) return undefined;
  const start = dataStart(file, entry.at);
  // Where sizes are not said (they follow the data), what remains of the file holds it.
  const packed = file.subarray(start, entry.packedBytes > 0 ? start + entry.packedBytes : file.length);
  if (entry.method === 0) return packed.subarray(0, Math.min(maxBytes, entry.sizeBytes || packed.length));
  if (entry.method !== 8) return undefined;
  return inflate(packed, maxBytes, inflateRawSync);
}

/** The first `maxBytes` at most that come out of it, as far as it is whole; undefined where nothing does. */
export function inflate(
  packed: Buffer,
  maxBytes: number,
  how: (bytes: Buffer, options: { finishFlush: number; maxOutputLength: number }) => Buffer,
): Buffer | undefined {
  // Deflate makes at most 1032 bytes of one: where all of it might be too much, a beginning is taken that cannot be.
  const sure = Math.max(512, Math.floor(maxBytes / 1032));
  for (const take of packed.length <= sure ? [packed] : [packed, packed.subarray(0, sure)])
    try {
      const out = how(take, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: Math.max(maxBytes, 528_384) });
      return out.subarray(0, maxBytes);
    } catch {
      // It breaks, or would be too much: the beginning is tried, and then there is nothing.
    }
  return undefined;
}

function readCentral(
  file: Buffer,
  maxEntries: number,
): { readonly entries: readonly ZipEntry[]; readonly more: boolean } | undefined {
  const end = file.lastIndexOf(endOfDirectory);
  if (end < 0 || end < file.length - maxCommentBytes || end + 22 > file.length) return undefined;
  const size = file.readUInt32LE(end + 12);
  const offset = file.readUInt32LE(end + 16);
  // Bytes in front of a ZIP move its directory: it ends where the end record begins.
  let at = offset + size === end || size > end ? offset : end - size;
  const shift = at - offset;
  const entries: ZipEntry[] = [];
  while (at + 46 <= file.length && file.readUInt32LE(at) === central) {
    if (entries.length >= maxEntries) return { entries, more: true };
    const nameBytes = file.readUInt16LE(at + 28);
    const extraBytes = file.readUInt16LE(at + 30);
    const commentBytes = file.readUInt16LE(at + 32);
    entries.push({
      name: nameOf(file.subarray(at + 46, at + 46 + nameBytes)),
      packedBytes: file.readUInt32LE(at + 20),
      sizeBytes: file.readUInt32LE(at + 24),
      encrypted: (file.readUInt16LE(at + 8) & 0x41) !== 0,
      method: file.readUInt16LE(at + 10),
      at: file.readUInt32LE(at + 42) + shift,
    });
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  return { entries, more: false };
}

function readLocal(file: Buffer, at: number): ZipEntry | undefined {
  if (at + 30 > file.length) return undefined;
  return {
    name: nameOf(file.subarray(at + 30, at + 30 + file.readUInt16LE(at + 26))),
    packedBytes: file.readUInt32LE(at + 18),
    sizeBytes: file.readUInt32LE(at + 22),
    encrypted: (file.readUInt16LE(at + 6) & 0x41) !== 0,
    method: file.readUInt16LE(at + 8),
    at,
  };
}

function dataStart(file: Buffer, at: number): number {
  return at < 0 || at + 30 > file.length
    ? file.length
    : at + 30 + file.readUInt16LE(at + 26) + file.readUInt16LE(at + 28);
}

/** UTF-8 whatever the flag says; old code pages come out garbled, which does not hide an extension. */
function nameOf(bytes: Buffer): string {
  return bytes.toString("utf8").replaceAll("\\", "/");
}

function overlap(file: Buffer, entries: readonly ZipEntry[]): boolean {
  const sorted = entries.filter((entry) => entry.packedBytes > 0).sort((a, b) => a.at - b.at);
  let reached = 0;
  for (const entry of sorted) {
    if (entry.at < reached) return true;
    reached = dataStart(file, entry.at) + entry.packedBytes;
  }
  return false;
}
