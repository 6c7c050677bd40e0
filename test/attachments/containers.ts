/** Writes the containers that the samples need: small, plain, byte by byte, so that nothing here is anybody's file. */
import { crc32, deflateRawSync } from "node:zlib";

export type File = { readonly name: string; readonly bytes: Buffer | string; readonly encrypted?: boolean };

const bytesOf = (bytes: Buffer | string): Buffer => (typeof bytes === "string" ? Buffer.from(bytes) : bytes);
const u16 = (...values: readonly number[]): Buffer => {
  const out = Buffer.alloc(values.length * 2);
  values.forEach((value, i) => {
    out.writeUInt16LE(value, i * 2);
  });
  return out;
};
const u32 = (...values: readonly number[]): Buffer => {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    out.writeUInt32LE(value >>> 0, i * 4);
  });
  return out;
};

export function zip(files: readonly File[], { store = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const file of files) {
    const raw = bytesOf(file.bytes);
    const name = Buffer.from(file.name);
    const packed = store ? raw : deflateRawSync(raw);
    const flags = 0x800 | (file.encrypted === true ? 1 : 0);
    const common = Buffer.concat([
      u16(20, flags, store ? 0 : 8, 0, 0x5c21),
      u32(crc32(raw), packed.length, raw.length),
      u16(name.length, 0),
    ]);
    parts.push(Buffer.from("PK\u0003\u0004", "latin1"), common, name, packed);
    directory.push(Buffer.from("PK\u0001\u0002", "latin1"), u16(20), common, u16(0, 0, 0), u32(0x20, at), name);
    at += 30 + name.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.concat([
    Buffer.from("PK\u0005\u0006", "latin1"),
    u16(0, 0, files.length, files.length),
    u32(central.length, at),
    u16(0),
  ]);
  return Buffer.concat([...parts, central, end]);
}

export function tar(files: readonly File[]): Buffer {
  const blocks: Buffer[] = [];
  for (const file of files) {
    const raw = bytesOf(file.bytes);
    const header = Buffer.alloc(512);
    header.write(file.name, 0, 100);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${raw.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write("0", 156);
    header.write("ustar\0", 257);
    header.write("00", 263);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    blocks.push(header, raw, Buffer.alloc((512 - (raw.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export type Entry = { readonly name: string; readonly bytes?: Buffer | string; readonly classId?: string };

/** A compound file: the root (with its class), streams (padded to 4096 bytes, so that none is a mini stream) and storages. */
export function cfb(entries: readonly Entry[], rootClass = ""): Buffer {
  const sectors: Buffer[] = [];
  const fat: number[] = [];
  const put = (content: Buffer): number => {
    const start = sectors.length;
    const count = Math.max(1, Math.ceil(content.length / 512));
    for (let i = 0; i < count; i++) {
      const block = Buffer.alloc(512);
      content.copy(block, 0, i * 512, (i + 1) * 512);
      sectors.push(block);
      fat.push(i === count - 1 ? 0xfffffffe : start + i + 1);
    }
    return start;
  };
  const row = (
    name: string,
    type: number,
    classId: string,
    start: number,
    size: number,
    child: number,
    right: number,
  ): Buffer => {
    const out = Buffer.alloc(128);
    out.write(name, 0, 62, "utf16le");
    out.writeUInt16LE((name.length + 1) * 2, 64);
    out[66] = type;
    out[67] = 1;
    out.writeUInt32LE(0xffffffff, 68);
    out.writeUInt32LE(right >>> 0, 72);
    out.writeUInt32LE(child >>> 0, 76);
    if (classId !== "") Buffer.from(classId, "hex").copy(out, 80);
    out.writeUInt32LE(start >>> 0, 116);
    out.writeUInt32LE(size, 120);
    return out;
  };
  const rows = [row("Root Entry", 5, rootClass, 0xfffffffe, 0, entries.length > 0 ? 1 : -1, -1)];
  entries.forEach((entry, index) => {
    const right = index + 1 < entries.length ? index + 2 : -1;
    if (entry.bytes === undefined) rows.push(row(entry.name, 1, entry.classId ?? "", 0, 0, -1, right));
    else {
      const raw = bytesOf(entry.bytes);
      const content = raw.length < 4096 ? Buffer.concat([raw, Buffer.alloc(4096 - raw.length)]) : raw;
      rows.push(row(entry.name, 2, entry.classId ?? "", put(content), content.length, -1, right));
    }
  });
  const directory = put(Buffer.concat(rows));
  const fatSectors = Math.ceil((fat.length + 8) / 128);
  const fatAt = sectors.length;
  for (let i = 0; i < fatSectors; i++) fat.push(0xfffffffd);
  const table = Buffer.alloc(fatSectors * 512, 0xff);
  fat.forEach((value, i) => {
    table.writeUInt32LE(value >>> 0, i * 4);
  });
  const header = Buffer.alloc(512);
  Buffer.from("d0cf11e0a1b11ae1", "hex").copy(header);
  header.writeUInt16LE(0x3e, 24);
  header.writeUInt16LE(3, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(9, 30);
  header.writeUInt16LE(6, 32);
  header.writeUInt32LE(fatSectors, 44);
  header.writeUInt32LE(directory, 48);
  header.writeUInt32LE(4096, 56);
  header.writeUInt32LE(0xfffffffe, 60);
  header.writeUInt32LE(0xfffffffe, 68);
  for (let i = 0; i < 109; i++) header.writeUInt32LE(i < fatSectors ? fatAt + i : 0xffffffff, 76 + i * 4);
  return Buffer.concat([header, ...sectors, table]);
}

/** ISO 9660 with one folder. */
export function iso(files: readonly File[]): Buffer {
  const sector = 2048;
  const both32 = (value: number): Buffer => {
    const out = Buffer.alloc(8);
    out.writeUInt32LE(value, 0);
    out.writeUInt32BE(value, 4);
    return out;
  };
  const record = (name: Buffer, at: number, size: number, folder: boolean): Buffer => {
    const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
    const out = Buffer.alloc(length);
    out[0] = length;
    both32(at).copy(out, 2);
    both32(size).copy(out, 10);
    out[25] = folder ? 2 : 0;
    out.writeUInt16LE(1, 28);
    out.writeUInt16BE(1, 30);
    out[32] = name.length;
    name.copy(out, 33);
    return out;
  };
  const root = 20;
  let at = root + 1;
  const records = [record(Buffer.from([0]), root, sector, true), record(Buffer.from([1]), root, sector, true)];
  const contents: Buffer[] = [];
  for (const file of files) {
    const raw = bytesOf(file.bytes);
    records.push(record(Buffer.from(`${file.name.toUpperCase()};1`), at, raw.length, false));
    const count = Math.max(1, Math.ceil(raw.length / sector));
    contents.push(Buffer.concat([raw, Buffer.alloc(count * sector - raw.length)]));
    at += count;
  }
  const folder = Buffer.alloc(sector);
  Buffer.concat(records).copy(folder);
  const primary = Buffer.alloc(sector);
  primary[0] = 1;
  primary.write("CD001", 1);
  primary[6] = 1;
  primary.write("SAMPLE".padEnd(32), 40);
  both32(at).copy(primary, 80);
  primary.writeUInt16LE(1, 120);
  primary.writeUInt16BE(1, 122);
  primary.writeUInt16LE(1, 124);
  primary.writeUInt16BE(1, 126);
  primary.writeUInt16LE(sector, 128);
  primary.writeUInt16BE(sector, 130);
  both32(10).copy(primary, 132);
  primary.writeUInt32LE(18, 140);
  primary.writeUInt32BE(19, 148);
  record(Buffer.from([0]), root, sector, true).copy(primary, 156);
  primary[881] = 1;
  const end = Buffer.alloc(sector);
  end[0] = 255;
  end.write("CD001", 1);
  end[6] = 1;
  const path = Buffer.alloc(sector);
  path[0] = 1;
  path.writeUInt32LE(root, 2);
  path[6] = 1;
  return Buffer.concat([
    Buffer.alloc(16 * sector),
    primary,
    end,
    path,
    path,
    folder,
    ...contents,
    Buffer.alloc(64 * sector),
  ]);
}

/** RAR 5 without compression. */
export function rar5(files: readonly File[]): Buffer {
  const vint = (value: number): Buffer => {
    const out: number[] = [];
    for (let rest = value; ; ) {
      const low = rest & 0x7f;
      rest = Math.floor(rest / 128);
      out.push(rest > 0 ? low | 0x80 : low);
      if (rest === 0) return Buffer.from(out);
    }
  };
  const block = (...fields: readonly Buffer[]): Buffer => {
    const body = Buffer.concat(fields);
    const sized = Buffer.concat([vint(body.length), body]);
    return Buffer.concat([u32(crc32(sized)), sized]);
  };
  const parts = [Buffer.from("526172211a070100", "hex"), block(vint(1), vint(0), vint(0))];
  for (const file of files) {
    const raw = bytesOf(file.bytes);
    const name = Buffer.from(file.name);
    parts.push(
      block(
        vint(2),
        vint(2),
        vint(raw.length),
        vint(4),
        vint(raw.length),
        vint(0x20),
        u32(crc32(raw)),
        vint(0),
        vint(1),
        vint(name.length),
        name,
      ),
      raw,
    );
  }
  return Buffer.concat([...parts, block(vint(5), vint(0), vint(0))]);
}

/** A cabinet without compression (MS-CAB). */
export function cab(files: readonly File[]): Buffer {
  const contents = files.map((file) => bytesOf(file.bytes));
  const whole = Buffer.concat(contents);
  let offset = 0;
  const rows = files.map((file, i) => {
    const name = Buffer.concat([Buffer.from(file.name), Buffer.from([0])]);
    const row = Buffer.concat([u32(contents[i]!.length, offset), u16(0, 0x5c21, 0, 0x20), name]);
    offset += contents[i]!.length;
    return row;
  });
  const table = Buffer.concat(rows);
  const filesAt = 36 + 8;
  const dataAt = filesAt + table.length;
  const data = Buffer.concat([u32(0), u16(whole.length, whole.length), whole]);
  const header = Buffer.concat([
    Buffer.from("MSCF"),
    u32(0, dataAt + data.length, 0, filesAt, 0),
    Buffer.from([3, 1]),
    u16(1, files.length, 0, 0, 0),
  ]);
  return Buffer.concat([header, u32(dataAt), u16(1, 0), table, data]);
}

/** winmail.dat with files in it. */
export function tnef(files: readonly File[]): Buffer {
  const attribute = (level: number, id: number, value: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from([level]),
      u32(id, value.length),
      value,
      u16(value.reduce((sum, byte) => (sum + byte) & 0xffff, 0)),
    ]);
  return Buffer.concat([
    u32(0x223e9f78),
    u16(1),
    ...files.flatMap((file) => [
      attribute(2, 0x0006800f, bytesOf(file.bytes)),
      attribute(2, 0x00018010, Buffer.from(`${file.name}\0`)),
    ]),
  ]);
}

/** A PDF of the objects given, each without its number. */
export function pdf(objects: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "latin1")];
  objects.forEach((object, index) => {
    parts.push(Buffer.from(`${index + 1} 0 obj\n`), bytesOf(object), Buffer.from("\nendobj\n"));
  });
  parts.push(Buffer.from(`trailer\n<< /Root 1 0 R /Size ${objects.length + 1} >>\nstartxref\n0\n%%EOF\n`));
  return Buffer.concat(parts);
}

export function pdfStream(dictionary: string, content: Buffer | string): Buffer {
  const raw = bytesOf(content);
  return Buffer.concat([
    Buffer.from(`<< ${dictionary} /Length ${raw.length} >>\nstream\n`),
    raw,
    Buffer.from("\nendstream"),
  ]);
}

/** A small program for Windows, that does nothing: the headers alone. */
export function pe(): Buffer {
  const out = Buffer.alloc(512);
  out.write("MZ");
  out.writeUInt32LE(0x80, 60);
  out.write("PE\0\0", 0x80, "latin1");
  out.writeUInt16LE(0x14c, 0x84);
  return out;
}

export function elf(): Buffer {
  const out = Buffer.alloc(256);
  Buffer.from("7f454c4602010100", "hex").copy(out);
  return out;
}
