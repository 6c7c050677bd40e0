import assert from "node:assert/strict";
import { test } from "node:test";
import type { Path } from "../send/site.ts";
import { HourRates } from "./hour-rates.ts";

const path = (key: string, siteKey?: string): Path => ({ key, ...(siteKey === undefined ? {} : { siteKey }) }) as Path;

test("what is used of an hour is kept, by the site where its domains have rates of their own, until it is over", () => {
  let now = 1_000;
  const before = new HourRates(() => now);
  before.note(path("mx a"), 600);
  before.note(path("mx b @one.test", "mx b"), 400);
  const kept = before.keep();
  assert.equal(kept.length, 2);
  assert.deepEqual(before.keep(), [], "nothing has changed since");

  now += 100;
  const after = new HourRates(() => now);
  after.load([...kept, { kind: "conduct", name: "x", value: [] }]);
  const left = () => [path("mx a"), path("mx b @two.test", "mx b"), path("mx c")].map((one) => after.left(one));
  assert.deepEqual(left(), [500, 300, 0]);
  now += 300;
  assert.deepEqual(left(), [200, 0, 0]);
  assert.deepEqual(
    after.keep().map(({ value }) => value),
    [undefined],
    "what is over is removed",
  );
});
