/** A copy of the database before it is brought up to date: with it the version before can go on where it was. */
import { existsSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { schemaVersion } from "./migrations/migrate.ts";
import { databaseFile } from "./sqlite.ts";

/** A larger database is not copied by itself: that takes minutes, and an administrator has a backup. */
const maxCopiedBytes = 2 * 1024 * 1024 * 1024;

/** Answers the name of the copy; undefined where none was made: nothing changes, it is too large, or there is no room. */
export function keepWayBack(dir: string, newest = schemaVersion): string | undefined {
  const file = join(dir, databaseFile);
  if (!existsSync(file)) return undefined;
  try {
    return copied(dir, file, newest);
  } catch {
    // A file that is none, a full disk: who opens it next says so.
    return undefined;
  }
}

function copied(dir: string, file: string, newest: number): string | undefined {
  const database = new DatabaseSync(file);
  try {
    const version = versionOf(database);
    if (version === undefined || version >= newest) return undefined;
    const name = `before-schema-${newest}.sqlite`;
    const copy = join(dir, name);
    if (existsSync(copy)) return name;
    const { bavail, bsize } = statfsSync(dir);
    const bytes = statSync(file).size;
    if (bytes > maxCopiedBytes || bavail * bsize < 2 * bytes) return undefined;
    const part = `${copy}.part`;
    rmSync(part, { force: true });
    database.prepare("VACUUM INTO ?").run(part);
    renameSync(part, copy);
    return name;
  } finally {
    database.close();
  }
}

function versionOf(database: DatabaseSync): number | undefined {
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").get();
  if (table === undefined) return undefined;
  return (database.prepare("SELECT version FROM schema_version").get() as { version: number } | undefined)?.version;
}
