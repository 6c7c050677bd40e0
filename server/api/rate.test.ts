import assert from "node:assert/strict";
import { test } from "node:test";
import { Rate } from "./rate.ts";

test("a bucket is emptied and fills by itself, each account its own", () => {
  let now = 0;
  const rate = new Rate({ perSecond: 10, burst: 3 }, () => now);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => rate.take("a").allowed),
    [true, true, true, false],
  );
  assert.equal(rate.take("b").allowed, true);
  assert.equal(rate.take("a").resetSeconds, 1);
  now += 100;
  assert.equal(rate.take("a").allowed, true);
  assert.equal(rate.take("a").allowed, false);
  now += 60_000;
  assert.equal(rate.take("a").remaining, 2);
});
