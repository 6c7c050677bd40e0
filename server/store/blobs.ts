/** Large contents as files: `blobs/ab/abcdef…`, written and synced before the row that names them, never changed. */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./folders.ts";
import { type BlobListed, blobShards } from "./ops/tx.ts";

export class Blobs {
  readonly #folder: string;
  /** The folders, made together before the first blob: one by one each would cost its message two more syncs. */
  #hasShards = false;

  /** `dir` is the data folder of the store. */
  constructor(dir: string) {
    this.#folder = join(dir, "blobs");
  }

  /** Durable when it returns; answers the name. */
  write(bytes: Uint8Array): string {
    const name = randomBytes(16).toString("hex");
    const shard = join(this.#folder, name.slice(0, 2));
    if (!this.#hasShards) this.#makeShards();
    const path = join(shard, name);
    let file: number | undefined;
    try {
      file = openSync(path, "wx", 0o600);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
      closeSync(file);
      file = undefined;
      sync(shard);
    } catch (error) {
      // No row will name it. On a full disk it would be in the way.
      if (file !== undefined) closeQuietly(file);
      removeQuietly(path);
      throw error;
    }
    return name;
  }

  #makeShards(): void {
    for (let shard = 0; shard < blobShards; shard++)
      mkdirSync(join(this.#folder, shardName(shard)), { recursive: true, mode: 0o700 });
    sync(this.#folder);
    this.#hasShards = true;
  }

  read(name: string): Uint8Array {
    return readFileSync(this.path(name));
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  path(name: string): string {
    if (!/^[0-9a-f]{32}$/.test(name)) throw new Error(`No name of a blob: ${name}`);
    return join(this.#folder, name.slice(0, 2), name);
  }

  /** The blobs of one of the `blobShards` folders. */
  list(shard: number): readonly BlobListed[] {
    const folder = join(this.#folder, shardName(shard % blobShards));
    const found: BlobListed[] = [];
    for (const blob of listFolder(folder)) {
      const stat = statSync(join(folder, blob), { throwIfNoEntry: false });
      if (stat !== undefined && /^[0-9a-f]{32}$/.test(blob)) found.push({ blob, modifiedAt: stat.mtimeMs });
    }
    return found;
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Makes a file durable, or a folder: a new name is durable only when its folder is. */
export function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function closeQuietly(file: number): void {
  try {
    closeSync(file);
  } catch {
    // What went wrong before is what counts.
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is found as a blob that no row names.
  }
}

/** Makes the data folder, which nobody else may read. */
export function makeDataFolder(dir: string): void {
  makeFolder(join(dir, "blobs"));
  sync(dir);
}

const shardName = (shard: number): string => shard.toString(16).padStart(2, "0");
