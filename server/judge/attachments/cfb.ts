/**
 * Compound files (MS-CFB): what old Office documents, Outlook messages and Windows installers are. The package of this name on
 * npm has had no release since 2022 and takes the whole file apart; here the directory is read and the streams asked for, every
 * chain bounded by the number of sectors there are.
 */

export type CfbEntry = {
  readonly name: string;
  readonly kind: "storage" | "stream" | "root";
  /** Upper-case hexadecimal as the bytes stand; "" where it is zero. */
  readonly classId: string;
  readonly start: number;
  readonly sizeBytes: number;
};
export type Cfb = {
  readonly entries: readonly CfbEntry[];
  /** The content of a stream, at most `maxBytes`. */
  read(entry: CfbEntry, maxBytes: number): Buffer;
};

const maxDirectoryEntries = 20_000;
const endOfChain = 0xfffffffa; // this and all above are no sectors

/** Undefined where it is not one, or too broken to say. */
export function readCfb(file: Buffer): Cfb | undefined {
  if (file.length < 1024 || file.readUInt32BE(0) !== 0xd0cf11e0) return undefined;
  const shift = file.readUInt16LE(30);
  if (shift !== 9 && shift !== 12) return undefined;
  const sectorBytes = 1 << shift;
  const miniBytes = 64;
  const sectors = Math.ceil(file.length / sectorBytes);
  const sector = (index: number): Buffer => file.subarray((index + 1) * sectorBytes, (index + 2) * sectorBytes);
  const perSector = sectorBytes / 4;

  // Where the sectors of the allocation table are: 109 in the header, the rest in a chain.
  const tables: number[] = [];
  for (let i = 0; i < 109; i++) tables.push(file.readUInt32LE(76 + i * 4));
  let difat = file.readUInt32LE(68);
  for (let seen = 0; difat < sectors && seen < sectors; seen++) {
    const bytes = sector(difat);
    if (bytes.length < sectorBytes) break;
    for (let i = 0; i < perSector - 1; i++) tables.push(bytes.readUInt32LE(i * 4));
    difat = bytes.readUInt32LE(sectorBytes - 4);
  }
  const next = (index: number): number => {
    const table = tables[Math.floor(index / perSector)];
    if (table === undefined || table >= sectors) return endOfChain;
    const at = (table + 1) * sectorBytes + (index % perSector) * 4;
    return at + 4 <= file.length ? file.readUInt32LE(at) : endOfChain;
  };
  const chain = (start: number, maxBytes: number): Buffer => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (let at = start, seen = 0; at < sectors && seen < sectors && bytes < maxBytes; seen++, at = next(at)) {
      const piece = sector(at);
      if (piece.length === 0) break;
      pieces.push(piece);
      bytes += piece.length;
    }
    return Buffer.concat(pieces).subarray(0, maxBytes);
  };

  const directory = chain(file.readUInt32LE(48), maxDirectoryEntries * 128);
  const entries: CfbEntry[] = [];
  for (let at = 0; at + 128 <= directory.length; at += 128) {
    const type = directory[at + 66];
    if (type !== 1 && type !== 2 && type !== 5) continue;
    const nameBytes = Math.min(64, directory.readUInt16LE(at + 64));
    const classId = directory.toString("hex", at + 80, at + 96);
    entries.push({
      name: directory.toString("utf16le", at, at + Math.max(0, nameBytes - 2)),
      kind: type === 1 ? "storage" : type === 2 ? "stream" : "root",
      classId: /^0+$/.test(classId) ? "" : classId.toUpperCase(),
      start: directory.readUInt32LE(at + 116),
      sizeBytes: directory.readUInt32LE(at + 120),
    });
  }
  const root = entries.find((entry) => entry.kind === "root");
  const cutoff = file.readUInt32LE(56);
  let mini: { readonly table: Buffer; readonly bytes: Buffer } | undefined;
  const readMini = (start: number, maxBytes: number): Buffer => {
    mini ??= {
      table: chain(file.readUInt32LE(60), file.length),
      bytes: root === undefined ? Buffer.alloc(0) : chain(root.start, Math.min(root.sizeBytes, file.length)),
    };
    const pieces: Buffer[] = [];
    const count = Math.ceil(mini.bytes.length / miniBytes);
    for (let at = start, seen = 0; at < count && seen < count && seen * miniBytes < maxBytes; seen++) {
      pieces.push(mini.bytes.subarray(at * miniBytes, (at + 1) * miniBytes));
      if (at * 4 + 4 > mini.table.length) break;
      at = mini.table.readUInt32LE(at * 4);
    }
    return Buffer.concat(pieces).subarray(0, maxBytes);
  };
  return {
    entries,
    read: (entry, maxBytes) => {
      const bytes = Math.min(entry.sizeBytes, maxBytes, file.length);
      return entry.sizeBytes < cutoff ? readMini(entry.start, bytes) : chain(entry.start, bytes);
    },
  };
}
