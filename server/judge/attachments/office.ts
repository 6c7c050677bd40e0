/** Office documents, old (compound files) and new (ZIPs of XML), RTF and OpenDocument: macros, and what is fetched or run on opening. */
import type { Cfb, CfbEntry } from "./cfb.ts";
import type { Zip, ZipEntry } from "./zip.ts";

export type OfficeSign = {
  readonly danger: "macro" | "office-trap" | "executable" | "encrypted-document";
  readonly what: string;
};

const maxStreamBytes = 16 * 1024 * 1024;
/** Components whose only use in a document that comes by mail is to be attacked, and the Packager, which carries any file. Class ids as bytes. */
const hostileClasses: { readonly [classId: string]: string } = {
  "02CE020000000000C000000000000046": "the old equation editor",
};
const installers: { readonly [classId: string]: string } = {
  "84100C0000000000C000000000000046": "Windows installer",
  "86100C0000000000C000000000000046": "Windows installer patch",
  "82100C0000000000C000000000000046": "Windows installer transform",
};

/** Files embedded in a compound file, for another look. */
export type Embedded = { readonly name: string; readonly bytes: Buffer };

export function cfbSigns(cfb: Cfb): { readonly signs: readonly OfficeSign[]; readonly embedded: readonly Embedded[] } {
  const signs: OfficeSign[] = [];
  const embedded: Embedded[] = [];
  for (const entry of cfb.entries) {
    const name = entry.name.toLowerCase();
    if (entry.kind !== "stream") {
      const installer = installers[entry.classId];
      if (entry.kind === "root" && installer !== undefined) signs.push({ danger: "executable", what: installer });
      const hostile = hostileClasses[entry.classId];
      if (hostile !== undefined) signs.push({ danger: "office-trap", what: hostile });
      if (name === "vba" || name === "_vba_project_cur") signs.push({ danger: "macro", what: "VBA macros" });
      continue;
    }
    if (name === "_vba_project") signs.push({ danger: "macro", what: "VBA macros" });
    else if (name === "equation native") signs.push({ danger: "office-trap", what: "the old equation editor" });
    else if (name === "encryptedpackage")
      signs.push({ danger: "encrypted-document", what: "encrypted Office document" });
    else if (name === "\u0001ole10native") {
      const found = packaged(cfb.read(entry, maxStreamBytes));
      if (found !== undefined) embedded.push(found);
    } else if (name === "package" || name.startsWith("__substg1.0_37010102"))
      embedded.push({ name: attachmentName(cfb, entry), bytes: cfb.read(entry, maxStreamBytes) });
    else if (name === "workbook" || name === "book") {
      if (hasMacroSheet(cfb.read(entry, maxStreamBytes))) signs.push({ danger: "macro", what: "Excel 4 macros" });
    } else if (name === "worddocument") {
      const bytes = cfb.read(entry, maxStreamBytes);
      if (isDde(bytes.toString("latin1")) || isDde(bytes.toString("utf16le")))
        signs.push({ danger: "office-trap", what: "DDE" });
    }
  }
  return { signs, embedded };
}

/** Names of attachments in an Outlook message are in streams of their own; one near the data is good enough to be judged. */
function attachmentName(cfb: Cfb, entry: CfbEntry): string {
  if (entry.name === "package") return "";
  const at = cfb.entries.indexOf(entry);
  for (let i = Math.max(0, at - 12); i < Math.min(cfb.entries.length, at + 12); i++) {
    const near = cfb.entries[i]!;
    if (/^__substg1\.0_3707001f$/i.test(near.name)) return cfb.read(near, 1024).toString("utf16le");
  }
  return "";
}

/** [MS-OLEDS] 2.3.6 and what Packager puts into it: a label, a path, a path, the file. */
export function packaged(bytes: Buffer): Embedded | undefined {
  if (bytes.length < 12) return undefined;
  let at = 6;
  const texts: string[] = [];
  for (let i = 0; i < 2; i++) {
    const end = bytes.indexOf(0, at);
    if (end < 0 || end - at > 1024) return { name: "", bytes: bytes.subarray(4) };
    texts.push(bytes.toString("latin1", at, end));
    at = end + 1;
  }
  at += 4; // two numbers
  if (at + 4 > bytes.length) return { name: texts[0] ?? "", bytes: Buffer.alloc(0) };
  at += 4 + bytes.readUInt32LE(at);
  const sizeBytes = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
  return {
    name: texts[0] ?? "",
    bytes: at + 4 <= bytes.length ? bytes.subarray(at + 4, at + 4 + sizeBytes) : Buffer.alloc(0),
  };
}

/** [MS-XLS] 2.4.28 BoundSheet8: sheets of type 1 are macro sheets. */
function hasMacroSheet(book: Buffer): boolean {
  for (let at = 0; at + 4 <= book.length; ) {
    const record = book.readUInt16LE(at);
    const size = book.readUInt16LE(at + 2);
    if (record === 0x0085 && size >= 6 && at + 10 <= book.length && book[at + 9] === 1) return true;
    // Sheets are told of in the first substream; it ends with EOF.
    if (record === 0x000a) return false;
    at += 4 + size;
  }
  return false;
}

function isDde(text: string): boolean {
  return /\bDDEAUTO\b|[\x13{]\s*DDE\s+["\\a-z]/i.test(text);
}

const rels = /<Relationship\b[^>]{0,1000}>/g;
/** Relations of one part, and text of one part of a document, that are looked at. */
const maxRelationBytes = 1024 * 1024;
const maxPartBytes = 8 * 1024 * 1024;

/** `read` gives the content of an entry, bounded. */
export function ooxmlSigns(zip: Zip, read: (entry: ZipEntry) => Buffer | undefined): readonly OfficeSign[] {
  const signs: OfficeSign[] = [];
  for (const entry of zip.entries) {
    const name = entry.name.toLowerCase();
    if (/(?:^|\/)(?:vbaproject|vbadata)[^/]*\.bin$/.test(name)) signs.push({ danger: "macro", what: "VBA macros" });
    else if (/(?:^|\/)(?:intl)?macrosheets\//.test(name)) signs.push({ danger: "macro", what: "Excel 4 macros" });
    else if (
      (/(?:^|\/)basic\/./.test(name) && /\.(?:xml|xlb)$/.test(name)) ||
      (/(?:^|\/)scripts\/.+/.test(name) && !name.endsWith("/"))
    )
      signs.push({ danger: "macro", what: "OpenDocument macros" });
    else if (name.endsWith(".rels")) {
      const text = read(entry)?.toString("utf8", 0, maxRelationBytes) ?? "";
      for (const [relationship] of text.matchAll(rels)) {
        if (!/TargetMode\s*=\s*["']External/i.test(relationship)) continue;
        const type = /Type\s*=\s*["'][^"']*\/([A-Za-z]+)["']/.exec(relationship)?.[1]?.toLowerCase() ?? "";
        const target = /Target\s*=\s*["']([^"']*)/.exec(relationship)?.[1] ?? "";
        if (
          /^(?:attachedtemplate|oleobject|frame|subdocument|mailmergesource|externallinkpath|externaloleobject)$/.test(
            type,
          )
        ) {
          if (/^(?:https?|ftp|mhtml|file|ms-|search-ms):|^\\\\/i.test(target))
            signs.push({ danger: "office-trap", what: `fetches ${type} from elsewhere` });
        } else if (/^(?:mhtml|ms-msdt|search-ms|ms-officecmd|javascript|vbscript):|!x-usc:/i.test(target))
          signs.push({ danger: "office-trap", what: "a link that starts programs" });
      }
    } else if (/(?:^|\/)(?:document|footnotes|endnotes|header\d*|footer\d*|settings|comments)\.xml$/.test(name)) {
      const text = read(entry)?.toString("utf8", 0, maxPartBytes) ?? "";
      const fields = [...text.matchAll(/<w:instrText\b[^>]{0,200}>([^<]{0,2000})|w:instr\s*=\s*"([^"]{0,2000})/g)]
        .map((match) => match[1] ?? match[2] ?? "")
        .join("");
      if (/\bDDE(?:AUTO)?\b/i.test(fields)) signs.push({ danger: "office-trap", what: "DDE" });
    } else if (/(?:^|\/)externallinks\/externallink\d*\.xml$/.test(name)) {
      if (/<(?:\w+:)?ddeLink\b/.test(read(entry)?.toString("utf8") ?? ""))
        signs.push({ danger: "office-trap", what: "DDE" });
    } else if (/(?:^|\/)activex\/[^/]+\.bin$/.test(name)) signs.push({ danger: "office-trap", what: "ActiveX" });
  }
  return signs;
}

/** [MS-RTF]: objects, templates from elsewhere, DDE. Their hexadecimal may be broken up by anything; that is undone. */
export function rtfSigns(file: Buffer): {
  readonly signs: readonly OfficeSign[];
  readonly embedded: readonly Embedded[];
} {
  const text = file.toString("latin1", 0, maxStreamBytes);
  const signs: OfficeSign[] = [];
  const embedded: Embedded[] = [];
  if (/\\\*\\template\s{0,20}(?:https?:|ftp:|file:|\\\\)/i.test(text))
    signs.push({ danger: "office-trap", what: "fetches a template from elsewhere" });
  if (text.includes("DDE") && /\\fldinst[^}]{0,200}\bDDE(?:AUTO)?\b/i.test(text))
    signs.push({ danger: "office-trap", what: "DDE" });
  if (/\\objupdate\b/.test(text)) signs.push({ danger: "office-trap", what: "an object that opens by itself" });
  let objects = 0;
  for (let at = text.indexOf("\\objdata"); at >= 0 && objects < 20; at = text.indexOf("\\objdata", at + 8), objects++) {
    let end = text.indexOf("\\objdata", at + 8);
    if (end < 0) end = text.length;
    const hex = text.slice(at + 8, end).replace(/\\[a-z]+-?\d* ?|[^0-9a-fA-F]/g, "");
    const bytes = Buffer.from(hex.slice(0, hex.length & ~1), "hex");
    const plain = bytes.toString("latin1");
    if (/equation\.[23]/i.test(plain) || plain.includes("\x02\xce\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F"))
      signs.push({ danger: "office-trap", what: "the old equation editor" });
    else if (/\bPackage\0/.test(plain) || plain.includes("Ole10Native"))
      signs.push({ danger: "office-trap", what: "a file in the document" });
    const start = bytes.indexOf(Buffer.from("d0cf11e0a1b11ae1", "hex"));
    if (start >= 0) embedded.push({ name: "", bytes: bytes.subarray(start) });
  }
  return { signs, embedded };
}
