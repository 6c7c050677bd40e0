/** Room on the disk that is kept for one purpose: that people can delete mail when there is no other room left. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { StoreTrouble, type TroubleKind } from "./trouble.ts";

const reserveFile = "reserve";
/** Enough for the rows that thousands of deletions leave behind. */
const reserveBytes = 4 * 1024 * 1024;
/** The reserve is only made again where so much more is free: what is short of that is for deleting. */
const spareBytes = 4 * 1024 * 1024;
/** With so little free a disk is nearly full: what is in the log of the database alone is kept short. */
const shortBytes = 128 * 1024 * 1024;
/** With so little free a disk is full. */
const fullBytes = 256 * 1024;
/** How often it is looked whether there is room again. */
const lookEveryMs = 1000;

export const keptForDeleting = new StoreTrouble("disk-full", "What is left of the disk is kept for deleting mail.");

export interface Reserve {
  /** So much room within the database, which deleted rows have left and which takes none of the disk, is as good as a reserve that is there. */
  readonly insideBytes: number;
  /** It has been used and is not there again: what only fills the disk has to wait. */
  isUsed(): boolean;
  /** The disk is nearly full. */
  isShort(): boolean;
  /** Gives its room to whoever writes next. False where there was none, or where the trouble is another than a full disk. */
  use(trouble: TroubleKind): boolean;
}

/** None: a full disk is full. */
export const noReserve: Reserve = { insideBytes: 0, isUsed: () => false, isShort: () => false, use: () => false };

/** For what becomes a file of its own: refused where it would take what is left of a disk whose reserve is given up. */
export function needRoom(dir: string, bytes: number): void {
  if (existsSync(join(dir, reserveFile)) || freeBytes(dir) - bytes >= reserveBytes + spareBytes) return;
  throw keptForDeleting;
}

export class DiskReserve implements Reserve {
  readonly insideBytes = reserveBytes + spareBytes;
  readonly #dir: string;
  readonly #file: string;
  #used = false;
  #lookedAt = 0;

  /** Makes the reserve where there is room for it. */
  constructor(dir: string) {
    this.#dir = dir;
    this.#file = join(dir, reserveFile);
    this.#make();
  }

  isUsed(): boolean {
    if (!this.#used || performance.now() - this.#lookedAt < lookEveryMs) return this.#used;
    this.#lookedAt = performance.now();
    this.#used = !this.#make();
    return this.#used;
  }

  isShort(): boolean {
    return freeBytes(this.#dir) < shortBytes;
  }

  use(trouble: TroubleKind): boolean {
    // SQLite's shared memory calls a full disk an error of input and output.
    if (trouble !== "disk-full" && (trouble !== "io" || freeBytes(this.#dir) > fullBytes)) return false;
    if (!existsSync(this.#file)) return false;
    this.#remove();
    this.#used = true;
    this.#lookedAt = performance.now();
    return true;
  }

  #make(): boolean {
    try {
      if (statSync(this.#file, { throwIfNoEntry: false })?.size === reserveBytes) return true;
      if (freeBytes(this.#dir) < reserveBytes + spareBytes) return false;
      const file = openSync(this.#file, "w", 0o600);
      try {
        // Written, not only announced: a file with holes takes no room.
        for (let done = 0; done < reserveBytes; ) done += writeSync(file, filling, 0, filling.length, done);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      // No room after all, or a disk in trouble, which the next commit tells.
      this.#remove();
      return false;
    }
  }

  #remove(): void {
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // A disk in trouble: the next commit tells.
    }
  }
}

function freeBytes(dir: string): number {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  } catch {
    return Infinity; // It cannot be asked: that is other trouble.
  }
}

/** Noise-like, so that no file system makes it small. */
const filling = new Uint8Array(256 * 1024);
for (let at = 0, state = 1; at < filling.length; at++) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  filling[at] = state >>> 16;
}
