/**
 * The body of a request, from its bytes to the value that its schema makes of it. What is short and simple is read on the spot; the rest in
 * another thread, for the main one speaks to everybody and waits for nobody's list of a hundred thousand names.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { countValues } from "../../protocol/json/values.ts";
import { sharedMemory } from "../store/shared-memory.ts";
import { makePool, PoisonTask, PoolBusy } from "../work/pool.ts";
import type { TaskTypes } from "./body-tasks.ts";
import { Problem, token, wrongBody, wrongField } from "./problem.ts";
import type { Route } from "./route.ts";
import { sentenceOf } from "./sentences.ts";

/** Bodies with more bytes, or more values and names, are read in another thread. */
const inline = { bytes: 128 * 1024, values: 1000 };
/** Of one body. */
const maxValues = 250_000;
const maxDepth = 64;

/** The bytes of a body; those of a large one lie where other threads read them too. `hash`: its SHA-256 in hex, where it is wanted. */
export type BodyBytes = { readonly bytes: Uint8Array; readonly hash: string };

export async function readBytes(
  body: IncomingMessage | null | undefined,
  maxBytes: number,
  wantsHash: boolean,
): Promise<BodyBytes | Problem> {
  const tooLarge = new Problem("too-large", `A body may have ${maxBytes} bytes here.`);
  const told = Number(body?.headers["content-length"] ?? 0);
  if (told > maxBytes) return tooLarge;
  const hash = wantsHash ? createHash("sha256") : undefined;
  let bytes = told > inline.bytes ? shared(told) : Buffer.alloc(Math.max(told, 1024));
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Buffer>) {
    if (size + chunk.length > maxBytes) return tooLarge;
    if (size + chunk.length > bytes.length) {
      // Whoever says no length is given twice the room each time.
      const larger = shared(Math.min(maxBytes, 2 * (size + chunk.length)));
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(chunk, size);
    hash?.update(chunk);
    size += chunk.length;
  }
  return { bytes: bytes.subarray(0, size), hash: hash?.digest("hex") ?? "" };
}

const shared = (length: number): Buffer => Buffer.from(sharedMemory(length));

/** What the schema of a route says of a JSON text. */
export function parseBody(route: Pick<Route, "body">, bytes: Uint8Array): { readonly value: unknown } | Problem {
  let value: unknown;
  if (bytes.length > 0)
    try {
      value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      return new Problem("json", "The body is no JSON.");
    }
  // No text of mail holds one, and PostgreSQL keeps none.
  const nul = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes("\\u0000")
    ? placeOfNul(value)
    : undefined;
  if (nul !== undefined) return wrongField(nul, "A text cannot hold the character U+0000.");
  const read = route.body!.safeParse(value, { error: sentenceOf });
  return read.success ? { value: read.data } : wrongBody(read.error);
}

/** The pointer of the first text with U+0000 in it, names of fields included. */
function placeOfNul(value: unknown): string | undefined {
  if (typeof value === "string") return value.includes("\0") ? "" : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, one] of Object.entries(value)) {
    const below = name.includes("\0") ? "" : placeOfNul(one);
    if (below !== undefined) return token(name.replaceAll("\0", "\ufffd")) + below;
  }
  return undefined;
}

export type Bodies = Disposable & {
  /** The value of a body of JSON, or what is wrong with it. */
  readonly parse: (
    route: Route,
    bytes: Uint8Array,
  ) => { readonly value: unknown } | Problem | Promise<{ readonly value: unknown } | Problem>;
};

export function makeBodies(): Bodies {
  // A pool of its own: mail does not wait until somebody's body is read.
  const pool = makePool<TaskTypes>(
    { threads: 1, maxWaiting: 100, maxKills: 1, maxTaskMs: 15_000, idleMs: 60_000 },
    new URL("./body-tasks.ts", import.meta.url),
  );
  const parse: Bodies["parse"] = (route, bytes) => {
    if (bytes.length <= inline.bytes) {
      const { values, depth } = countValues(bytes, maxValues);
      if (depth > maxDepth) return tooMuch();
      if (values <= inline.values) return parseBody(route, bytes);
    }
    return elsewhere(route, bytes);
  };
  const elsewhere = async (
    { file, method, path }: Route,
    bytes: Uint8Array,
  ): Promise<{ readonly value: unknown } | Problem> => {
    try {
      const read = await pool.run("read-body", { file: file ?? "", method, path, bytes, maxValues, maxDepth });
      if (read === "much") return tooMuch();
      if ("value" in read) return read;
      return new Problem(read.kind, read.detail, read.errors, read.headers);
    } catch (error) {
      if (error instanceof PoisonTask) return tooMuch();
      if (error instanceof PoolBusy)
        return new Problem("busy", "Too many large requests at once: wait a moment.", [], { "retry-after": "5" });
      throw error;
    }
  };
  return { parse, [Symbol.dispose]: () => void pool.close() };
}

const tooMuch = (): Problem<"json"> =>
  new Problem("json", `A body may hold ${maxValues} values, ${maxDepth} deep: send what you have in several requests.`);
