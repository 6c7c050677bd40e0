import assert from "node:assert/strict";
import { test } from "node:test";
import { confidence, type GateSignal, gravest, type Observed, readGates } from "./gates.ts";
import { wilson } from "./wilson.ts";

const quiet: Observed = {
  attempts: 0,
  delivered: 0,
  rateDeferrals: 0,
  hardBounces: 0,
  blockBounces: 0,
  authFailures: 0,
  listedOn: [],
};
const busy = (seen: Partial<Observed>): Observed => ({ ...quiet, attempts: 10_000, delivered: 10_000, ...seen });

const cases: readonly [name: string, seen: Observed, signal: GateSignal, level: string | undefined][] = [
  ["one of three is nothing yet", { ...quiet, attempts: 3, blockBounces: 1 }, "block-bounces", undefined],
  ["49 attempts are too few", { ...quiet, attempts: 49, rateDeferrals: 49 }, "deferrals", undefined],
  ["few deferrals", busy({ rateDeferrals: 400 }), "deferrals", "green"],
  ["some deferrals", busy({ rateDeferrals: 700 }), "deferrals", "hold"],
  ["many deferrals", busy({ rateDeferrals: 2_000 }), "deferrals", "back"],
  ["deferrals only", busy({ rateDeferrals: 5_000 }), "deferrals", "pause"],
  ["3 of 100 may be chance", { ...quiet, attempts: 100, hardBounces: 3 }, "hard-bounces", "green"],
  ["dead addresses", busy({ hardBounces: 300 }), "hard-bounces", "hold"],
  ["more dead addresses", busy({ hardBounces: 700 }), "hard-bounces", "back"],
  ["a dead list", busy({ hardBounces: 1_200 }), "hard-bounces", "pause"],
  ["a block begins", { ...quiet, attempts: 60, blockBounces: 10 }, "block-bounces", "pause"],
  ["blocked a little", busy({ blockBounces: 90 }), "block-bounces", "hold"],
  ["blocked", busy({ blockBounces: 300 }), "block-bounces", "back"],
  ["no feedback loop", busy({}), "complaints", undefined],
  ["no complaint", busy({ complaints: 0 }), "complaints", "green"],
  ["complaints", busy({ complaints: 40 }), "complaints", "back"],
  ["many complaints", busy({ complaints: 60 }), "complaints", "pause"],
  ["spam rate at Google's line", busy({ spamRate: 0.003 }), "spam-rate", "pause"],
  ["spam rate below it", busy({ spamRate: 0.0015 }), "spam-rate", "hold"],
  ["SNDS yellow", busy({ snds: { colour: "yellow", traps: 0 } }), "traps", "back"],
  ["a trap", busy({ snds: { colour: "green", traps: 1 } }), "traps", "hold"],
  ["few seeds say nothing", busy({ seeds: { inbox: 0, seen: 9, poorRuns: 1 } }), "seeds", undefined],
  ["2 of 10 seeds in junk may be chance", busy({ seeds: { inbox: 8, seen: 10, poorRuns: 0 } }), "seeds", "green"],
  ["4 of 10", busy({ seeds: { inbox: 6, seen: 10, poorRuns: 0 } }), "seeds", "hold"],
  ["5 of 10", busy({ seeds: { inbox: 5, seen: 10, poorRuns: 0 } }), "seeds", "back"],
  ["poor seeds once", busy({ seeds: { inbox: 2, seen: 10, poorRuns: 1 } }), "seeds", "back"],
  ["poor seeds twice", busy({ seeds: { inbox: 2, seen: 10, poorRuns: 2 } }), "seeds", "pause"],
  ["unauthenticated", busy({ authFailures: 1 }), "authentication", "pause"],
  ["listed", busy({ listedOn: ["zen.spamhaus.org"] }), "blocklist", "pause"],
  ["people click less", busy({ engagement: { rate: 0.07, usual: 0.1, of: 5_000 } }), "engagement", "hold"],
  ["few click less", busy({ engagement: { rate: 0.07, usual: 0.1, of: 500 } }), "engagement", "green"],
  ["people click much less", busy({ engagement: { rate: 0.05, usual: 0.1, of: 5_000 } }), "engagement", "back"],
];
for (const [name, seen, signal, level] of cases)
  test(`${name}: ${signal} ${level ?? "not measured"}`, () => {
    const readings = readGates(seen);
    assert.equal(readings.find((one) => one.signal === signal)!.level, level);
  });

test("what was not measured is no green light", () => {
  const readings = readGates(quiet);
  assert.equal(gravest(readings), "green");
  assert.ok(confidence(readings) < 0.3);
  assert.equal(gravest(readGates(busy({ rateDeferrals: 700, blockBounces: 300 }))), "back");
});

test("Wilson's bounds hold the rate and shrink with what is known", () => {
  assert.deepEqual(wilson(0, 0), [0, 1]);
  let width = 1;
  for (const size of [10, 100, 1_000, 10_000]) {
    const [low, high] = wilson(size / 10, size);
    assert.ok(low < 0.1 && 0.1 < high && high - low < width);
    width = high - low;
  }
  assert.ok(Math.abs(wilson(10, 100)[0] - 0.0552) < 0.0002);
});
