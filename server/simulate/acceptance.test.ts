/** The quickest of the acceptance scenarios; the others run by `angarium simulate --scenario D,G,H`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lives } from "./random-lives.ts";

test("F: random lives never break what the percentage promises", () => {
  const { steps, broken } = lives(1, 300);
  assert.deepEqual([broken.slice(0, 3), steps], [[], 36_000]);
});
