/** A worker thread of the pool: takes one task per message, answers in order. */
import { setPriority } from "node:os";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { heedShared } from "../store/shared-memory.ts";
import type { Answer, Question } from "./pool.ts";
import type { TaskTable } from "./tasks.ts";

const port = parentPort as MessagePort;
const data = workerData as { readonly tasks: string; readonly niceness: number };
// On Linux this is of the thread that asks (setpriority(2), "C library/kernel differences"); elsewhere it would be of the whole process.
if (data.niceness > 0 && process.platform === "linux") setPriority(data.niceness);
const { tasks } = (await import(data.tasks)) as { readonly tasks: TaskTable };

port.on("message", async (question: Question) => {
  heedShared(question.args);
  let answer: Answer;
  try {
    const task = tasks[question.name];
    if (task === undefined) throw new Error(`There is no task "${question.name}".`);
    answer = { id: question.id, kind: "done", result: await task(question.args as never) };
  } catch (error) {
    answer = { id: question.id, kind: "failed", error: error instanceof Error ? error : new Error(String(error)) };
  }
  port.postMessage(answer, ownedBuffers(answer));
});

/** Buffers at the top of a result that fill their memory wholly: they can be moved. */
function ownedBuffers(answer: Answer): ArrayBuffer[] {
  if (answer.kind !== "done" || typeof answer.result !== "object" || answer.result === null) return [];
  const candidates = answer.result instanceof Uint8Array ? [answer.result] : Object.values(answer.result);
  const owned = new Set<ArrayBuffer>();
  for (const value of candidates) {
    if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) continue;
    if (value.byteLength > 0 && value.byteLength === value.buffer.byteLength) owned.add(value.buffer);
  }
  return [...owned];
}
