import assert from "node:assert/strict";
import { test } from "node:test";
import { caughtUp, type DayUse, divide, giveBack, take, unused } from "./pace.ts";
import { dayMs } from "./plan.ts";

const start = 20_000 * dayMs;

/** Asks every `everyMs` for a day; answers when messages went, in ms since midnight. */
function spend(cap: number, everyMs: number, from: DayUse = unused, day = start): { times: number[]; use: DayUse } {
  const times: number[] = [];
  let use = from;
  for (let now = day; now < day + dayMs; now += everyMs) {
    const taken = take(use, cap, 1, now);
    if (taken.granted === 0) {
      assert.ok(taken.until > now && taken.until <= day + dayMs);
      continue;
    }
    use = taken.use;
    times.push(now - day);
  }
  return { times, use };
}

for (const cap of [1, 7, 50, 100, 3_200])
  test(`a day's cap of ${cap} is spent whole, over many hours, and never exceeded`, () => {
    const { times } = spend(cap, 10_000);
    assert.equal(times.length, cap);
    const perHour = Map.groupBy(times, (time) => Math.floor(time / 3_600_000));
    for (const hour of perHour.values()) assert.ok(hour.length <= Math.max(5, cap / 12));
    if (cap >= 50) assert.ok(times.at(-1)! > 10 * 3_600_000, "spread over the day");
    assert.ok(times.filter((time) => time === 0).length <= Math.max(1, cap / 48), "not all at midnight");
  });

test("after a restart in the middle of the day nothing is given twice", () => {
  const { times, use } = spend(100, 10_000);
  assert.equal(times.length, 100);
  assert.equal(spend(100, 10_000, structuredClone(use)).times.length, 0);
});

test("the next day is a new one", () => {
  const { use } = spend(100, 10_000);
  assert.equal(spend(100, 10_000, use, start + dayMs).times.length, 100);
});

test("what people waited for went ahead of the pace: others wait for that, and no longer than the day and its cap last", () => {
  const late = start + 20 * 3_600_000;
  const { use, granted } = take(unused, 100, 100, late, undefined, true);
  assert.equal(granted, 33);
  const other = take(use, 100, 1, late + 60_000);
  assert.equal(other.granted, 0);
  assert.ok(other.until >= late + 3_600_000);
  assert.equal(take(use, 100, 1, start + dayMs).granted, 1, "the next day has a pace of its own");
  assert.equal(take(use, 200_000, 1, late + 60_000).granted, 1, "a cap that has grown is spread anew");
});

test("no cap, no mail", () => {
  assert.deepEqual(take(unused, 0, 1, start), { use: unused, granted: 0, until: start + dayMs });
});

test("many at once are granted as one by one", () => {
  for (let offset = 0; offset < dayMs; offset += 3_333_333) {
    const many = take(unused, 4_800, 1_000, start + offset);
    assert.equal(many.granted, 100);
    assert.equal(take(many.use, 4_800, 1, many.until - 1).granted, 0);
    assert.equal(take(many.use, 4_800, 1, many.until).granted, 1);
  }
});

test("what was given back can be taken again", () => {
  const { use } = take(unused, 4_800, 100, start);
  assert.equal(take(giveBack(use, 40, 4_800), 4_800, 100, start).granted, 40);
});

test("what an address may send is divided by planned volume, the rest in order", () => {
  const even = [
    { cap: 100, planned: 200_000 },
    { cap: 100, planned: 100_000 },
    { cap: 100, planned: 60_000 },
    { cap: 50, planned: 20_000 },
  ];
  const parts = divide(200, even);
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    200,
  );
  assert.deepEqual(parts, [100, 59, 31, 10]);
  assert.deepEqual(divide(1_000, even), [100, 100, 100, 50]);
  assert.deepEqual(divide(10, [{ cap: 0, planned: 5 }]), [0]);
});

test("what a kill left unnoted counts as used, of the day, the hour and the pace", () => {
  const noted = take(unused, 1_200, 10, start).use;
  const known = caughtUp(noted, 90, 1_200, start);
  assert.deepEqual([known.used, known.usedInHour], [90, 90]);
  assert.ok(take(known, 1_200, 100, start).granted <= 10);
  assert.equal(take(known, 1_200, 400, start, undefined, true).granted, 310);
  assert.equal(caughtUp(noted, 5, 1_200, start), noted, "what was given back meanwhile is no news");
  assert.deepEqual(caughtUp({ ...noted, day: noted.day - 1 }, 3, 1_200, start).used, 3);
});
