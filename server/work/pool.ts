/**
 * Worker threads for CPU-heavy pure work. One task per message; a thread has one task at a time, so that a task that
 * takes its thread down, or never ends, is known.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { heedShared, isShared, sharedCopy } from "../store/shared-memory.ts";
import type { TaskTypes } from "./tasks.ts";

/** Arguments and results of tasks by their names. */
type Tasks = { readonly [name: string]: { readonly args: object; readonly result: unknown } };

export type PoolSettings = {
  /** Threads; they start when there is work. */
  readonly threads: number;
  /** Tasks that wait, at most; more are refused with `PoolBusy`. */
  readonly maxWaiting: number;
  /** Bytes of tasks that wait or run, at most. One task larger than this runs alone. */
  readonly maxBytes: number;
  /** A task that runs longer loses its thread. */
  readonly maxTaskMs: number;
  /** A task that has cost this many threads is set aside with `PoisonTask`. */
  readonly maxKills: number;
  /** Heap of one thread. */
  readonly maxHeapMb: number;
  /** A thread without work for so long is ended. */
  readonly idleMs: number;
  /** How far its threads stand back from all others where a core is wanted by several (0 to 19, as of `nice`; on Linux). */
  readonly niceness: number;
};

export const defaultPoolSettings: PoolSettings = {
  threads: Math.max(1, availableParallelism() - 1),
  maxWaiting: 10_000,
  maxBytes: 256 * 1024 * 1024,
  maxTaskMs: 20_000,
  maxKills: 3,
  maxHeapMb: 512,
  idleMs: 5 * 60_000,
  niceness: 0,
};

/** The pool has as much to do as it may hold: try later (a 4xx to whoever asked). */
export class PoolBusy extends Error {}
/** This task killed its thread again and again: do not open it here. */
export class PoisonTask extends Error {}

export interface WorkPool<T extends Tasks = TaskTypes> extends AsyncDisposable {
  /**
   * Runs one task. Bytes at the top of `args` are copied once into memory that the thread shares, and stay the caller's;
   * bytes that already lie in a SharedArrayBuffer are not copied at all. (They are not moved away: a task whose thread dies is
   * tried again.) Rejects with what the task threw, with `PoolBusy`, or with `PoisonTask`. `whose`: those who have tasks that wait take turns.
   */
  run<N extends keyof T & string>(name: N, args: T[N]["args"], whose?: string): Promise<T[N]["result"]>;
  close(): Promise<void>;
}

export type Question = { readonly id: number; readonly name: string; readonly args: unknown };
export type Answer =
  | { readonly id: number; readonly kind: "done"; readonly result: unknown }
  | { readonly id: number; readonly kind: "failed"; readonly error: Error };

type Job = Question & {
  readonly whose: string;
  readonly bytes: number;
  kills: number;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
};

const defaultTable = new URL("./tasks.ts", import.meta.url);
const script = new URL("./worker.ts", import.meta.url);

/** `table` is the module whose `tasks` the threads know. */
export function makePool<T extends Tasks = TaskTypes>(
  settings: Partial<PoolSettings> = {},
  table: URL = defaultTable,
): WorkPool<T> {
  return new Pool({ ...defaultPoolSettings, ...settings }, table);
}

class Pool<T extends Tasks> implements WorkPool<T> {
  readonly #settings: PoolSettings;
  readonly #table: string;
  readonly #idle: Thread[] = [];
  readonly #threads = new Set<Thread>();
  /** By whose they are: one of each in its turn, so that who has much to do keeps nobody else waiting. */
  readonly #waiting = new Map<string, Job[]>();
  #waitingCount = 0;
  #bytes = 0;
  #nextId = 1;
  #closed = false;

  constructor(settings: PoolSettings, table: URL) {
    this.#settings = settings;
    this.#table = table.href;
  }

  run<N extends keyof T & string>(name: N, args: T[N]["args"], whose = ""): Promise<T[N]["result"]> {
    if (this.#closed) return Promise.reject(new Error("The pool of worker threads is closed."));
    const bytes = bytesOf(args);
    const { maxWaiting, maxBytes } = this.#settings;
    if (this.#waitingCount >= maxWaiting || (this.#bytes > 0 && this.#bytes + bytes > maxBytes)) {
      return Promise.reject(new PoolBusy("The worker threads have too much to do."));
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      heedShared(args);
      const job: Job = { id: this.#nextId++, name, args: shareBytes(args), whose, bytes, kills: 0, resolve, reject };
      const thread = this.#idle.pop() ?? this.#start();
      if (thread === undefined) this.#wait(job);
      else thread.take(job);
    });
  }

  #wait(job: Job): void {
    const others = this.#waiting.get(job.whose);
    if (others === undefined) this.#waiting.set(job.whose, [job]);
    else others.push(job);
    this.#waitingCount++;
  }

  #start(): Thread | undefined {
    if (this.#threads.size >= this.#settings.threads) return undefined;
    const thread = new Thread(this.#settings, this.#table, {
      free: (done) => {
        this.#bytes -= done.bytes;
        this.#next(thread);
      },
      died: (job, error) => {
        this.#threads.delete(thread);
        const index = this.#idle.indexOf(thread);
        if (index >= 0) this.#idle.splice(index, 1);
        if (job !== undefined) this.#again(job, error);
        if (this.#waitingCount > 0) {
          const fresh = this.#start();
          if (fresh !== undefined) this.#next(fresh);
        }
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #next(thread: Thread): void {
    const [turn] = this.#waiting;
    if (turn === undefined) {
      this.#idle.push(thread);
      thread.rest();
      return;
    }
    const [whose, jobs] = turn;
    const job = jobs.shift()!;
    this.#waitingCount--;
    this.#waiting.delete(whose);
    if (jobs.length > 0) this.#waiting.set(whose, jobs);
    thread.take(job);
  }

  #again(job: Job, error: Error): void {
    job.kills++;
    if (this.#closed || job.kills >= this.#settings.maxKills) {
      this.#bytes -= job.bytes;
      const reason = `The task "${job.name}" ended ${job.kills} worker threads and is set aside: ${error.message}`;
      job.reject(this.#closed ? error : new PoisonTask(reason, { cause: error }));
      return;
    }
    this.#wait(job);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const error = new Error("The pool of worker threads is closed.");
    for (const jobs of this.#waiting.values()) for (const job of jobs) job.reject(error);
    this.#waiting.clear();
    this.#waitingCount = 0;
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #settings: PoolSettings;
  readonly #ports: { readonly free: (done: Job) => void; readonly died: (job: Job | undefined, error: Error) => void };
  #job: Job | undefined;
  #timer: NodeJS.Timeout | undefined;
  #error: Error | undefined;

  constructor(
    settings: PoolSettings,
    table: string,
    ports: { readonly free: (done: Job) => void; readonly died: (job: Job | undefined, error: Error) => void },
  ) {
    this.#settings = settings;
    this.#ports = ports;
    this.#worker = new Worker(script, {
      workerData: { tasks: table, niceness: settings.niceness },
      resourceLimits: { maxOldGenerationSizeMb: settings.maxHeapMb },
    });
    this.#worker.unref();
    this.#worker.on("message", (answer: Answer) => this.#answered(answer));
    this.#worker.on("error", (error: Error) => {
      this.#error ??= error;
    });
    this.#worker.on("exit", (code) => {
      clearTimeout(this.#timer);
      const job = this.#job;
      this.#job = undefined;
      this.#ports.died(job, this.#error ?? new Error(`A worker thread ended with code ${code}.`));
    });
  }

  take(job: Job): void {
    this.#job = job;
    this.#worker.ref();
    this.#arm(this.#settings.maxTaskMs, `took longer than ${this.#settings.maxTaskMs} ms`);
    this.#worker.postMessage({ id: job.id, name: job.name, args: job.args } satisfies Question);
  }

  /** Nothing to do: wait a while, then end. */
  rest(): void {
    this.#arm(this.#settings.idleMs, "was idle");
  }

  /** One timer per thread, moved when it must fire sooner: a new one for each task would cost more than the small tasks. */
  #deadline = 0;
  #firesAt = Number.POSITIVE_INFINITY;
  #why = "";
  #arm(ms: number, why: string): void {
    this.#deadline = performance.now() + ms;
    this.#why = why;
    if (this.#deadline < this.#firesAt) this.#wait(ms);
  }
  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = performance.now() + ms;
    this.#timer = setTimeout(() => {
      const left = this.#deadline - performance.now();
      if (left > 0) return this.#wait(left);
      this.#error ??= new Error(`It ${this.#why}.`);
      return void this.#worker.terminate();
    }, ms);
    this.#timer.unref();
  }

  #answered(answer: Answer): void {
    const job = this.#job;
    if (job === undefined || job.id !== answer.id) return;
    this.#job = undefined;
    this.#worker.unref();
    if (answer.kind === "done") {
      heedShared(answer.result);
      job.resolve(answer.result as never);
    } else job.reject(answer.error);
    this.#ports.free(job);
  }

  async end(): Promise<void> {
    this.#error ??= new Error("The pool of worker threads is closed.");
    await this.#worker.terminate();
  }
}

function bytesOf(args: object): number {
  let sum = 0;
  for (const value of Object.values(args)) if (value instanceof Uint8Array) sum += value.byteLength;
  return sum;
}

function shareBytes(args: object): object {
  let shared: { [name: string]: unknown } | undefined;
  for (const [name, value] of Object.entries(args)) {
    if (!(value instanceof Uint8Array) || isShared(value)) continue;
    shared ??= { ...args };
    shared[name] = sharedCopy(value);
  }
  return shared ?? args;
}
