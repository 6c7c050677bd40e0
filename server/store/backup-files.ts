/** A backup and the way back, file by file: the database is read over a connection of its own, and files with calls that block. */
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Blobs, makeDataFolder, sync } from "./blobs.ts";
import { schemaVersion } from "./migrations/migrate.ts";
import { blobShards } from "./ops/tx.ts";
import { databaseFile } from "./sqlite.ts";
import { type Withheld, withheldSetting } from "./withheld.ts";

/** Written last: a folder without it is no backup. */
const labelFile = "backup.json";
const format = 1;
const progressEvery = 64;

/** So many files are copied, of so many. */
export type Tell = (done: number, total: number) => void;

export function backUp(from: string, to: string, tell: Tell): void {
  if (!existsSync(join(from, databaseFile))) throw new Error(`There are no mail data in ${from}.`);
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new Error(`The folder ${to} is not empty; a backup goes into a new one.`);
  makeDataFolder(to);
  const [source, target] = [new Blobs(from), new Blobs(to)];
  const copied = copyBlobs(source, target, allBlobs(source), tell).done;
  const copy = join(to, databaseFile);
  const database = new DatabaseSync(join(from, databaseFile), { readOnly: true, timeout: 10_000 });
  try {
    database.prepare("VACUUM INTO ?").run(copy);
  } finally {
    database.close();
  }
  sync(copy);
  const named = namedBlobs(copy);
  // What came meanwhile, and what was copied while it was still being written: what is named is whole.
  const since = named.filter((blob) => {
    const size = sizeOf(target.path(blob));
    return size === undefined || size !== (sizeOf(source.path(blob)) ?? size);
  });
  for (const blob of since) rmSync(target.path(blob), { force: true });
  const { gone } = copyBlobs(source, target, since, (done) => tell(copied + done, copied + since.length));
  const label = { format, schema: schemaVersion, at: new Date().toISOString(), blobs: named.length, gone };
  writeFileSync(join(to, labelFile), `${JSON.stringify(label)}\n`, { flag: "wx", mode: 0o600, flush: true });
  sync(to);
  sync(dirname(to));
  // The rest is safe: better a backup with a hole, and a loud word, than none.
  if (gone.length > 0)
    throw new Error(
      `The backup in ${to} is complete but for ${gone.length} blobs that are missing from ${from} too, ${gone[0]} for one; "verify" says whose they are.`,
    );
}

/** `withheld` stands in the copy before it is a store: no server can be started on it that sends. */
export function restore(from: string, to: string, withheld: Withheld | undefined, tell: Tell): void {
  const label = labelOf(from);
  if (label.schema > schemaVersion)
    throw new Error(
      `The backup in ${from} was made by a newer Angarium (schema ${label.schema}; this one knows ${schemaVersion}).`,
    );
  const [source, target] = [new Blobs(from), new Blobs(to)];
  if (existsSync(join(to, databaseFile)) || allBlobs(target).length > 0)
    throw new Error(`The folder ${to} holds mail already; restore into one that does not.`);
  makeDataFolder(to);
  // The database comes last, so that an interrupted restore is not mistaken for a store.
  const { gone } = copyBlobs(source, target, namedBlobs(join(from, databaseFile)), tell);
  const unfinished = join(to, `${databaseFile}.restoring`);
  rmSync(unfinished, { force: true });
  copyWhole(join(from, databaseFile), unfinished);
  keepWithheld(unfinished, withheld);
  sync(unfinished);
  renameSync(unfinished, join(to, databaseFile));
  sync(to);
  if (gone.length > 0)
    throw new Error(`All is restored but for ${gone.length} blobs that the backup does not hold, ${gone[0]} for one.`);
}

function keepWithheld(file: string, withheld: Withheld | undefined): void {
  const database = new DatabaseSync(file);
  try {
    // A backup of a copy may hold the word of that one.
    database.prepare("DELETE FROM settings WHERE key = ?").run(withheldSetting);
    if (withheld !== undefined)
      database
        .prepare("INSERT INTO settings (key, value) VALUES (?, ?)")
        .run(withheldSetting, JSON.stringify(withheld));
  } finally {
    database.close();
  }
}

function labelOf(folder: string): { readonly schema: number } {
  let text: string;
  try {
    text = readFileSync(join(folder, labelFile), "utf8");
  } catch {
    throw new Error(`There is no complete backup in ${folder}: it has no ${labelFile}.`);
  }
  const label = JSON.parse(text) as { readonly format?: unknown; readonly schema?: unknown };
  if (label.format !== format || typeof label.schema !== "number")
    throw new Error(`The backup in ${folder} is of a format that this Angarium does not know.`);
  return { schema: label.schema };
}

function allBlobs(blobs: Blobs): string[] {
  return Array.from({ length: blobShards }, (_, shard) => blobs.list(shard).map(({ blob }) => blob)).flat();
}

function namedBlobs(file: string): string[] {
  // A copy that was never opened has no log beside it: it may be on a disk that only reads.
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return (database.prepare("SELECT blob FROM bytes WHERE blob <> ''").all() as { blob: string }[]).map(
      ({ blob }) => blob,
    );
  } finally {
    database.close();
  }
}

/** Copies them durably; answers how many, and which were not there (any more). */
function copyBlobs(
  source: Blobs,
  target: Blobs,
  names: readonly string[],
  tell: Tell,
): { readonly done: number; readonly gone: readonly string[] } {
  const shards = new Set<string>();
  const gone: string[] = [];
  for (const [at, name] of names.entries()) {
    const path = target.path(name);
    const shard = dirname(path);
    if (!shards.has(shard)) {
      mkdirSync(shard, { recursive: true, mode: 0o700 });
      shards.add(shard);
    }
    try {
      copyWhole(source.path(name), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      gone.push(name);
    }
    if ((at + 1) % progressEvery === 0 || at + 1 === names.length) tell(at + 1, names.length);
  }
  for (const shard of shards) sync(shard);
  if (shards.size > 0) sync(dirname([...shards][0] as string));
  return { done: names.length - gone.length, gone };
}

function copyWhole(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  sync(to);
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;
