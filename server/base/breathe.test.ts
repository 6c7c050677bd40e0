import assert from "node:assert/strict";
import { test } from "node:test";
import { breathing } from "./breathe.ts";

test("long work lets others have their turn, and gives what it comes to", async () => {
  let turns = 0;
  function* work(): Generator<undefined, string> {
    setImmediate(() => turns++);
    for (const end = performance.now() + 10_000; turns === 0; ) {
      if (performance.now() > end) return "alone";
      yield;
    }
    return "among others";
  }
  assert.equal(await breathing(work()), "among others");
});
