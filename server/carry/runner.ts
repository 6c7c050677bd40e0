/** Runs imports by IMAP: those that were begun, those that are due again, and, after a restart, those that were cut off. */
import type { Import, ImportProgress } from "../store/carry-store.ts";
import type { Store } from "../store/store.ts";
import { type ImapPorts, importImap } from "./imap.ts";
import { CannotCarry } from "./put.ts";

export type RunnerPorts = Omit<ImapPorts, "store"> & {
  readonly store: ImapPorts["store"] & Pick<Store, "imports" | "changeImport">;
};

export const noProgress: ImportProgress = { folders: 0, foldersDone: 0, messages: 0, added: 0, known: 0, left: [] };

/** Imports that run at the same time; the others wait. */
const maxRunning = 4;
const lookEveryMs = 5_000;
/** Progress is written so often; it is only for people to see. */
const noteEveryMs = 1_000;
/** What failed and is to be kept in step is tried again after so long. */
const retryMs = 15 * 60_000;

export class ImportRunner {
  readonly #ports: RunnerPorts;
  readonly #running = new Map<number, { readonly stop: AbortController; readonly done: Promise<ImportProgress> }>();
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: RunnerPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  /** Nothing is lost: what was under way goes on after the next start. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const { stop } of this.#running.values()) stop.abort();
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
  }

  async #look(): Promise<void> {
    try {
      const due = await this.#ports.store.imports({ dueAt: this.#ports.now() });
      for (const one of due) if (this.#running.size < maxRunning) void this.run(one).catch(() => {});
    } catch (error) {
      this.#ports.log.error({ error }, "imports not looked at");
    }
  }

  /** Why nobody can be brought from this server; undefined where nothing speaks against it. */
  async refusalOf(host: string): Promise<string | undefined> {
    const guarded = await this.#ports.guard?.host(host);
    return guarded?.kind === "refused" ? guarded.why : undefined;
  }

  isRunning(id: number): boolean {
    return this.#running.has(id);
  }

  /** Ends a run; its state is what `run` notes. */
  async halt(id: number): Promise<void> {
    const running = this.#running.get(id);
    running?.stop.abort();
    await running?.done.catch(() => {});
  }

  /** Runs it, or joins in where it runs already. Rejects with `CannotCarry`. */
  run(one: Import, tell: (progress: ImportProgress) => void = () => {}): Promise<ImportProgress> {
    const running = this.#running.get(one.id);
    if (running !== undefined) return running.done;
    const stop = new AbortController();
    const done = this.#run(one, tell, stop.signal).finally(() => this.#running.delete(one.id));
    this.#running.set(one.id, { stop, done });
    return done;
  }

  async #run(one: Import, tell: (progress: ImportProgress) => void, stop: AbortSignal): Promise<ImportProgress> {
    const { store, now, log } = this.#ports;
    const { id, account, settings, secret } = one;
    await store.changeImport(id, { state: "running" });
    let notedAt = 0;
    let last = noProgress;
    const noted = (progress: ImportProgress): void => {
      last = progress;
      tell(progress);
      if (now() - notedAt < noteEveryMs) return;
      notedAt = now();
      store.changeImport(id, { progress }).catch((error: unknown) => log.warn({ error }, "progress not noted"));
    };
    try {
      const ports = settings.privateHost ? { ...this.#ports, guard: undefined } : this.#ports;
      const ended = await importImap({ account, settings, password: secret }, ports, noted, stop);
      const progress = { ...ended, endedAt: now() };
      const again = settings.everyMs > 0;
      await store.changeImport(id, {
        state: again ? "waiting" : "done",
        progress,
        nextAt: again ? now() + settings.everyMs : undefined,
        // Not needed any more.
        ...(again ? {} : { secret: "" }),
      });
      return progress;
    } catch (error) {
      const known = error instanceof CannotCarry;
      if (!known) log.error({ error, import: id }, "import broke");
      const trouble = known ? error.message : "The server could not do it; its log says why.";
      // The server stops: it goes on by itself after the next start.
      if (stop.aborted) await store.changeImport(id, { progress: last });
      else
        await store.changeImport(id, {
          state: settings.everyMs > 0 ? "waiting" : "failed",
          progress: { ...last, trouble, endedAt: now() },
          nextAt: settings.everyMs > 0 ? now() + Math.max(retryMs, settings.everyMs) : undefined,
        });
      throw known ? error : new CannotCarry(trouble);
    }
  }
}
