// Loaded before each test file (`run-tests.mjs`), so that one test that fails cannot hold up the whole run: when the last test is over, the process
// has so long to end by itself, whatever they have left running; a file in which nothing begins any more is ended too; and a test that never lets go
// of the thread is ended by another thread.
import { writeSync } from "node:fs";
import { argv, exit, getActiveResourcesInfo } from "node:process";
import { isMainThread, Worker } from "node:worker_threads";
import { blockedMs, graceMs, idleMs } from "./test-bounds.mjs";

const maxNameBytes = 500;

// Threads of the program under test, and programs that are forked, load this too.
if (isMainThread && /\.test\.m?[jt]s$/.test(argv[1] ?? "")) {
  const { after, beforeEach } = await import("node:test");
  const end = (why) => {
    const left = Object.entries(Object.groupBy(getActiveResourcesInfo(), (kind) => kind));
    const what = left.map(([kind, all]) => `${all.length} ${kind}`).join(", ");
    writeSync(2, `${argv[1]}: ${why}, and it still runs: ${what}. It is ended.\n`);
    exit(1);
  };
  const beat = new Int32Array(new SharedArrayBuffer(4));
  const name = Buffer.from(new SharedArrayBuffer(maxNameBytes));
  const watch = new URL("blocked-thread.mjs", import.meta.url);
  const workerData = { file: argv[1], beat, name: new Uint8Array(name.buffer), blockedMs };
  new Worker(watch, { workerData, execArgv: [] }).unref();
  setInterval(() => Atomics.add(beat, 0, 1), blockedMs / 20).unref();
  let last = "";
  const idle = setTimeout(
    () => end(`nothing has begun for ${idleMs / 1000} s ${last === "" ? "while it loads" : `since "${last}"`}`),
    idleMs,
  ).unref();
  beforeEach((test) => {
    last = test.fullName;
    name.fill(0).write(last);
    idle.refresh();
  });
  // The first hook of all: those of the file that never end are bounded too.
  after(() => {
    setTimeout(end, graceMs, `its tests were over ${graceMs / 1000} s ago`).unref();
  });
}
