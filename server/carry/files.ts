/** Reads mail from files: mbox, Maildir, single messages (EML). Each message comes with its marks and its time. */
import { createReadStream } from "node:fs";
import { open, readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { decodeUtf7 } from "../../protocol/imap/mailbox-name.ts";
import { MboxReader, withCrlf } from "../../protocol/mbox/mbox.ts";
import { parseDate } from "../../protocol/mime/fields/date.ts";
import { fieldValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Instant, Marks } from "../store/store.ts";
import { gmailLabels } from "./gmail-labels.ts";
import { ourMarks } from "./marks-field.ts";
import { CannotCarry } from "./put.ts";

/** A message found in files. `folder`: its levels, none where the files do not say. */
export type FileMessage = {
  readonly folder: readonly string[];
  /** Where its labels say that it lies, whatever its file is called. */
  readonly labels?: readonly (readonly string[])[] | undefined;
  readonly bytes: Buffer;
  readonly marks: Marks;
  readonly receivedAt: Instant;
};
/** What could not be taken, as a sentence. */
export type Left = { readonly left: string };

export const maxFileMessageBytes = 150 * 1024 * 1024;
const maxDepth = 20;

/** What a path is, by what lies there. */
export async function kindOf(path: string): Promise<"maildir" | "mbox" | "eml" | "folder"> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new CannotCarry(`There is nothing at ${path}, or this user may not read it.`);
  if (found.isDirectory()) {
    const names = await readdir(path);
    return names.includes("cur") && names.includes("new") ? "maildir" : "folder";
  }
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(5), 0, 5, 0);
    return bytesRead === 5 && buffer.toString("latin1") === "From " ? "mbox" : "eml";
  } finally {
    await file.close();
  }
}

/** Everything below a path, whatever it is: folders of files are folders. */
export async function* readPath(path: string, depth = 0): AsyncGenerator<FileMessage | Left> {
  switch (await kindOf(path)) {
    case "mbox":
      yield* readMbox(path);
      return;
    case "maildir":
      yield* readMaildirTree(path);
      return;
    case "eml":
      yield* readEml(path);
      return;
    case "folder": {
      if (depth >= maxDepth) {
        yield { left: `${path} is too deep.` };
        return;
      }
      const entries = await readdir(path, { withFileTypes: true });
      for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
        // Indexes and state of mail programs; a symbolic link may lead anywhere, or round in a ring.
        if (entry.name.startsWith(".") || /\.(?:msf|dat|html|json|ndjson|toc|lock)$/i.test(entry.name)) continue;
        if (!entry.isDirectory() && !entry.isFile()) continue;
        // Thunderbird keeps the folders below "Work" in "Work.sbd".
        const below = entry.isDirectory() ? [entry.name.replace(/\.sbd$/, "")] : [];
        const place = join(path, entry.name);
        const isMaildir = entry.isDirectory() && (await kindOf(place)) === "maildir";
        for await (const one of readPath(place, depth + 1)) {
          if ("left" in one) yield one;
          // A Maildir is the folder of its name itself; one that is called by what it is holds the inbox.
          else if (isMaildir && /^maildir$/i.test(entry.name)) yield one;
          else if (isMaildir && one.folder[0] === "INBOX") yield { ...one, folder: [...below, ...one.folder.slice(1)] };
          else yield { ...one, folder: [...below, ...one.folder] };
        }
      }
      return;
    }
    default:
      return;
  }
}

/** Its folder is called like the file. */
export async function* readMbox(path: string): AsyncGenerator<FileMessage | Left> {
  const folder = [basename(path).replace(/\.(?:mbox|mbx)$/i, "")];
  const reader = new MboxReader(maxFileMessageBytes);
  const made = (one: ReturnType<typeof reader.take> extends Generator<infer T> ? T : never): FileMessage | Left => {
    if (one === "too-large") return { left: `A message in ${path} is too large.` };
    const ours = ourMarks(one.bytes);
    if (ours !== undefined) return { folder, ...ours };
    const labelled = gmailLabels(one.bytes);
    return {
      folder,
      labels: labelled?.places,
      bytes: one.bytes,
      marks: labelled?.marks ?? marksInHeader(one.bytes),
      receivedAt: one.receivedAt ?? dateIn(one.bytes) ?? Date.now(),
    };
  };
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>)
    for (const one of reader.take(chunk)) yield made(one);
  for (const one of reader.end()) yield made(one);
}

/** As Pine, mutt, Dovecot (`Status`, `X-Status`, `X-Keywords`) and Thunderbird (`X-Mozilla-Status`) keep marks in a header. */
function marksInHeader(bytes: Buffer): Marks {
  const header = splitHeader(bytes, 0, bytes.length);
  const value = (name: string): string => {
    const field = header.fields.find((one) => one.name === name);
    return field === undefined ? "" : fieldValue(header, field);
  };
  const letters = `${value("status")}${value("x-status")}`;
  const mozilla = Number.parseInt(value("x-mozilla-status"), 16) || 0;
  const has = (letter: string, bit: number): boolean => letters.includes(letter) || (mozilla & bit) !== 0;
  const flags =
    (has("R", 1) ? 1 : 0) | (has("A", 2) ? 2 : 0) | (has("F", 4) ? 4 : 0) | (letters.includes("T") ? 16 : 0);
  const keywords = value("x-keywords")
    .split(/[\s,]+/)
    .filter((one) => /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/.test(one));
  return { flags, keywords: keywords.slice(0, 50) };
}

function dateIn(bytes: Buffer): number | undefined {
  const header = splitHeader(bytes, 0, bytes.length);
  const field = header.fields.find((one) => one.name === "date");
  return field === undefined ? undefined : parseDate(fieldValue(header, field));
}

async function* readEml(path: string): AsyncGenerator<FileMessage | Left> {
  const { size, mtimeMs } = await stat(path);
  if (size > maxFileMessageBytes) {
    yield { left: `${path} is too large.` };
    return;
  }
  const bytes = withCrlf(await readFile(path));
  if (!/^[!-9;-~]+[ \t]*:/.test(bytes.subarray(0, 200).toString("latin1"))) {
    yield { left: `${path} is no message: it does not begin with a header.` };
    return;
  }
  yield { folder: [], bytes, marks: { flags: 1, keywords: [] }, receivedAt: dateIn(bytes) ?? Math.round(mtimeMs) };
}

// ---------------------------------------------------------------- Maildir

/** A Maildir and those below it: ".Work.2024" (Maildir++), or folders within folders. */
async function* readMaildirTree(path: string): AsyncGenerator<FileMessage | Left> {
  yield* readMaildir(path, ["INBOX"]);
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (!entry.isDirectory() || ["cur", "new", "tmp", ".", ".."].includes(entry.name)) continue;
    const below = join(path, entry.name);
    if ((await kindOf(below)) !== "maildir") continue;
    const name = entry.name.replace(/^\./, "");
    const levels = (entry.name.startsWith(".") ? name.split(".") : [name]).map((level) => decodeUtf7(level) ?? level);
    if (entry.name.startsWith(".")) yield* readMaildir(below, levels);
    else
      for await (const one of readMaildirTree(below))
        yield "left" in one ? one : { ...one, folder: one.folder[0] === "INBOX" ? levels : [...levels, ...one.folder] };
  }
}

const letterFlags: { readonly [letter: string]: number } = { S: 1, R: 2, F: 4, D: 16 };

async function* readMaildir(path: string, folder: readonly string[]): AsyncGenerator<FileMessage | Left> {
  const keywords = await dovecotKeywords(join(path, "dovecot-keywords"));
  for (const part of ["cur", "new"] as const) {
    const names = (await readdir(join(path, part))).filter((name) => !name.startsWith(".")).sort();
    for (const name of names) {
      const file = join(path, part, name);
      const about = await stat(file).catch(() => undefined);
      if (about?.isFile() !== true) continue;
      if (about.size > maxFileMessageBytes) {
        yield { left: `${file} is too large.` };
        continue;
      }
      const letters = /[:;!]2,([A-Za-z]*)$/.exec(name)?.[1] ?? "";
      const marks: Marks = {
        flags: [...letters].reduce((flags, letter) => flags | (letterFlags[letter] ?? 0), 0),
        keywords: [...letters].flatMap((letter) => keywords.get(letter) ?? []),
      };
      const written = /^(\d{9,10})[._]/.exec(name)?.[1];
      const received = Math.round(about.mtimeMs) || (written === undefined ? 0 : Number(written) * 1000);
      yield { folder, bytes: withCrlf(await readFile(file)), marks, receivedAt: received };
    }
  }
}

/** Dovecot gives each keyword of a folder a letter: lines "0 $Forwarded" for a, "1 Work" for b. */
async function dovecotKeywords(path: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(path, "utf8").catch(() => "");
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, number = "", keyword = ""] = /^(\d+) (\S+)$/.exec(line.trim()) ?? [];
    if (keyword !== "" && Number(number) < 26) found.set(String.fromCharCode(97 + Number(number)), keyword);
  }
  return found;
}
