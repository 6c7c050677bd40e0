/** One thread of the store as the main thread sees it: calls go in, promises come out, and a thread that dies is replaced. */
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { type Call, errorOf, type FromThread, type ToThread } from "./calls.ts";
import { unpackChanges } from "./crossing.ts";
import { heedShared, isShared } from "./shared-memory.ts";
import type { Change } from "./store.ts";
import { StoreTrouble } from "./trouble.ts";
import type { ThreadData } from "./worker.ts";

/** A thread that dies again and again is started this often at most. */
const restartMs = { first: 50, most: 5000 } as const;
/** Bytes that go to the thread with the calls of one turn are laid into pieces of this size: memory outside the heap, of which V8 keeps count. */
const slabBytes = 16 * 1024;

/**
 * So many calls go at once, though the turn of the event loop is not over. Otherwise all who wait for one commit come back in one turn, and their
 * next calls go together again: thread and main thread would take turns in waiting for each other.
 */
const callsAtOnce = 4;

type Waiting = { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void };

export class Lane {
  readonly #data: ThreadData;
  readonly #onChanges: (changes: readonly Change[]) => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #ready = false;
  #refusing = false;
  #closing: Promise<void> | undefined;
  #closed: () => void = () => {};
  #restartMs: number = restartMs.first;
  #restarting: NodeJS.Timeout | undefined;
  #nextId = 1;
  #calls: Call[] = [];
  #slabs: ArrayBuffer[] = [];
  #slab: Buffer = Buffer.alloc(0);
  #used = 0;
  #scheduled = false;

  constructor(data: ThreadData, onChanges: (changes: readonly Change[]) => void) {
    this.#data = data;
    this.#onChanges = onChanges;
  }

  /** Calls not answered yet. */
  get load(): number {
    return this.#waiting.size;
  }

  get threadId(): number | undefined {
    return this.#worker?.threadId;
  }

  /** Resolves when the thread can work, rejects when it cannot. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#start(resolve, reject));
  }

  call<T>(name: string, args: readonly unknown[]): Promise<T> {
    if (this.#refusing) return Promise.reject(new StoreTrouble("unavailable", "The store is closed."));
    return new Promise<T>((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#calls.push([id, name, args]);
      if (this.#ready && this.#calls.length >= callsAtOnce) this.#flush();
      else this.#schedule();
    });
  }

  /** Lays bytes beside the others that go with the next calls, and answers the view to send in their place. Shared memory needs none. */
  lay(bytes: Uint8Array): Uint8Array {
    // To ask a small array for its memory takes longer than to copy it: V8 has to move it out of the heap first.
    if (bytes.length > slabBytes && isShared(bytes)) {
      heedShared(bytes);
      return bytes;
    }
    if (this.#used + bytes.length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes.length, slabBytes));
      this.#slabs.push(this.#slab.buffer as ArrayBuffer);
      this.#used = 0;
    }
    const view = new Uint8Array(this.#slab.buffer, this.#used, bytes.length);
    view.set(bytes);
    this.#used += bytes.length;
    return view;
  }

  /** Takes no calls any more. */
  refuse(): void {
    this.#refusing = true;
  }

  /** Lets the thread finish what it was given, then ends it. */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.refuse();
    clearTimeout(this.#restarting);
    this.#flush();
    this.#closing = new Promise((resolve) => {
      this.#closed = resolve;
    });
    if (this.#worker !== undefined) this.#worker.postMessage({ close: true } satisfies ToThread);
    else {
      this.#rejectAll("The store was closed.");
      this.#closed();
    }
    return this.#closing;
  }

  // ---------------------------------------------------------------- the thread

  #start(resolve: () => void, reject: (error: Error) => void): void {
    const cache = getCompileCacheDir();
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      workerData: this.#data,
      name: `store ${this.#data.role}`,
      // Where the main thread keeps compiled modules the thread finds them, and starts in a third of the time.
      ...(cache === undefined ? {} : { env: { ...process.env, NODE_COMPILE_CACHE: dirname(cache) } }),
    });
    this.#worker = worker;
    let failure: Error | undefined;
    worker.on("message", (message: FromThread) => {
      if ("answers" in message) this.#answered(message);
      else if ("failed" in message) failure = errorOf(message.failed);
      else {
        this.#ready = true;
        resolve();
        this.#schedule();
      }
    });
    worker.on("error", (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    worker.on("exit", () => {
      this.#worker = undefined;
      const wasReady = this.#ready;
      this.#ready = false;
      this.#rejectAll(
        failure === undefined
          ? "A thread of the store has ended."
          : `A thread of the store has ended: ${failure.message}`,
      );
      reject(failure ?? new Error("A thread of the store has ended."));
      if (this.#closing !== undefined) return this.#closed();
      if (wasReady) this.#restartMs = restartMs.first;
      this.#restart();
    });
  }

  #restart(): void {
    this.#restarting = setTimeout(() => {
      this.#start(
        () => {},
        () => {},
      );
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, restartMs.most);
  }

  #rejectAll(message: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#calls = [];
    this.#slabs = [];
    this.#slab = Buffer.alloc(0);
    this.#used = 0;
    for (const { reject } of waiting) reject(new StoreTrouble("unavailable", message));
  }

  // ---------------------------------------------------------------- calls and answers

  /** Calls of one turn of the event loop go together, as long as they are few. */
  #schedule(): void {
    if (this.#scheduled || !this.#ready || this.#calls.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#ready) this.#flush();
    });
  }

  #flush(): void {
    if (this.#calls.length === 0 || this.#worker === undefined) return;
    const [calls, slabs] = [this.#calls, this.#slabs];
    this.#calls = [];
    this.#slabs = [];
    this.#slab = Buffer.alloc(0);
    this.#used = 0;
    try {
      this.#worker.postMessage({ calls } satisfies ToThread, slabs);
    } catch (error) {
      // Something in a call cannot go to another thread (a function, say): a mistake of ours, and nobody may wait for ever.
      const reason = error instanceof Error ? error : new Error(String(error));
      for (const [id] of calls) {
        this.#waiting.get(id)?.reject(reason);
        this.#waiting.delete(id);
      }
    }
  }

  #answered(message: Extract<FromThread, { answers: unknown }>): void {
    const changes = unpackChanges(message);
    if (changes.length > 0) this.#onChanges(changes);
    for (const [id, failure, value] of message.answers) {
      const waiting = this.#waiting.get(id);
      if (waiting === undefined) continue;
      this.#waiting.delete(id);
      if (failure === undefined) waiting.resolve(value as never);
      else waiting.reject(errorOf(failure));
    }
  }
}
