/** Most scenarios at a twentieth of their volume: the control loop is the same, the numbers are smaller. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { shippedShaping } from "../shape/shipped.ts";
import { chart } from "./chart.ts";
import { promisesOf, totals, warmDay } from "./promises.ts";
import { type Run, run } from "./run.ts";
import { type Scenario, scenarios } from "./scenario.ts";

const shaping = shippedShaping();
const targets = { gmail: 10_000, "microsoft-consumer": 5_000, yahoo: 3_000, apple: 1_000 };
/** Their promises are about the long way to a large volume. */
const whole = new Set(["bad", "silence"]);
const small = (name: string, days: number): Scenario => ({
  ...scenarios.find((one) => one.name === name)!,
  ...(whole.has(name) ? {} : { targets }),
  days,
});
const runs = new Map<string, Run>();
const runOf = (name: string, days: number): Run => {
  const known = runs.get(name) ?? run(small(name, days), 1, shaping);
  runs.set(name, known);
  return known;
};
const broken = (one: Run): readonly string[] =>
  promisesOf(one, runs)
    .filter(({ held }) => !held)
    .map(({ says, figure }) => `${says}: ${figure}`);

for (const [name, days] of [
  ["good", 25],
  ["mediocre", 30],
  ["bad", 30],
  ["strict", 45],
  ["block", 30],
  ["silence", 85],
] as const)
  test(`${name}: every promise holds`, () => assert.deepEqual(broken(runOf(name, days)), []));

test("without a warm-up most is lost", () => {
  runOf("good", 25);
  assert.deepEqual(broken(runOf("no-warm-up", 25)), []);
});

test("promises can be broken: a block that nobody notices, a level that is not earned", () => {
  const good = runOf("good", 25);
  const blind: Run = { ...good, scenario: small("block", 25), blockedBeforePause: 5_000 };
  assert.ok(broken(blind).some((line) => line.includes("after the first block")));
  const never: Run = { ...good, days: good.days.slice(0, 5) };
  assert.ok(broken(never).some((line) => line.includes("never")));
});

test("the same seed gives the same days, another one others", () => {
  const scenario = small("block", 15);
  const one = run(scenario, 7, shaping);
  assert.deepEqual(run(scenario, 7, shaping), one);
  assert.notDeepEqual(run(scenario, 8, shaping).days, one.days);
});

test("the chart has a line per provider and the last figure", () => {
  const good = runOf("good", 25);
  const text = chart(good);
  for (const provider of Object.keys(targets)) assert.match(text, new RegExp(`^${provider}`, "m"));
  assert.match(text, /^warm.* 100 %$/m);
  assert.ok(warmDay(good)! < 20 && totals(good.days, "gmail").delivered > 50_000);
});
