/**
 * What a store operation may do, as values: an operation is a generator that yields effects and is given their results.
 * One implementation so runs at once on SQLite, inside its thread, and with waiting on PostgreSQL. The driver opens
 * the transaction, commits it and undoes it when the operation throws.
 */
import type { SearchMemory } from "../search-memory.ts";
import type { Change, Instant } from "../store.ts";

export type Param = number | string | null | Uint8Array;
/** A row by column name; integers are numbers, bytes are Uint8Array (maybe a view of something larger). */
export type Row = { readonly [column: string]: Param };
/** A row by column position: cheaper where there are many. */
export type Cells = readonly Param[];

/** Where the bytes of a content are: inline (`data`), or in the blob `blob` when `data` is null. */
export type StoredBytes = {
  readonly encoding: Encoding;
  readonly sizeBytes: number; // of the message, decoded
  readonly blob: string; // "" when inline
  readonly data: Uint8Array | null;
};
/** 0: as they are. 1: zstd. 2: zstd with the dictionary of `zstd.ts`. */
export type Encoding = 0 | 1 | 2;

export type Effect =
  | {
      readonly kind: "sql";
      /** Placeholders `$1`…`$n`; `{words}` are of `dialect.ts`. The text must come from a small set: it is a cache key. */
      readonly sql: string;
      readonly params: readonly Param[];
      /** all: Row[]. rows: Cells[]. one: Row or undefined. run: number of rows changed. id: that of the row inserted. */
      readonly want: "all" | "rows" | "one" | "run" | "id";
    }
  /** Writes a row that may be there already. Whoever writes alone, and has written it, need not do so again. */
  | { readonly kind: "once"; readonly name: string; readonly sql: string; readonly params: readonly Param[] }
  | { readonly kind: "change"; readonly change: RowChange; readonly params: readonly Param[] }
  /** The first `limit` bytes of a message, decoded and read from its blob where need be; `passing` ones are good until the next effect only. */
  | { readonly kind: "load"; readonly stored: StoredBytes; readonly limit: number; readonly passing: boolean }
  /** Names of blobs, with the time of their last change. */
  | { readonly kind: "list-blobs"; readonly shard: number }
  /** Deletes a blob after the commit of this transaction; one that is not there is deleted already. */
  | { readonly kind: "remove-blob"; readonly blob: string }
  /** Told to the subscribers after the commit. */
  | { readonly kind: "publish"; readonly change: Change }
  /** Waits until no other transaction adds events, and keeps others from it; with one writer there is none. */
  | { readonly kind: "lock-events" }
  /** What whoever runs this remembers; nothing, in an operation that writes and may be undone. */
  | { readonly kind: "memory" }
  | { readonly kind: "now" };

// biome-ignore lint/suspicious/noExplicitAny: what `next` is given depends on the effect; the functions below give it its type.
export type Op<T> = Generator<Effect, T, any>;

export type BlobListed = { readonly blob: string; readonly modifiedAt: Instant };
/** Blobs are spread over this many folders: the first two hexadecimal digits of their names. */
export const blobShards = 256;

export function* all<R = Row>(sql: string, ...params: readonly Param[]): Op<readonly R[]> {
  return yield { kind: "sql", sql, params, want: "all" };
}

export function* rows(sql: string, ...params: readonly Param[]): Op<readonly Cells[]> {
  return yield { kind: "sql", sql, params, want: "rows" };
}

export function* one<R = Row>(sql: string, ...params: readonly Param[]): Op<R | undefined> {
  return yield { kind: "sql", sql, params, want: "one" };
}

/** Answers how many rows were changed. */
export function* run(sql: string, ...params: readonly Param[]): Op<number> {
  return yield { kind: "sql", sql, params, want: "run" };
}

/** Inserts one row into a table whose column `id` counts by itself; answers its number. */
export function* insert(sql: string, ...params: readonly Param[]): Op<number> {
  return yield { kind: "sql", sql, params, want: "id" };
}

/**
 * One row that is changed and then looked at. PostgreSQL does it in one statement; SQLite in two, for its RETURNING builds a
 * table for each answer and costs more than the change.
 */
export type RowChange = {
  readonly update: string;
  readonly returning: string;
  readonly look: string;
  /** The first so many parameters name the row. */
  readonly keys: number;
};

/** `key` names the row by the first parameters; `where` says on what else the change depends. */
export function rowChange(parts: {
  readonly table: string;
  readonly set: string;
  readonly key: string;
  readonly where?: string;
  readonly columns: string;
}): RowChange {
  const { table, set, key, where, columns } = parts;
  const update = `UPDATE ${table} SET ${set} WHERE ${key}${where === undefined ? "" : ` AND ${where}`}`;
  return {
    update,
    returning: `${update} RETURNING ${columns}`,
    look: `SELECT ${columns} FROM ${table} WHERE ${key}`,
    keys: new Set(key.match(/\$\d+/g)).size,
  };
}

/** Sees to it that a row is there that nobody takes away any more; `name` stands for it, among all such. */
export function* once(name: string, sql: string, ...params: readonly Param[]): Op<void> {
  yield { kind: "once", name, sql, params };
}

/** The row as it is then, or undefined where there was none to change. */
export function* changed<R = Row>(change: RowChange, ...params: readonly Param[]): Op<R | undefined> {
  return yield { kind: "change", change, params };
}

/** The first `limit` bytes of a message (all of them: `stored.sizeBytes`). */
export function* load(stored: StoredBytes, limit: number): Op<Uint8Array> {
  return yield { kind: "load", stored, limit, passing: false };
}

/** The same for a look in passing: the bytes are good until the next effect, and then their memory serves again. */
export function* glance(stored: StoredBytes, limit: number): Op<Uint8Array> {
  return yield { kind: "load", stored, limit, passing: true };
}

export function* listBlobs(shard: number): Op<readonly BlobListed[]> {
  return yield { kind: "list-blobs", shard };
}

export function* removeBlob(blob: string): Op<void> {
  yield { kind: "remove-blob", blob };
}

export function* publish(change: Change): Op<void> {
  yield { kind: "publish", change };
}

/** Numbers of events ascend in the order of commits from here on. */
export function* lockEvents(): Op<void> {
  yield { kind: "lock-events" };
}

export function* memory(): Op<SearchMemory> {
  return yield { kind: "memory" };
}

/** The store's clock. */
export function* now(): Op<Instant> {
  return yield { kind: "now" };
}
