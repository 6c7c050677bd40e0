import assert from "node:assert/strict";
import { test } from "node:test";
import { boundBy, type PathLimits, pass, unpaced, waitFor } from "./rate.ts";

/** How many messages begin in so many milliseconds, when one always waits. */
function sent(limits: PathLimits, forMs: number): number {
  const state = unpaced();
  let count = 0;
  for (let now = 1_000_000; now < 1_000_000 + forMs; ) {
    const wait = waitFor(state, limits, now);
    if (wait > 0) {
      now += Math.max(1, Math.ceil(wait));
      continue;
    }
    pass(state, limits, now);
    count++;
    if (count > 1_000_000) break;
  }
  return count;
}

const cases: readonly [name: string, limits: PathLimits, forMs: number, least: number, most: number][] = [
  ["no rate, no wait", { perSecond: 1e6 }, 10, 1000, 1_000_001],
  ["20 a second", { perSecond: 20 }, 10_000, 200, 221],
  ["one a minute", { perSecond: 1 / 60 }, 600_000, 10, 11],
  ["100 an hour, at once where it may be", { perHour: 100 }, 1_000, 100, 101],
  ["100 an hour, for two hours", { perHour: 100 }, 7_200_000, 290, 301],
  ["the narrower of two", { perSecond: 10, perMinute: 60 }, 120_000, 120, 181],
];
for (const [name, limits, forMs, least, most] of cases)
  test(name, () => {
    const count = sent(limits, forMs);
    assert.ok(count >= least && count <= most, `${count} messages`);
  });

test("the rate that holds mail up longest is told, as long as one does", () => {
  const state = unpaced();
  const limits = { perMinute: 2, perHour: 3 };
  const told: (string | undefined)[] = [];
  for (let sent = 0; sent < 4; sent++) {
    const bound = boundBy(state, limits, 1_000_000);
    told.push(bound && `${bound.messages} per ${bound.per}, ${Math.round(bound.waitMs / 1000)} s, ${bound.everyMs} ms`);
    pass(state, limits, 1_000_000);
  }
  assert.deepEqual(told, [undefined, undefined, "2 per minute, 30 s, 30000 ms", "3 per hour, 1200 s, 1200000 ms"]);
});
