/** Work that the API does in the background and that leaves files: a folder for each in the data folder, what it is about beside its files, swept when its time is over. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AccountId, Instant } from "../store/store.ts";

export const keptMs = 7 * 24 * 3_600_000;
export const keptIdForm = /^[0-9a-f]{24}$/;

/** What all of them say of themselves; times as RFC 3339. */
export type Kept = {
  readonly id: string;
  readonly by: AccountId;
  readonly state: string;
  /** Why it failed, as a sentence. */
  readonly problem: string;
  readonly createdAt: string;
  /** It is deleted then. */
  readonly endsAt: string;
};

/** `name`: of the folder that holds them all; each has a file "NAME.json" without the plural's s. The state of one that runs is in memory; one that ran when the server ended has failed. */
export class KeptFolders<A extends Kept> {
  readonly #name: string;
  readonly #running = new Map<string, A>();

  constructor(name: "exports" | "archives") {
    this.#name = name;
  }

  #file(dataDir: string, id: string): string {
    return join(this.folder(dataDir, id), `${this.#name.slice(0, -1)}.json`);
  }

  folder(dataDir: string, id = ""): string {
    return join(dataDir, this.#name, id);
  }

  find(dataDir: string, id: string): A | undefined {
    if (!keptIdForm.test(id)) return undefined;
    const known = this.#running.get(id);
    if (known !== undefined) return known;
    const file = this.#file(dataDir, id);
    if (!existsSync(file)) return undefined;
    const about = JSON.parse(readFileSync(file, "utf8")) as A;
    return about.state === "running" ? { ...about, state: "failed", problem: "The server ended meanwhile." } : about;
  }

  /** The newest first. Those whose time is over are deleted. */
  all(dataDir: string, now: Instant): readonly A[] {
    const folder = this.folder(dataDir);
    const found = existsSync(folder) ? readdirSync(folder).flatMap((id) => this.find(dataDir, id) ?? []) : [];
    const isOver = ({ state, endsAt }: A): boolean => state !== "running" && Date.parse(endsAt) < now;
    for (const one of found) if (isOver(one)) this.remove(dataDir, one.id);
    return found.filter((one) => !isOver(one)).sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
  }

  /** Makes the folder of a new one. */
  make(dataDir: string, about: Omit<A, "id">): A {
    const made = { ...about, id: randomBytes(12).toString("hex") } as A;
    mkdirSync(this.folder(dataDir, made.id), { recursive: true, mode: 0o700 });
    this.keep(dataDir, made);
    return made;
  }

  keep(dataDir: string, about: A): void {
    writeFileSync(this.#file(dataDir, about.id), JSON.stringify(about), { mode: 0o600 });
  }

  remove(dataDir: string, id: string): void {
    rmSync(this.folder(dataDir, id), { recursive: true, force: true });
  }

  /** Runs the work of one in the background; `tell` changes what is said of it meanwhile, and the work answers how it stands in the end. */
  run(dataDir: string, about: A, work: (tell: (change: Partial<A>) => void) => Promise<Partial<A>>): A {
    let now: A = { ...about, state: "running", problem: "" };
    this.keep(dataDir, now);
    this.#running.set(now.id, now);
    const tell = (change: Partial<A>): void => {
      now = { ...now, ...change };
      this.#running.set(now.id, now);
    };
    void work(tell)
      .then(
        (end): A => ({ ...now, ...end, state: "done" }),
        (error: unknown): A => ({ ...now, state: "failed", problem: (error as Error).message }),
      )
      .then((end) => {
        if (existsSync(this.folder(dataDir, end.id))) this.keep(dataDir, end);
      })
      // What cannot be noted (a full disk) is told as broken off.
      .catch(() => {})
      .finally(() => this.#running.delete(now.id));
    return now;
  }
}
