/** Mail in files: what `angarium filter` learns from and judges. */
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Envelope } from "./content.ts";

/** A file that is larger is read so far: the filter looks no further anyway. */
const maxMailBytes = 64 * 1024 * 1024;

/**
 * The mails below the paths in the order of their names: files as they are, folders with all in them. In a folder that holds ".eml"
 * files only these count. Throws, with a sentence, for a path that cannot be read.
 */
export function mailFiles(paths: readonly string[]): string[] {
  const found: string[] = [];
  for (const path of paths) {
    let isFolder: boolean;
    try {
      isFolder = statSync(path).isDirectory();
    } catch (error) {
      throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
    }
    if (isFolder) found.push(...inFolder(path));
    else found.push(path);
  }
  return found;
}

function inFolder(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
  );
  // A folder of links to files is a selection of mail; linked folders are not followed: they may lead in a circle.
  const isFile = (entry: Dirent): boolean =>
    entry.isFile() || (entry.isSymbolicLink() && statSync(join(folder, entry.name)).isFile());
  const files = entries.filter((entry) => !entry.name.startsWith(".") && isFile(entry));
  const mails = files.some(({ name }) => name.endsWith(".eml"))
    ? files.filter(({ name }) => name.endsWith(".eml"))
    : files;
  return [
    ...mails.map(({ name }) => join(folder, name)),
    ...entries.filter((entry) => entry.isDirectory()).flatMap(({ name }) => inFolder(join(folder, name))),
  ];
}

export function readMail(path: string): Buffer {
  const bytes = readFileSync(path);
  return bytes.length > maxMailBytes ? bytes.subarray(0, maxMailBytes) : bytes;
}

/** "003963feb13e" of ".../003963feb13e.eml". */
export const mailId = (path: string): string => basename(path).replace(/\.eml$/, "");

/**
 * Envelopes by id, from lines of JSON: {"id","ip","helo","rdns","mailfrom","rcpt","auth":{"spf","dkim","dmarc"}}; all but `id` may
 * be missing. Throws, with a sentence, at a line that is no such thing.
 */
export function readEnvelopes(text: string): Map<string, Envelope> {
  const envelopes = new Map<string, Envelope>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    let value: { readonly [key: string]: unknown };
    try {
      value = JSON.parse(line) as { readonly [key: string]: unknown };
    } catch {
      throw new Error(`line ${index + 1} of the envelope file is no JSON`);
    }
    const text = (key: string): string => (typeof value[key] === "string" ? (value[key] as string) : "");
    const auth = value["auth"] as { readonly [key: string]: string } | undefined;
    envelopes.set(text("id"), {
      ip: text("ip"),
      helo: text("helo"),
      rdns: typeof value["rdns"] === "string" ? value["rdns"] : undefined,
      mailFrom: text("mailfrom"),
      rcpt: text("rcpt"),
      auth:
        typeof auth === "object" && auth !== null && Object.keys(auth).length > 0
          ? { spf: auth["spf"], dkim: auth["dkim"], dmarc: auth["dmarc"] }
          : undefined,
    });
  }
  return envelopes;
}
