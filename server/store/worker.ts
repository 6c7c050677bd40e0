/** A thread of the SQLite store: the writer, or one of the readers. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Blobs } from "./blobs.ts";
import { Reader } from "./reader.ts";
import { Database } from "./sqlite.ts";
import { type Answer, type Answers, type Call, type Failure, failureOf, Writer } from "./writer.ts";

export type ThreadData = {
  readonly role: "writer" | "reader";
  readonly dir: string;
  readonly cacheKiB: number;
  readonly maxPages: number | undefined;
  /** A fixed clock, for tests; the machine's otherwise. */
  readonly clock: number | undefined;
};
/** What comes in: calls, or the wish that the thread ends. */
export type ToThread = { readonly calls: readonly Call[] } | { readonly close: true };
/** What goes out: once whether the thread is ready, then answers. */
export type FromThread = { readonly ready: true } | { readonly failed: Failure } | Answers;

/** How often the writer looks for what another process has written. */
const foreignMs = 1000;

const data = workerData as ThreadData;
const port = parentPort as MessagePort;

function start(): void {
  const { role, dir, cacheKiB, maxPages } = data;
  const blobs = new Blobs(dir);
  const clock = data.clock === undefined ? Date.now : () => data.clock as number;
  const open = () =>
    new Database({ dir, readOnly: role === "reader", cacheKiB, ...(maxPages === undefined ? {} : { maxPages }) });
  if (role === "writer") serveWriter(new Writer(open, blobs, clock));
  else serveReader(new Reader(open, blobs, clock));
  port.postMessage({ ready: true } satisfies FromThread);
}

function serveWriter(writer: Writer): void {
  let lastLook = 0;
  const lookForForeign = () => {
    lastLook = performance.now();
    const changes = writer.foreignChanges();
    if (changes.length > 0) port.postMessage({ answers: [], changes } satisfies FromThread);
  };
  const timer = setInterval(lookForForeign, foreignMs);
  let ends = false;
  const more = (): readonly Call[] => {
    const message = ends ? undefined : waiting();
    if (message === undefined) return [];
    if ("calls" in message) return message.calls;
    ends = true;
    return [];
  };
  port.on("message", (message: ToThread) => {
    if ("close" in message) ends = true;
    for (let calls = callsOf(message); calls.length > 0; calls = more()) {
      port.postMessage(writer.run(calls, more) satisfies FromThread);
      if (performance.now() - lastLook > foreignMs) lookForForeign();
    }
    if (ends) close(timer, writer);
  });
}

function serveReader(reader: Reader): void {
  port.on("message", (message: ToThread) => {
    if ("close" in message) return close(undefined, reader);
    for (const call of message.calls) {
      const { answer, transfer } = reader.run(call);
      post([answer], transfer);
    }
  });
}

function post(answers: readonly Answer[], transfer: ArrayBuffer[]): void {
  port.postMessage({ answers, changes: [] } satisfies FromThread, transfer);
}

function callsOf(message: ToThread): readonly Call[] {
  return "calls" in message ? message.calls : [];
}

function waiting(): ToThread | undefined {
  return receiveMessageOnPort(port)?.message as ToThread | undefined;
}

function close(timer: NodeJS.Timeout | undefined, thread: { close(): void }): void {
  clearInterval(timer);
  thread.close();
  port.close();
}

try {
  start();
} catch (error) {
  port.postMessage({ failed: failureOf(error) } satisfies FromThread);
  port.close();
}
