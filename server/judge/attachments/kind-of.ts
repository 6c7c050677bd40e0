/** What a file is, by its first bytes (and a few by their last): never by its name. */

export type FileKind =
  | "pe"
  | "dos"
  | "elf"
  | "macho"
  | "class"
  | "dex"
  | "wasm"
  | "swf"
  | "shebang"
  | "lnk"
  | "chm"
  | "hlp"
  | "nsis"
  | "zip"
  | "7z"
  | "rar"
  | "gzip"
  | "bzip2"
  | "xz"
  | "zstd"
  | "lzip"
  | "compress"
  | "tar"
  | "cab"
  | "ace"
  | "arj"
  | "lzh"
  | "cpio"
  | "xar"
  | "ar"
  | "iso"
  | "vhd"
  | "vhdx"
  | "vmdk"
  | "qcow"
  | "fat"
  | "ntfs"
  | "mbr"
  | "dmg"
  | "udf"
  | "wim"
  | "cfb"
  | "rtf"
  | "onenote"
  | "pdf"
  | "tnef"
  | "png"
  | "jpeg"
  | "gif"
  | "bmp"
  | "tiff"
  | "webp"
  | "ico"
  | "riff"
  | "mp4"
  | "mp3"
  | "ogg"
  | "text"
  | "data";

type Magic = readonly [kind: FileKind, offset: number, hex: string];

const magics: readonly Magic[] = [
  ["elf", 0, "7f454c46"],
  ["macho", 0, "feedface"],
  ["macho", 0, "feedfacf"],
  ["macho", 0, "cefaedfe"],
  ["macho", 0, "cffaedfe"],
  ["dex", 0, "6465780a30"],
  ["wasm", 0, "0061736d01000000"],
  ["lnk", 0, "4c0000000114020000000000c000000000000046"],
  ["chm", 0, "49545346"],
  ["hlp", 0, "3f5f0300"],
  ["zip", 0, "504b0304"],
  ["zip", 0, "504b0506"],
  ["zip", 0, "504b0708"],
  ["zip", 0, "504b3030504b0304"],
  ["7z", 0, "377abcaf271c"],
  ["rar", 0, "526172211a0700"],
  ["rar", 0, "526172211a070100"],
  ["gzip", 0, "1f8b08"],
  ["bzip2", 0, "425a68"],
  ["xz", 0, "fd377a585a00"],
  ["zstd", 0, "28b52ffd"],
  ["lzip", 0, "4c5a4950"],
  ["compress", 0, "1f9d"],
  ["cab", 0, "4d534346"],
  ["cab", 0, "49536328"],
  ["ace", 7, "2a2a4143452a2a"],
  ["arj", 0, "60ea"],
  ["lzh", 2, "2d6c68"],
  ["lzh", 2, "2d6c7a"],
  ["cpio", 0, "303730373031"],
  ["cpio", 0, "303730373037"],
  ["xar", 0, "78617221"],
  ["ar", 0, "213c617263683e0a"],
  ["wim", 0, "4d5357494d000000"],
  ["vhdx", 0, "7668647866696c65"],
  ["vhd", 0, "636f6e6563746978"],
  ["vmdk", 0, "4b444d56"],
  ["vmdk", 0, "23204469736b2044657363726970746f7246696c65"],
  ["qcow", 0, "514649fb"],
  ["cfb", 0, "d0cf11e0a1b11ae1"],
  ["onenote", 0, "e4525c7b8cd8a74daeb15378d02996d3"],
  ["onenote", 0, "a12ff43d9def764c8eee09cb0ccd9fc9"],
  ["tnef", 0, "789f3e22"],
  ["png", 0, "89504e470d0a1a0a"],
  ["jpeg", 0, "ffd8ff"],
  ["gif", 0, "474946383761"],
  ["gif", 0, "474946383961"],
  ["tiff", 0, "49492a00"],
  ["tiff", 0, "4d4d002a"],
  ["ico", 0, "00000100"],
  ["ogg", 0, "4f676753"],
  ["mp3", 0, "494433"],
  ["mp4", 4, "66747970"],
  ["swf", 0, "465753"],
  ["swf", 0, "435753"],
  ["swf", 0, "5a5753"],
  ["tar", 257, "7573746172"],
  ["ntfs", 3, "4e54465320202020"],
  ["fat", 54, "4641543132202020"],
  ["fat", 54, "4641543136202020"],
  ["fat", 82, "4641543332202020"],
  ["iso", 0x8001, "4344303031"],
  ["udf", 0x8001, "4245413031"],
];

type Ready = { readonly kind: FileKind; readonly offset: number; readonly bytes: Buffer };
const byFirst = new Map<number, Ready[]>();
const elsewhere: Ready[] = [];
for (const [kind, offset, hex] of magics) {
  const ready = { kind, offset, bytes: Buffer.from(hex, "hex") };
  if (offset > 0) elsewhere.push(ready);
  else byFirst.set(ready.bytes[0]!, [...(byFirst.get(ready.bytes[0]!) ?? []), ready]);
}

const has = (file: Buffer, { offset, bytes }: Ready): boolean =>
  file.length >= offset + bytes.length && file.compare(bytes, 0, bytes.length, offset, offset + bytes.length) === 0;

/** Bytes in which a PDF's header may begin: readers are that patient. */
const pdfHeaderWithin = 1024;

export function kindOf(file: Buffer): FileKind {
  if (file.length < 2) return "text";
  const first = file[0]!;
  if (first === 0x4d && file[1] === 0x5a) {
    const program = mz(file);
    if (program !== undefined) return program;
  }
  // Java classes and Mach-O bundles for several processors begin alike; the former has a version from 45 on.
  if (first === 0xca && file.length >= 8 && file.readUInt32BE(0) === 0xcafebabe)
    return file.readUInt32BE(4) > 30 ? "class" : "macho";
  if (first === 0x23 && file[1] === 0x21 && isText(file)) return "shebang";
  if (first === 0x42 && file[1] === 0x4d && file.length >= 26 && file.readUInt32LE(14) <= 124) return "bmp";
  if (first === 0x52 && file.toString("latin1", 0, 4) === "RIFF")
    return file.toString("latin1", 8, 12) === "WEBP" ? "webp" : "riff";
  for (const ready of byFirst.get(first) ?? []) if (has(file, ready) && isSure(file, ready.kind)) return ready.kind;
  for (const ready of elsewhere) if (has(file, ready)) return ready.kind;
  const head = file.toString("latin1", 0, Math.min(file.length, pdfHeaderWithin));
  if (/^\s*\{\\rt/.test(head)) return "rtf";
  if (head.includes("%PDF-")) return "pdf";
  if (first === 0xff && (file[1]! & 0xe0) === 0xe0 && file[1] !== 0xfe && file[1] !== 0xff) return "mp3";
  const footer = file.length >= 512 ? file.toString("latin1", file.length - 512, file.length - 504) : "";
  if (footer === "conectix") return "vhd";
  if (footer.startsWith("koly")) return "dmg";
  if (isText(file)) return "text";
  if (file.length >= 1024 && file[510] === 0x55 && file[511] === 0xaa && isPartitioned(file)) return "mbr";
  return "data";
}

/** Short magics that text or chance has too want a second look. */
function isSure(file: Buffer, kind: FileKind): boolean {
  switch (kind) {
    case "bzip2":
      return file.length > 10 && file.toString("latin1", 4, 10) === "1AY&SY";
    case "arj":
      return file.length > 10 && file.readUInt16LE(2) <= 2600 && file[4]! <= 60;
    case "swf":
      return file.length > 8 && file[3]! <= 60 && file[3]! > 0;
    case "compress":
      return file.length > 3 && (file[2]! & 0x60) === 0;
    case "mp3":
      return file.length > 10 && file[3]! <= 5;
    case "lzip":
      return file[4] === 1;
    case "hlp":
      return file.length > 16;
    case "ico":
      return file.length > 22 && file.readUInt16LE(4) < 100;
    default:
      return true;
  }
}

/** "MZ": a program for Windows or DOS, unless it is text that begins so. */
function mz(file: Buffer): "pe" | "dos" | undefined {
  const at = file.length >= 64 ? file.readUInt32LE(60) : 0;
  if (at > 0 && at + 4 <= file.length && file.toString("latin1", at, at + 2) === "PE") return "pe";
  return isText(file) ? undefined : "dos";
}

function isPartitioned(file: Buffer): boolean {
  for (let at = 446; at < 510; at += 16) {
    const status = file[at]!;
    if (status !== 0 && status !== 0x80) return false;
  }
  return file[450] !== 0 && file.readUInt32LE(458) > 0;
}

const textHeadBytes = 4096;

/** UTF-8, Latin or UTF-16 text: no control characters but the usual, in the first bytes. */
export function isText(file: Buffer): boolean {
  const end = Math.min(file.length, textHeadBytes);
  if (isUtf16(file)) return true;
  for (let i = 0; i < end; i++) {
    const byte = file[i]!;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27 && byte !== 26)
      return false;
  }
  return true;
}

export function isUtf16(file: Buffer): boolean {
  return file.length >= 2 && ((file[0] === 0xff && file[1] === 0xfe) || (file[0] === 0xfe && file[1] === 0xff));
}

/** The text of a file: by its byte order mark, otherwise byte for byte (what is looked for is ASCII). */
export function textOf(file: Buffer, maxBytes: number): string {
  const part = file.subarray(0, maxBytes);
  if (file[0] === 0xff && file[1] === 0xfe) return part.toString("utf16le", 2);
  if (file[0] === 0xfe && file[1] === 0xff) {
    const even = Buffer.from(part.subarray(2, part.length - (part.length % 2)));
    return even.swap16().toString("utf16le");
  }
  return part.toString("latin1");
}
