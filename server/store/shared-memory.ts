/**
 * Memory that several threads share. V8 does not count it: where there are megabytes it sees a handle of a hundred bytes, nothing presses, and what
 * nobody needs any more stays until something else makes it look, in every thread that has held it (600 KB for each message of that size, without
 * end). So each thread says how much went through it, and looks for garbage at that pace.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** After so much the young are looked through, where such handles die: half a millisecond. */
const pacedBytes = 32 * 1024 * 1024;
/** Handles that have grown old (a message that waited for a scanner) are found when V8 looks through all: this part of what went through counts as memory of its own. */
const countedPart = 1 / 8;

let passedBytes = 0;
let collectYoung: (() => void) | undefined;

export function sharedMemory(lengthBytes: number): SharedArrayBuffer {
  heed(lengthBytes);
  return new SharedArrayBuffer(lengthBytes);
}

/** A copy in memory that other threads see without copying it again. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(sharedMemory(bytes.length));
  copy.set(bytes);
  return copy;
}

/** For what comes from another thread or goes to one: a view of shared memory, or what has some at its top. */
export function heedShared(passing: unknown): void {
  if (typeof passing !== "object" || passing === null) return;
  for (const value of ArrayBuffer.isView(passing) ? [passing] : Object.values(passing))
    if (isShared(value)) heed(value.byteLength);
}

export function isShared(value: unknown): value is ArrayBufferView<SharedArrayBuffer> {
  return ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer;
}

function heed(lengthBytes: number): void {
  passedBytes += lengthBytes;
  if (passedBytes < pacedBytes) return;
  // Never touched, and dropped at once: the pages stay with the system.
  Buffer.allocUnsafeSlow(passedBytes * countedPart);
  passedBytes = 0;
  collectYoung ??= youngCollector();
  setImmediate(collectYoung);
}

/** V8 has no other way to ask than by its own `gc`, which a new context gets once the flag is set. */
function youngCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { readonly type: "minor" }) => void;
  return () => gc({ type: "minor" });
}
