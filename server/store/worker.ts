/** A thread of the store: SQLite's writer, one of its readers, or one that keeps large messages. Imports only what its role needs: it starts sooner. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Blobs } from "./blobs.ts";
import { type Call, type FromThread, failureOf, type ToThread } from "./calls.ts";
import { packChanges } from "./crossing.ts";
import type * as Keep from "./keep.ts";
import type { Reader } from "./reader.ts";
import { heedShared } from "./shared-memory.ts";
import type { Writer } from "./writer.ts";

export type ThreadData = {
  readonly role: "writer" | "reader" | "keeper";
  readonly dir: string;
  readonly cacheKiB: number;
  readonly maxPages: number | undefined;
  /** A fixed clock, for tests; the machine's otherwise. */
  readonly clock: number | undefined;
};

/** After so long without a call the writer puts its log in order. */
const quietMs = 500;
/** How often the writer looks for what another process has written. */
const foreignMs = 1000;

const data = workerData as ThreadData;
const port = parentPort as MessagePort;

async function start(): Promise<void> {
  const { role, dir, cacheKiB, maxPages } = data;
  if (role === "keeper") {
    const [{ keepLarge }, { Blobs }, { needRoom }] = await Promise.all([
      import("./keep.ts"),
      import("./blobs.ts"),
      import("./reserve.ts"),
    ]);
    const blobs = new Blobs(dir);
    const write = (bytes: Uint8Array): string => {
      needRoom(dir, bytes.length);
      return blobs.write(bytes);
    };
    serveKeeper(keepLarge, { write });
    post({ ready: true });
    return;
  }
  const [{ Database }, { Blobs }] = await Promise.all([import("./sqlite.ts"), import("./blobs.ts")]);
  const blobs = new Blobs(dir);
  const clock = data.clock === undefined ? Date.now : () => data.clock as number;
  const open = () =>
    new Database({ dir, readOnly: role === "reader", cacheKiB, ...(maxPages === undefined ? {} : { maxPages }) });
  if (role === "writer") {
    (await import("./way-back.ts")).keepWayBack(dir);
    const [{ Writer }, { DiskReserve }] = await Promise.all([import("./writer.ts"), import("./reserve.ts")]);
    serveWriter(new Writer(open, blobs, clock, new DiskReserve(dir)));
  } else serveReader(new (await import("./reader.ts")).Reader(open, blobs, clock));
  post({ ready: true });
}

function serveWriter(writer: Writer): void {
  let lastLook = 0;
  const lookForForeign = () => {
    lastLook = performance.now();
    writer.heedRoom();
    const changes = writer.foreignChanges();
    if (changes.length > 0) post({ answers: [], ...packChanges(changes) });
  };
  const timer = setInterval(lookForForeign, foreignMs);
  const quiet = setTimeout(() => writer.rest(), quietMs);
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
    let calls = "calls" in message ? message.calls : [];
    for (; calls.length > 0; calls = more()) {
      const { answers, changes } = writer.run(calls, more);
      post({ answers, ...packChanges(changes) });
      if (performance.now() - lastLook > foreignMs) lookForForeign();
    }
    quiet.refresh();
    if (ends) {
      clearTimeout(quiet);
      close(timer, writer);
    }
  });
}

function serveReader(reader: Reader): void {
  port.on("message", (message: ToThread) => {
    if ("close" in message) return close(undefined, reader);
    for (const call of message.calls) {
      const { answer, transfer } = reader.run(call);
      post({ answers: [answer], mail: [], changes: [] }, transfer);
    }
  });
}

function serveKeeper(keepLarge: typeof Keep.keepLarge, blobs: Pick<Blobs, "write">): void {
  port.on("message", (message: ToThread) => {
    if ("close" in message) return port.close();
    for (const [id, , args] of message.calls) {
      heedShared(args[0]);
      try {
        const kept = keepLarge(args[0] as Uint8Array, blobs);
        const { data } = kept;
        // Memory of its own goes without a copy.
        const own = data !== null && data !== args[0] && data.buffer.byteLength === data.length;
        post({ answers: [[id, undefined, kept]], mail: [], changes: [] }, own ? [data.buffer as ArrayBuffer] : []);
      } catch (error) {
        post({ answers: [[id, failureOf(error), undefined]], mail: [], changes: [] });
      }
    }
  });
}

function post(message: FromThread, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function waiting(): ToThread | undefined {
  return receiveMessageOnPort(port)?.message as ToThread | undefined;
}

function close(timer: NodeJS.Timeout | undefined, thread: { close(): void }): void {
  clearInterval(timer);
  thread.close();
  port.close();
}

start().catch((error: unknown) => {
  post({ failed: failureOf(error) });
  port.close();
});
