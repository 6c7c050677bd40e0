import assert from "node:assert/strict";
import { test } from "node:test";
import { ForwardVolume } from "./forward-volume.ts";
import type { HourCount } from "./hour-counts.ts";

test("each address forwards so much in an hour", () => {
  let now = 3_600_000 * 5;
  const volume = new ForwardVolume(2, () => now);
  const of = (local: string) => [{ local, domain: "a.test" }];
  assert.deepEqual([volume.take(of("x")), volume.take(of("X")), volume.take(of("x"))], [true, true, false]);
  assert.equal(volume.take([...of("y"), ...of("x")]), false);
  assert.equal(volume.take(of("y")), true);
  now += 3_600_000;
  assert.equal(volume.take(of("x")), true);
  assert.equal(new ForwardVolume(0).take(of("x")), true);
  // Counted where it outlives the process.
  const book = new Map<string, HourCount>();
  const before = new ForwardVolume(2, () => now, book);
  assert.deepEqual([before.take(of("z")), before.take(of("z"))], [true, true]);
  const again = new ForwardVolume(2, () => now, book);
  assert.deepEqual([again.take(of("z")), again.take(of("y"))], [false, true]);
});
