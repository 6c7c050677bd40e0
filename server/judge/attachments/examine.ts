/** Looks at one file by its content, and at the files in it, within the budget of its message. */
import { gunzipSync } from "node:zlib";
import { parseMessage } from "../../../protocol/mime/parse.ts";
import { type ArchiveContents, listArchive } from "./archive.ts";
import { type Budget, bombBytes, bombRatio, maxTextBytes } from "./bounds.ts";
import { readCfb } from "./cfb.ts";
import type { Danger, Finding } from "./finding.ts";
import { type FileKind, isUtf16, kindOf, textOf } from "./kind-of.ts";
import { looksLikeHtml, looksLikeSvg, signsOf } from "./markup.ts";
import { disguise, extensionOf, isOnlyRun, nameKind, projectSize } from "./names.ts";
import { cfbSigns, ooxmlSigns, rtfSigns } from "./office.ts";
import { pdfSigns } from "./pdf.ts";
import { calendarSigns, isCalendar, scriptSign } from "./plain-text.ts";
import { tnefFiles } from "./tnef.ts";
import { endsAsZip, inflate, readZip, unzip, type Zip, type ZipEntry } from "./zip.ts";

const programs: { readonly [K in FileKind]?: string } = {
  pe: "Windows program",
  dos: "DOS program",
  elf: "Linux program",
  macho: "macOS program",
  class: "Java program",
  dex: "Android program",
  wasm: "WebAssembly program",
  swf: "Flash program",
  chm: "compiled help",
  hlp: "Windows help",
};
const images: ReadonlySet<FileKind> = new Set([
  "iso",
  "udf",
  "vhd",
  "vhdx",
  "vmdk",
  "qcow",
  "fat",
  "ntfs",
  "mbr",
  "dmg",
  "wim",
]);
const archives: ReadonlySet<FileKind> = new Set(["7z", "rar", "tar", "cab", "lzh", "cpio", "xar", "ar", "iso", "udf"]);
const unopenable: ReadonlySet<FileKind> = new Set(["ace", "arj", "compress", "lzip", "zstd"]);
const pictures: ReadonlySet<FileKind> = new Set(["png", "jpeg", "gif", "bmp", "tiff", "webp", "ico"]);

/** The test file that every scanner knows (eicar.org), put together here so that no scanner finds it in this file. */
const eicar = Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*"].join(""));
const maxEicarBytes = 2048;

/** Scripts within an archive of more files than this are somebody's project, and told by what they do. */
const fewFiles = 4;

export type Examination = { readonly budget: Budget; readonly part: number; readonly findings: Finding[] };

type Given = {
  readonly bytes: Buffer;
  readonly name: string;
  /** The way to it, itself included. */
  readonly path: string;
  readonly depth: number;
  /** Files of a project beside it in its container; 0 at the top. */
  readonly beside: number;
  /** Content-Type of an attachment, "" within containers. */
  readonly type: string;
};

export function examine(bytes: Buffer, name: string, type: string, examination: Examination): void {
  look({ bytes, name, path: name, depth: 0, beside: 0, type }, examination);
}

function look(given: Given, at: Examination): void {
  const { bytes, name, path } = given;
  const found = (danger: Danger, what: string): undefined => note(at, danger, path, what);
  const hidden = disguise(name);
  if (hidden !== undefined) found("disguised", hidden);
  if (bytes.length < maxEicarBytes && bytes.includes(eicar)) found("malware", "EICAR test file");
  const kind = kindOf(bytes);
  const program = programs[kind];
  if (program !== undefined) {
    found("executable", program);
    if (hidden === undefined && name !== "" && nameKind(name) === "harmless" && extensionOf(name) !== "")
      found("disguised", `a ${program} called .${extensionOf(name)}`);
  } else byName(given, kind, found);
  if (kind === "shebang") found("script", "begins with #!");
  if (kind === "lnk") found("shortcut", "Windows shortcut");
  if (images.has(kind)) found("disk-image", `${kind} image`);
  if (unopenable.has(kind)) found("unopened", `${kind} archive`);
  if (kind === "onenote") found("onenote", "");
  within(given, kind, at);
}

/** What a double click on such a name does counts unless the content is surely something that cannot run. */
function byName(
  { name, beside }: Given,
  kind: FileKind,
  found: (danger: Danger, what: string) => undefined,
): undefined {
  if (kind === "lnk" || pictures.has(kind) || kind === "pdf" || kind === "cfb") return;
  const extension = extensionOf(name);
  switch (nameKind(name)) {
    case "harmless":
      return;
    case "program":
      if (extension === "com" && kind === "text") return; // "report-example.com"
      return found("executable", `.${extension}`);
    case "script":
      if (beside <= fewFiles || isOnlyRun(name)) found("script", `.${extension}`);
      return;
    case "shortcut":
      if (beside <= fewFiles) found("shortcut", `.${extension}`);
      return;
  }
}

function note({ findings, budget, part }: Examination, danger: Danger, name: string, what: string): undefined {
  if (findings.length >= budget.bounds.maxFindings) return;
  if (!findings.some((one) => one.danger === danger && one.name === name && one.what === what))
    findings.push({ danger, name, what, part });
}

/** Opens what can be opened. */
function within(given: Given, kind: FileKind, at: Examination): undefined {
  const { bytes, path, depth } = given;
  const found = (danger: Danger, what: string): undefined => note(at, danger, path, what);
  const inner = (content: Buffer, name: string, beside: number): undefined => {
    if (depth >= at.budget.bounds.maxDepth) found("unopened", "too many files within files");
    else
      look(
        {
          bytes: content,
          name,
          path: `${path} › ${name === "" ? "(no name)" : name}`,
          depth: depth + 1,
          beside,
          type: "",
        },
        at,
      );
  };
  if (at.budget.spent) return found("unopened", "there is too much in it");
  switch (kind) {
    case "zip":
      return lookIntoZip(bytes, given, at, inner);
    case "gzip": {
      if (depth >= at.budget.bounds.maxDepth) return found("bomb", "archives within archives without end");
      const content = inflate(bytes, at.budget.bytes, gunzipSync);
      if (content === undefined) return found("unopened", "broken gzip file");
      at.budget.unpacked(content.length);
      if (content.length > at.budget.bounds.maxEntryBytes * 0.9 && content.length > bytes.length * bombRatio)
        found("bomb", "gzip file");
      return inner(
        content,
        given.name.replace(/\.(?:t?gz|gzip)$/i, (end) => (/^\.tgz$/i.test(end) ? ".tar" : "")),
        1,
      );
    }
    case "bzip2":
    case "xz": {
      // libarchive unpacks these where a tar is in them; otherwise the name within is the name without the last ending.
      const contents = listArchive(bytes, at.budget);
      if (contents !== undefined && contents.files.length > 0) return lookIntoArchive(contents, given, at, inner);
      return inner(Buffer.alloc(0), given.name.replace(/\.(?:bz2|xz)$/i, ""), 1);
    }
    case "cfb": {
      const cfb = readCfb(bytes);
      if (cfb === undefined) return;
      const { signs, embedded } = cfbSigns(cfb);
      for (const { danger, what } of signs) found(danger, what);
      for (const file of embedded) if (at.budget.entry()) inner(file.bytes, file.name, embedded.length);
      return;
    }
    case "rtf": {
      const { signs, embedded } = rtfSigns(bytes);
      for (const { danger, what } of signs) found(danger, what);
      for (const file of embedded) if (at.budget.entry()) inner(file.bytes, file.name, embedded.length);
      return;
    }
    case "pdf": {
      const { runs, embedded } = pdfSigns(bytes, at.budget);
      if (runs.length > 0) found("pdf-trap", runs.join(", "));
      for (const file of embedded) if (at.budget.entry()) inner(file.bytes, file.name, embedded.length);
      if (bytes.subarray(0, 5).toString("latin1") !== "%PDF-" && kindOf(bytes.subarray(0, 4)) !== "text")
        found("polyglot", "a PDF behind something else");
      if (endsAsZip(bytes)) found("polyglot", "PDF and ZIP");
      return;
    }
    case "tnef":
      for (const file of tnefFiles(bytes)) if (at.budget.entry()) inner(file.bytes, file.name, 1);
      return;
    case "onenote":
      for (const content of oneNoteFiles(bytes)) if (at.budget.entry()) inner(content, "", 1);
      return;
    case "text":
    case "shebang":
      return lookIntoText(given, at, inner);
    default:
  }
  if (archives.has(kind)) {
    if (depth >= at.budget.bounds.maxDepth) return found("bomb", "archives within archives without end");
    const contents = listArchive(bytes, at.budget);
    if (contents === undefined) return found("unopened", `broken ${kind} archive`);
    return lookIntoArchive(contents, given, at, inner);
  }
  if (pictures.has(kind)) {
    if (endsAsZip(bytes)) found("polyglot", `${kind} picture and ZIP`);
    const text = bytes.toString("latin1", 0, Math.min(bytes.length, 65_536));
    if (
      /<script[\s>]|<\?php|<%eval|<hta:/i.test(text) ||
      /^GIF8[79]a\s*(?:=|\/\*)/.test(text) ||
      /^BM\s*(?:=|\/\*)/.test(text)
    )
      found("polyglot", `${kind} picture and script`);
  } else if (kind === "data" && endsAsZip(bytes)) lookIntoZip(bytes, given, at, inner);
}

type Inner = (content: Buffer, name: string, beside: number) => undefined;

function lookIntoZip(bytes: Buffer, given: Given, at: Examination, inner: Inner): undefined {
  const { path, depth } = given;
  const { budget } = at;
  const found = (danger: Danger, what: string): undefined => note(at, danger, path, what);
  if (depth >= budget.bounds.maxDepth) return found("bomb", "archives within archives without end");
  const zip = readZip(bytes, budget.bounds.maxEntries);
  if (zip === undefined || zip.entries.length === 0) return;
  const names = new Set(zip.entries.map((entry) => entry.name.toLowerCase()));
  const special = packageOf(zip, names);
  if (special !== undefined) found("executable", special);
  const total = zip.entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  if (zip.overlapping || (total > bombBytes && total > bytes.length * bombRatio))
    return found("bomb", `${Math.round(total / 1024 / 1024)} MB in ${Math.ceil(bytes.length / 1024)} KB`);
  if (zip.more) found("unopened", "it holds very many files");
  const isOffice = names.has("[content_types].xml") || names.has("mimetype");
  const read = (entry: ZipEntry): Buffer | undefined => {
    const content = budget.spent ? undefined : unzip(bytes, entry, budget.bytes);
    if (content !== undefined) budget.unpacked(content.length);
    return content;
  };
  if (isOffice) for (const { danger, what } of ooxmlSigns(zip, read)) found(danger, what);
  const files = zip.entries.filter((entry) => !entry.name.endsWith("/"));
  if (files.some((entry) => entry.encrypted)) found("encrypted", "");
  const beside = projectSize(files.map(({ name }) => name));
  for (const entry of files) {
    if (!budget.entry() || budget.spent) {
      found("unopened", "there is too much in it");
      lookFromOutside(bytes, entry, given, at, beside);
      continue;
    }
    // The parts of Office documents are XML and pictures; what else is in them is looked at.
    if (isOffice && /\.(?:xml|rels|png|jpe?g|gif|emf|wmf)$/i.test(entry.name)) continue;
    const name = entry.name.slice(entry.name.lastIndexOf("/") + 1);
    const content = read(entry);
    if (content === undefined && entry.method !== 0 && entry.method !== 8 && !entry.encrypted)
      found("unopened", `packed by method ${entry.method}`);
    inner(content ?? Buffer.alloc(0), isOffice ? "" : name, beside);
  }
}

/** The beginning of a packed file that tells what it is. */
const peekBytes = 512;

/** Where the budget is spent: the name and the first bytes still count, so that nothing hides behind much. */
function lookFromOutside(
  bytes: Buffer,
  entry: ZipEntry,
  { path, depth }: Given,
  at: Examination,
  beside: number,
): void {
  const name = entry.name.slice(entry.name.lastIndexOf("/") + 1);
  const peek = unzip(bytes, entry, peekBytes) ?? Buffer.alloc(0);
  const file: Given = { bytes: peek, name, path: `${path} › ${name}`, depth: depth + 1, beside, type: "" };
  const found = (danger: Danger, what: string): undefined => note(at, danger, file.path, what);
  const kind = kindOf(peek);
  const program = programs[kind];
  if (program !== undefined) found("executable", program);
  else byName(file, kind, found);
  const hidden = disguise(name);
  if (hidden !== undefined) found("disguised", hidden);
}

/** ZIPs that are programs. */
function packageOf(zip: Zip, names: ReadonlySet<string>): string | undefined {
  if (names.has("classes.dex") && names.has("androidmanifest.xml")) return "Android package";
  if (names.has("meta-inf/manifest.mf") && zip.entries.some((entry) => entry.name.toLowerCase().endsWith(".class")))
    return "Java archive";
  if (names.has("appxmanifest.xml") || names.has("appxmetadata/appxbundlemanifest.xml")) return "Windows app package";
  if (names.has("manifest.json") && zip.prefixBytes > 16) return "browser extension";
  return undefined;
}

function lookIntoArchive(contents: ArchiveContents, given: Given, at: Examination, inner: Inner): undefined {
  const found = (danger: Danger, what: string): undefined => note(at, danger, given.path, what);
  const { files, unpackedBytes } = contents;
  if (contents.encrypted) found("encrypted", "");
  if (unpackedBytes > bombBytes && unpackedBytes > given.bytes.length * bombRatio)
    return found("bomb", `${Math.round(unpackedBytes / 1024 / 1024)} MB in ${Math.ceil(given.bytes.length / 1024)} KB`);
  if (contents.more && !contents.encrypted) found("unopened", "it cannot be read to its end");
  const beside = projectSize(files.map(({ name }) => name));
  for (const file of files) {
    if (at.budget.spent) return found("unopened", "there is too much in it");
    const name = file.name.replaceAll("\\", "/");
    inner(file.bytes ?? Buffer.alloc(0), name.slice(name.lastIndexOf("/") + 1), beside);
  }
}

const htmlNames = /^(?:html?|xhtml?|shtml?|mht|mhtml|svg|svgz|xml|xsl|xslt|eml)$/;

function lookIntoText(given: Given, at: Examination, inner: Inner): undefined {
  const { bytes, name, path, type, depth, beside } = given;
  const found = (danger: Danger, what: string): undefined => note(at, danger, path, what);
  const extension = extensionOf(name);
  const text = textOf(bytes, maxTextBytes);
  const head = text.slice(0, 65_536);
  if (isCalendar(head)) {
    const { signs, embedded } = calendarSigns(text);
    for (const { danger, what } of signs) found(danger, what);
    for (const file of embedded.slice(0, 20)) inner(file.bytes, file.name, 1);
    return;
  }
  // Source code of a project talks of such things too: among many files only the beginning of one counts.
  const script = scriptSign(text, beside <= fewFiles && !/\.(?:html?|md|log(?:\.\d+)?|eml|csv)$/i.test(name));
  if (script !== undefined) found(script.danger, script.what);
  const isPage =
    htmlNames.test(extension) ||
    /html|svg|xml/.test(type) ||
    (depth === 0 && /^\s*(?:<!doctype html|<html|<svg|<script)/i.test(head));
  const opensInBrowser = isPage || (extension === "" && looksLikeHtml(head.slice(0, 1024)));
  if (
    opensInBrowser &&
    beside <= fewFiles * 5 &&
    (looksLikeHtml(head) || looksLikeSvg(head) || /<[a-z]+:script|<script/i.test(text))
  ) {
    const signs = signsOf(text);
    if (signs.hta) found("script", "HTML application");
    if (signs.smuggling !== undefined) found("html-trap", signs.smuggling);
    if (signs.form !== undefined) found("html-trap", signs.form);
    if (signs.script !== undefined && beside <= fewFiles) found("html-script", signs.script);
    if (signs.redirect !== undefined && signs.script === undefined && depth === 0) found("html-trap", signs.redirect);
  }
  if (
    /<\?mso-application\b|<w:wordDocument\b|<pkg:package\b/.test(head) &&
    /<w:binData\b[^>]{0,200}w:name="editdata\.mso"|vbaProject\.bin|macrosPresent="yes"/.test(text)
  )
    found("macro", "macros in an XML document");
  if (
    /^(?:csv|tsv|slk)$/.test(extension) &&
    /(?:^|[,;\t\n"])\s*[=+@-][^,\n]{0,200}?\b(?:cmd|powershell|msexcel|mshta|rundll32)(?:\.exe)?\s*\|/im.test(text)
  )
    found("office-trap", "DDE in a table");
  if (
    /(?:^|\n)<!ENTITY\s/.test(head) &&
    (head.match(/<!ENTITY\s/g)?.length ?? 0) > 5 &&
    /<!ENTITY\s+\S+\s+["'](?:&\S+;){5}/.test(head)
  )
    found("bomb", "XML entities");
  if ((type === "message/rfc822" || extension === "eml" || /^(?:mht|mhtml)$/.test(extension)) && !isUtf16(bytes)) {
    const root = parseMessage(bytes);
    at.budget.entry();
    messageWithin?.(bytes, root, inner);
  }
}

/** How the parts of a message within a file are found; set by scan-message.ts, which knows messages. */
let messageWithin: ((raw: Buffer, root: ReturnType<typeof parseMessage>, inner: Inner) => void) | undefined;
export function teachMessages(how: typeof messageWithin): void {
  messageWithin = how;
}

/** [MS-ONESTORE] 2.6.13 FileDataStoreObject: a length follows its GUID, the file lies 36 bytes behind it. */
function oneNoteFiles(bytes: Buffer): Buffer[] {
  const guid = Buffer.from("e716e3bd65261145a4c48d4d0b7a9eac", "hex");
  const files: Buffer[] = [];
  for (let at = bytes.indexOf(guid); at >= 0 && files.length < 100; at = bytes.indexOf(guid, at + 16)) {
    if (at + 36 > bytes.length) break;
    const size = bytes.readUInt32LE(at + 16);
    files.push(bytes.subarray(at + 36, at + 36 + size));
  }
  return files;
}
