/** SQLite behind the effects of the operations. The only file that knows `node:sqlite`. Runs in a worker thread: it blocks. */

import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Blobs } from "./blobs.ts";
import { inDialect, sqliteDialect } from "./dialect.ts";
import type { Effect, Op, StoredBytes } from "./ops/tx.ts";
import { SearchMemory } from "./search-memory.ts";
import type { Change } from "./store.ts";
import { decodeInto } from "./zstd.ts";

export const databaseFile = "angarium.sqlite";
/** Prepared statements that are kept. */
const maxStatements = 500;
/** Rows that are known to be there (`once`). */
const maxThere = 1000;
/** How long a statement waits for another process. */
const busyMs = 10_000;
/** Of a new database: rows of compressed mail fill pages of this size better than those of 4096, and fewer of them are written. */
const pageBytes = 8192;
/** A checkpoint, which the writer makes itself, comes after this many pages of write-ahead log. */
const checkpointPages = 4000;
/** The same on a disk that is nearly full: what lies in the log must still fit into the database when nothing is left but the reserve. */
const shortCheckpointPages = 250;
/** A log of this size is worth a quiet moment. */
const shrinkLogBytes = 2 * 1024 * 1024;
/** The log is made longer by this much at a time, and by its own length while it is shorter than the most. */
const growLogBytes = { least: 256 * 1024, most: 2 * 1024 * 1024 } as const;
/** After so many looks at the log that found it as it was it is most likely written from its beginning again: then it is looked at less often. */
const manySameLooks = 128;
const looksApart = 8;
/** Decoded bytes are laid side by side in pieces of up to this size, which then go to the other thread without a copy. */
const slabBytes = 1024 * 1024;

function logBytes(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Zeros are written in pieces of this size: Linux keeps what came with one write in one folio, and goes through all blocks of a folio at each write
 * into it. In pieces of 2 MiB a commit of ten pages took half as long again.
 */
const zerosBytes = 64 * 1024;

/** Whether it could. Where not (a full disk, no more files to open) the file is as it was, and the commit tells what is the matter. */
function extendWithZeros(file: string, size: number, more: number): boolean {
  let fd: number | undefined;
  try {
    fd = openSync(file, "r+");
    const zeros = new Uint8Array(zerosBytes);
    for (let done = 0; done < more; ) done += writeSync(fd, zeros, 0, Math.min(zeros.length, more - done), size + done);
    return true;
  } catch {
    if (fd !== undefined) ftruncateSync(fd, size);
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export type DatabaseOptions = {
  readonly dir: string;
  readonly readOnly: boolean;
  readonly cacheKiB: number;
  /** Pages that the database may have at most (for tests of a full disk). */
  readonly maxPages?: number;
};

export class Database {
  readonly #db: DatabaseSync;
  readonly #file: string;
  #logBytes = 0;
  #short = false;
  /** Transactions until the length of the log is looked at again, and how often it was the same. */
  #untilLook = 1;
  #sameLooks = 0;
  readonly #statements = new Map<string, StatementSync>();
  /** Rows that were written, and were not undone. */
  readonly #there = new Set<string>();
  readonly #rowStatements = new Map<string, StatementSync>();

  constructor({ dir, readOnly, cacheKiB, maxPages }: DatabaseOptions) {
    this.#file = join(dir, databaseFile);
    this.#db = new DatabaseSync(this.#file, {
      readOnly,
      timeout: busyMs,
      enableForeignKeyConstraints: false,
    });
    try {
      if (!readOnly) {
        // Acknowledged mail must survive a power cut: FULL syncs the log at each commit.
        // A database that is there keeps the pages it has.
        this.#db.exec(`PRAGMA page_size = ${pageBytes}`);
        this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
        this.#db.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}; PRAGMA journal_size_limit = 67108864`);
        if (maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${maxPages}`);
      }
      this.#db.exec(`PRAGMA cache_size = -${cacheKiB}; PRAGMA temp_store = MEMORY`);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  begin(): void {
    this.run("BEGIN");
  }

  /** For writing: waits for other processes now, and not in the middle. */
  beginImmediate(): void {
    this.run("BEGIN IMMEDIATE");
    this.#growLog();
  }

  /**
   * A commit that makes the log file longer waits for the file system's own journal too, and takes up to three times as long. So
   * where the last one did, the file is made longer by a good piece at once. What is written are zeros behind its end, which are
   * no frames of the log (a frame names a page, and there is no page 0), and only in a transaction that has the lock on
   * writing: nobody else appends meanwhile.
   */
  #growLog(): void {
    if (this.#short || --this.#untilLook > 0) return;
    const size = logBytes(this.#file);
    this.#sameLooks = size === this.#logBytes ? this.#sameLooks + 1 : 0;
    this.#untilLook = this.#sameLooks > manySameLooks ? looksApart : 1;
    if (size <= this.#logBytes) {
      // Shorter: it was cut in a quiet moment.
      this.#logBytes = size;
      return;
    }
    const more = Math.min(growLogBytes.most, Math.max(growLogBytes.least, size));
    this.#logBytes = extendWithZeros(`${this.#file}-wal`, size, more) ? size + more : size;
  }

  commit(): void {
    this.run("COMMIT");
  }

  /** SQLite undoes a transaction by itself on some errors. */
  rollback(): void {
    this.#there.clear();
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  get inTransaction(): boolean {
    return this.#db.isTransaction;
  }

  savepoint(): void {
    this.run("SAVEPOINT op");
  }

  release(): void {
    this.run("RELEASE op");
  }

  rollbackToSavepoint(): void {
    this.#there.clear();
    this.#db.exec("ROLLBACK TO op; RELEASE op");
  }

  /** In a quiet moment: brings the write-ahead log into the database and gives its room back, unless somebody is reading from it. */
  shrinkLog(): void {
    if (logBytes(this.#file) < shrinkLogBytes) return;
    this.#db.exec(`PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = ${busyMs}`);
  }

  /** While the disk is nearly full the log takes little of it. */
  keepLogShort(short: boolean): void {
    if (short === this.#short) return;
    this.#short = short;
    this.#db.exec(`PRAGMA wal_autocheckpoint = ${short ? shortCheckpointPages : checkpointPages}`);
    if (short) this.shrinkLog();
  }

  /** A number that changes when another connection has written. */
  dataVersion(): number {
    return (this.#prepare("PRAGMA data_version", false).get() as { data_version: number }).data_version;
  }

  /** Room within the file that no row takes. */
  freeBytes(): number {
    const { bytes } = this.#prepare(
      "SELECT freelist_count * page_size AS bytes FROM pragma_freelist_count, pragma_page_size",
      false,
    ).get() as { bytes: number };
    return bytes;
  }

  run(sql: string): void {
    this.#prepare(sql, false).run();
  }

  sql(effect: Extract<Effect, { kind: "sql" }>): unknown {
    const statement = this.#prepare(effect.sql, effect.want === "rows");
    const params = effect.params as SQLInputValue[];
    switch (effect.want) {
      case "all":
      case "rows":
        return statement.all(...params);
      case "one":
        return statement.get(...params);
      case "run":
        return Number(statement.run(...params).changes);
      case "id":
        return Number(statement.run(...params).lastInsertRowid);
      default:
        return effect.want satisfies never;
    }
  }

  once({ name, sql, params }: Extract<Effect, { kind: "once" }>): void {
    if (this.#there.has(name)) return;
    this.#prepare(sql, false).run(...(params as SQLInputValue[]));
    if (this.#there.size >= maxThere) this.#there.clear();
    this.#there.add(name);
  }

  change({ change, params }: Extract<Effect, { kind: "change" }>): unknown {
    const values = params as SQLInputValue[];
    if (Number(this.#prepare(change.update, false).run(...values).changes) === 0) return undefined;
    return this.#prepare(change.look, false).get(...values.slice(0, change.keys));
  }

  #prepare(sql: string, asArrays: boolean): StatementSync {
    const statements = asArrays ? this.#rowStatements : this.#statements;
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(inDialect(sql, sqliteDialect).replace(/\$(\d+)/g, "?$1"));
    if (asArrays) statement.setReturnArrays(true);
    if (statements.size >= maxStatements) {
      const oldest = statements.keys().next().value as string;
      statements.delete(oldest);
    }
    statements.set(sql, statement);
    return statement;
  }

  close(): void {
    this.#db.close();
  }
}

// ---------------------------------------------------------------- running an operation

/** Memory for bytes that are looked at in passing; larger ones get their own. */
const passing = new Uint8Array(slabBytes);
const passingBytes = (length: number) =>
  length <= passing.length ? passing.subarray(0, length) : new Uint8Array(length);

/** What the effects of one operation leave behind: what follows the commit, and memory that may be given away. */
export class Effects {
  readonly #database: Database;
  readonly #blobs: Blobs;
  readonly #clock: () => number;
  #memory: SearchMemory | undefined;
  readonly changes: Change[] = [];
  readonly removedBlobs: string[] = [];
  readonly slabs: ArrayBuffer[] = [];
  #slab: Uint8Array = new Uint8Array(0);
  #used = 0;
  #nextSlab = 0;

  constructor(database: Database, blobs: Blobs, clock: () => number, memory?: SearchMemory) {
    this.#database = database;
    this.#blobs = blobs;
    this.#clock = clock;
    this.#memory = memory;
  }

  run<T>(op: Op<T>): T {
    for (let step = op.next(); ; ) {
      if (step.done) return step.value;
      let result: unknown;
      try {
        result = this.#perform(step.value);
      } catch (error) {
        step = op.throw(error);
        continue;
      }
      step = op.next(result);
    }
  }

  #perform(effect: Effect): unknown {
    switch (effect.kind) {
      case "sql":
        return this.#database.sql(effect);
      case "once":
        return this.#database.once(effect);
      case "change":
        return this.#database.change(effect);
      case "now":
        return this.#clock();
      case "publish":
        return this.changes.push(effect.change);
      case "lock-events":
        return undefined;
      case "memory":
        return (this.#memory ??= new SearchMemory());
      case "load":
        return this.#load(effect.stored, effect.limit, effect.passing);
      case "list-blobs":
        return this.#blobs.list(effect.shard);
      case "remove-blob":
        return this.removedBlobs.push(effect.blob);
      default:
        return effect satisfies never;
    }
  }

  #load(stored: StoredBytes, limit: number, passing: boolean): Uint8Array {
    const length = Math.min(limit, stored.sizeBytes);
    const target = passing ? passingBytes(length) : this.#take(length);
    const data = stored.data ?? this.#blobs.read(stored.blob);
    decodeInto({ encoding: stored.encoding, data }, target);
    return target;
  }

  #take(length: number): Uint8Array {
    if (this.#used + length > this.#slab.length) {
      // One message has memory of its own size; a page of them gets ever larger pieces.
      this.#slab = new Uint8Array(Math.max(length, this.#nextSlab));
      this.#nextSlab = Math.min(slabBytes, Math.max(16 * 1024, this.#nextSlab * 2));
      this.slabs.push(this.#slab.buffer as ArrayBuffer);
      this.#used = 0;
    }
    return this.#slab.subarray(this.#used, (this.#used += length));
  }
}
