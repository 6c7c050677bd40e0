/** One that reads: each call sees one state of the data, everything committed before it began. */
import type { Blobs } from "./blobs.ts";
import { type Answer, type Call, failureOf } from "./calls.ts";
import { readOps } from "./ops/read.ts";
import type { Op } from "./ops/tx.ts";
import { SearchMemory } from "./search-memory.ts";
import { type Database, Effects } from "./sqlite.ts";
import { troubleOf } from "./trouble.ts";

export class Reader {
  readonly #open: () => Database;
  readonly #blobs: Blobs;
  readonly #clock: () => number;
  readonly #memory = new SearchMemory();
  #database: Database | undefined;

  constructor(open: () => Database, blobs: Blobs, clock: () => number) {
    this.#open = open;
    this.#blobs = blobs;
    this.#clock = clock;
    this.#database = open();
  }

  /** The answer, and the memory in it that may be given away. */
  run([id, name, args]: Call): { readonly answer: Answer; readonly transfer: ArrayBuffer[] } {
    try {
      this.#database ??= this.#open();
      const effects = new Effects(this.#database, this.#blobs, this.#clock, this.#memory);
      const op = readOps[name as keyof typeof readOps] as ((...args: readonly unknown[]) => Op<unknown>) | undefined;
      if (op === undefined) throw new Error(`The store has no operation "${name}".`);
      this.#database.begin();
      const value = effects.run(op(...args));
      this.#database.commit();
      return { answer: [id, undefined, value], transfer: effects.slabs };
    } catch (error) {
      this.#reset(troubleOf(error) !== undefined);
      return { answer: [id, failureOf(error), undefined], transfer: [] };
    }
  }

  #reset(broken: boolean): void {
    try {
      this.#database?.rollback();
      if (broken) this.close();
    } catch {
      this.close();
    }
  }

  close(): void {
    const database = this.#database;
    this.#database = undefined;
    try {
      database?.close();
    } catch {
      // It is given up anyway: the next call opens another.
    }
  }
}
