import assert from "node:assert/strict";
import { test } from "node:test";
import { heedShared, sharedCopy, sharedMemory } from "./shared-memory.ts";

/** How many of those that were made and dropped V8 has found meanwhile, without being told to look. */
async function found(make: () => object): Promise<number> {
  let count = 0;
  const registry = new FinalizationRegistry(() => count++);
  for (let i = 0; i < 100; i++) {
    registry.register(make(), i);
    await new Promise((later) => setImmediate(later));
  }
  return count;
}

test("what is shared and dropped is looked for, in the thread that made it and in one that only saw it", async () => {
  assert.ok((await found(() => sharedMemory(4_000_000))) > 10);
  const memory = new SharedArrayBuffer(4_000_000);
  const seen = (): Uint8Array => {
    const view = new Uint8Array(memory);
    heedShared(view);
    return view;
  };
  assert.ok((await found(seen)) > 10);
  assert.ok((await found(() => ({ ...heedTop(memory) }))) > 10);
});

function heedTop(memory: SharedArrayBuffer): object {
  const question = { name: "a question", bytes: new Uint8Array(memory), more: 1 };
  heedShared(question);
  return question;
}

test("what is not shared is nothing to heed", () => {
  for (const value of [undefined, null, 1, "text", [], new Uint8Array(5000), { bytes: new Uint8Array(5000) }])
    heedShared(value);
});

test("a copy is the same bytes in memory of all", () => {
  const copy = sharedCopy(Uint8Array.of(1, 2, 3));
  assert.deepEqual([...copy], [1, 2, 3]);
  assert.ok(copy.buffer instanceof SharedArrayBuffer);
});
