import assert from "node:assert/strict";
import { test } from "node:test";
import { date, isRealTime, Mismatch, utcDate } from "./check.ts";

const times: readonly [text: string, real: boolean][] = [
  ["2026-02-28T23:59:59Z", true],
  ["2028-02-29T00:00:00Z", true],
  ["2026-12-31T23:30:00-08:00", true],
  ["2026-02-29T00:00:00Z", false],
  ["2026-02-30T00:00:00Z", false],
  ["2026-04-31T10:00:00+01:00", false],
  ["2026-13-01T00:00:00Z", false],
  ["2026-01-01T24:00:00Z", false],
  ["2026-01-01T10:60:00Z", false],
  ["2026-01-01T10:00:00+25:00", false],
];
for (const [text, real] of times)
  test(`${text} is ${real ? "a time" : "no time"}`, () => {
    assert.equal(isRealTime(text), real);
    assert.equal(!(date(text, "") instanceof Mismatch), real);
    if (text.endsWith("Z")) assert.equal(!(utcDate(text, "") instanceof Mismatch), real);
  });
