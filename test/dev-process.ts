/** `angarium dev` as a child process, started and stopped as a user would: for the journeys. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Ready = {
  readonly ready: true;
  readonly host: string;
  readonly ports: { readonly [service: string]: number };
  readonly domain: string;
  readonly users: readonly string[];
  readonly password: string;
  readonly admin: { readonly user: string; readonly password: string };
  readonly ca: string;
  readonly data: string;
};

export type DevProcess = {
  readonly ready: Ready;
  readonly child: ChildProcess;
  /** All that it logged so far. */
  readonly log: () => string;
  /** SIGTERM and wait; answers how long it took and how it ended. */
  readonly stop: () => Promise<{ readonly ms: number; readonly code: number | null }>;
  /** kill -9 and wait. */
  readonly kill: () => Promise<void>;
};

/** The sources, or what a run of many tests has made of them once (`scripts/build-program.mjs`). */
export const main = process.env["ANGARIUM_PROGRAM"] ?? join(import.meta.dirname, "..", "main.ts");

// What a test that failed has left running ends with the process of the test, and does not hold it up.
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Whether the process of the test waits for this one to end. */
function awaited(child: ChildProcess, is: boolean): void {
  for (const one of [child, child.stdout as Socket | null, child.stderr as Socket | null])
    if (is) one?.ref();
    else one?.unref();
}

/** Starts it and waits for its ready line. */
export async function startDev(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<DevProcess> {
  const child = spawn(process.execPath, [main, "dev", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    log = (log + chunk).slice(-200_000);
  });
  running.add(child);
  const exited = once(child, "exit").finally(() => running.delete(child));
  const ready = await new Promise<Ready>((resolve, reject) => {
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as Ready);
    });
    exited.then(
      ([code]) => reject(new Error(`angarium dev ended with ${String(code)} before it was ready:\n${log}`)),
      reject,
    );
  });
  awaited(child, false);
  return {
    ready,
    child,
    log: () => log,
    stop: async () => {
      const start = performance.now();
      awaited(child, true);
      child.kill("SIGTERM");
      const [code] = (await exited) as [number | null];
      return { ms: performance.now() - start, code };
    },
    kill: async () => {
      awaited(child, true);
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A folder for one test, gone when it ends. */
export async function temporaryFolder(t: { after(work: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "angarium-test-"));
  // A server that is stopped by a later hook may still write into it.
  t.after(() => rm(folder, { recursive: true, force: true }).catch(() => void leftOver.add(folder)));
  return folder;
}
const leftOver = new Set<string>();
process.once("exit", () => {
  for (const folder of leftOver) rmSync(folder, { recursive: true, force: true });
});

/** Runs the `angarium` command to its end. */
export async function angarium(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}
