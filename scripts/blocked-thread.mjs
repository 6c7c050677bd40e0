// Beside the main thread of a test file (`end-of-file.mjs`): ends the process when that one has not turned its event loop for too long.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

const { file, beat, name, blockedMs } = workerData;
for (let last = Atomics.load(beat, 0); ; last = Atomics.load(beat, 0)) {
  // Woken by nobody: one look at a time.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockedMs);
  if (Atomics.load(beat, 0) !== last) continue;
  const test = Buffer.from(name).toString().replace(/\0+$/, "");
  writeSync(2, `${file}: "${test}" has not let go of the thread for ${blockedMs / 1000} s. It is ended.\n`);
  process.kill(process.pid, "SIGKILL");
}
