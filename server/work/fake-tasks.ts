/** Tasks for the pool's test. */
import { threadId } from "node:worker_threads";
import type { TaskTable } from "./tasks.ts";

export const tasks: TaskTable = {
  sum: ({ bytes }: { bytes: Uint8Array }) => bytes.reduce((one, other) => one + other, 0),
  shared: ({ bytes }: { bytes: Uint8Array }) => bytes.buffer instanceof SharedArrayBuffer,
  bytes: ({ length }: { length: number }) => ({ bytes: new Uint8Array(length).fill(7) }),
  fail: () => {
    throw new RangeError("as asked");
  },
  die: ({ bytes }: { bytes: Uint8Array }) => {
    // The first byte counts the deaths: the memory is shared and outlives the thread.
    bytes[0]!++;
    if (bytes[0]! <= bytes[1]!) process.exit(1);
    return bytes[0];
  },
  hang: () => {
    for (;;);
  },
  thread: async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return threadId;
  },
};
