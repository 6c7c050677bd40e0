/** Mail that somebody sent as a file comes into one account: an mbox file, one message, an archive of such files and Maildirs, or what an export wrote of the account. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AccountId } from "../store/store.ts";
import { isBegun } from "./begun.ts";
import { type AccountPorts, importAccount, importMailOf } from "./import-account.ts";
import { type FilesImported, importFiles } from "./import-files.ts";
import { CannotCarry } from "./put.ts";
import { archiveKindOf, unpack } from "./unpack.ts";

/**
 * The files of what was sent, in a folder of their own; what was sent is gone then. Done again after it broke off, it begins anew.
 * `name`: how the sender calls it: a file of mail keeps its name, for mbox files are called as their folders.
 */
export async function filesOfUpload(
  sent: { readonly file: string; readonly name: string; readonly mustBeArchive: boolean },
  places: { readonly unpacking: string; readonly files: string },
  maxBytes: number,
): Promise<void> {
  const { file, name, mustBeArchive } = sent;
  const { unpacking, files } = places;
  if (existsSync(files)) return;
  await rm(unpacking, { recursive: true, force: true });
  await mkdir(unpacking, { mode: 0o700 });
  if (mustBeArchive || (await archiveKindOf(file)) !== "file") {
    await unpack(file, unpacking, maxBytes);
    await rename(unpacking, files);
    await rm(file);
    return;
  }
  // The folder stands under its final name when the file is in it, and not before.
  await rename(file, join(unpacking, safeName(name)));
  await rename(unpacking, files);
}

/** A name from elsewhere as the name of one file that is not hidden. */
export const safeName = (name: string): string =>
  name
    .replace(/^.*[\\/]/, "")
    .replace(/[\x00-\x1f\x7f]/g, "")
    .replace(/^\.+/, "")
    .slice(-200) || "INBOX";

/** `everything`: scripts, contacts and settings of an export too; else its mail alone. Rejects with `CannotCarry`. */
export async function importUpload(
  files: string,
  to: { readonly account: AccountId; readonly name: string; readonly folder: string | undefined },
  everything: boolean,
  ports: AccountPorts,
  tell: (counts: FilesImported) => void,
): Promise<FilesImported> {
  // An import that has made the account finishes it: nobody's file takes its place.
  if (await isBegun(ports.store, to.name))
    throw new CannotCarry(`Another import is making ${to.name}: it has to end first.`);
  const short = (text: string): string => text.replaceAll(`${files}/`, "");
  try {
    const root = await rootOf(files);
    const exported = await exportIn(root, to.name);
    const came =
      exported === undefined
        ? await importFiles({ account: to.account, paths: [await onlyFile(root)], folder: to.folder }, ports, tell)
        : everything
          ? await importAccount(exported, to.name, ports, tell)
          : await importMailOf(exported, to.account, ports, tell);
    if (came.added + came.known + came.left.length === 0)
      throw new CannotCarry("There is no mail in it: neither mbox files, nor Maildirs, nor messages (EML).");
    return { added: came.added, known: came.known, left: came.left.map(short) };
  } catch (error) {
    if (error instanceof CannotCarry) throw new CannotCarry(short(error.message));
    throw error;
  }
}

/** Archives often hold one folder that holds everything. */
async function rootOf(folder: string): Promise<string> {
  let root = folder;
  for (let depth = 0; depth < 5; depth++) {
    const [only, ...others] = await readdir(root, { withFileTypes: true });
    if (only === undefined || others.length > 0 || !only.isDirectory()) return root;
    root = join(root, only.name);
  }
  return root;
}

/** What was sent as one file is read whatever it is called; of what lies in folders, some names are no mail. */
async function onlyFile(root: string): Promise<string> {
  const [only, ...others] = await readdir(root, { withFileTypes: true });
  return only !== undefined && others.length === 0 && only.isFile() ? join(root, only.name) : root;
}

/** The folder that `angarium export` wrote of an account, where there is one. */
async function exportIn(root: string, name: string): Promise<string | undefined> {
  if (existsSync(join(root, "account.json"))) return root;
  const accounts = (await readdir(root)).filter((one) => existsSync(join(root, one, "account.json")));
  if (accounts.length === 0) return undefined;
  // One account alone may have had another name there.
  const own = accounts.length === 1 ? accounts[0] : accounts.find((one) => one === name);
  if (own !== undefined) return join(root, own);
  throw new CannotCarry(
    `This export is of ${accounts.slice(0, 5).join(", ")}${accounts.length > 5 ? " and others" : ""}, not of ${name}: an administrator of the platform brings it in, or it is exported again as this account alone.`,
  );
}
