/** Large contents as files: `blobs/ab/abcdef…`, written and synced before the row that names them, never changed. */

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolder } from "./folders.ts";
import { type BlobListed, blobShards } from "./ops/tx.ts";

export class Blobs {
  readonly #folder: string;
  /** The folders, made together before the first blob: one by one each would cost its message two more syncs. */
  #shards: Promise<void> | undefined;

  /** `dir` is the data folder of the store. */
  constructor(dir: string) {
    this.#folder = join(dir, "blobs");
  }

  /** Durable when the promise resolves; answers the name. */
  async write(bytes: Uint8Array): Promise<string> {
    const name = randomBytes(16).toString("hex");
    const shard = join(this.#folder, name.slice(0, 2));
    this.#shards ??= this.#makeShards();
    try {
      await this.#shards;
    } catch (error) {
      this.#shards = undefined;
      throw error;
    }
    const path = join(shard, name);
    try {
      const file = await open(path, "wx", 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(shard);
    } catch (error) {
      // No row will name it. On a full disk it would be in the way.
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
    return name;
  }

  async #makeShards(): Promise<void> {
    for (let shard = 0; shard < blobShards; shard++)
      await mkdir(join(this.#folder, shardName(shard)), { recursive: true, mode: 0o700 });
    await syncFolder(this.#folder);
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

/** A new name is durable only when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the data folder, which nobody else may read. */
export function makeDataFolder(dir: string): void {
  makeFolder(join(dir, "blobs"));
  const folder = openSync(dir, "r");
  fsyncSync(folder);
  closeSync(folder);
}

const shardName = (shard: number): string => shard.toString(16).padStart(2, "0");
