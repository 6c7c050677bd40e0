import assert from "node:assert/strict";
import { test } from "node:test";
import { addressCap, ladder, nextCap, startCap } from "./ladder.ts";

test("the ladder to 200,000 a day has sixteen levels", () => {
  assert.deepEqual(
    ladder(startCap("normal", "gmail"), 200_000),
    [
      100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 76_800, 115_200, 138_240, 165_888, 199_066,
      200_000,
    ],
  );
});

const starts: readonly [profile: "careful" | "normal" | "fast", provider: string, cap: number][] = [
  ["careful", "gmail", 50],
  ["fast", "gmail", 200],
  ["normal", "apple", 50],
  ["careful", "orange", 25],
  ["normal", "netease", 25],
  ["fast", "other", 200],
];
for (const [profile, provider, cap] of starts)
  test(`${profile} begins at ${provider} with ${cap}`, () => assert.equal(startCap(profile, provider), cap));

test("a target below the start is the only level", () => assert.deepEqual(ladder(100, 7), [7]));

test("every ladder ascends and ends at its target", () => {
  for (let start = 1; start < 500; start += 7)
    for (const target of [1, 2, 99, 1_000, 49_999, 250_001, 7_000_000]) {
      const levels = ladder(start, target);
      assert.equal(levels.at(-1), target);
      for (let at = 1; at < levels.length; at++) assert.ok(levels[at]! > levels[at - 1]!);
    }
});

test("growth slows down", () => {
  assert.deepEqual([1, 50_000, 100_000, 250_000].map(nextCap), [2, 75_000, 120_000, 275_000]);
});

test("an address has a cap of its own until the table ends", () => {
  assert.deepEqual([0, 1, 28, 29].map(addressCap), [200, 500, 10_000_000, Number.POSITIVE_INFINITY]);
});
