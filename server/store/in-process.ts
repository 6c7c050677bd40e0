/**
 * The SQLite store without threads: the same operations on the same tables, one transaction each, at a clock of the caller's. For simulations on
 * data that live in memory and need not survive; whoever serves people opens `client.ts`.
 */
import { Blobs } from "./blobs.ts";
import { type Answer, errorOf } from "./calls.ts";
import { type PackedCopiesAnswer, packAcceptance, unpackAccepted, unpackCopiesAnswer } from "./crossing.ts";
import { packSettle } from "./crossing-queue.ts";
import { readOps } from "./ops/read.ts";
import { Reader } from "./reader.ts";
import { Database } from "./sqlite.ts";
import type { Acceptance, Change, SettleResult, Store } from "./store.ts";
import { Writer } from "./writer.ts";

const cacheKiB = 16_384;

/** Nothing is read or written before the first call, and each answers within the turn of the event loop in which it is made. */
export function openInProcess(dir: string, clock: () => number): Store {
  const open = (readOnly: boolean) => () => new Database({ dir, readOnly, cacheKiB });
  const blobs = new Blobs(dir);
  const writer = new Writer(open(false), blobs, clock);
  const reader = new Reader(open(true), blobs, clock);
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const answerOf = ([, failure, value]: Answer): unknown => {
    if (failure !== undefined) throw errorOf(failure);
    return value;
  };
  const write = (name: string, args: readonly unknown[]): unknown => {
    const { answers, changes } = writer.run([[0, name, args]]);
    if (changes.length > 0) for (const listener of [...listeners]) listener(changes);
    return answerOf(answers[0]!);
  };
  const own: Pick<Store, "accept" | "acceptCopies" | "settle" | "subscribe" | "close"> = {
    accept: async (acceptance: Acceptance) =>
      unpackAccepted(write("accept", packAcceptance(acceptance)) as readonly unknown[], acceptance.queue),
    acceptCopies: async ({ template, known, copies }) =>
      unpackCopiesAnswer(
        write("acceptCopies", [template, known, copies.map(packAcceptance)]) as PackedCopiesAnswer,
        copies,
      ),
    settle: async (request) => write("settle", packSettle(request)) as SettleResult,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      reader.close();
      writer.close();
    },
  };
  const called = (name: string) =>
    Object.hasOwn(readOps, name)
      ? async (...args: readonly unknown[]) => answerOf(reader.run([0, name, args]).answer)
      : async (...args: readonly unknown[]) => write(name, args);
  const known = new Map<string, unknown>(Object.entries(own));
  return new Proxy({} as Store, {
    get(_, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      if (!known.has(name)) known.set(name, called(name));
      return known.get(name);
    },
  });
}
