import assert from "node:assert/strict";
import { test } from "node:test";
import type { GateLevel } from "./gates.ts";
import {
  assertWarm,
  capOf,
  closeDay,
  dayMs,
  newPlan,
  type Plan,
  pause,
  probed,
  react,
  resume,
  retarget,
  tick,
} from "./plan.ts";

const start = 20_000;
const fresh = (change: Partial<Plan> = {}): Plan => ({
  ...newPlan({ scope: "source", subject: "mta1", provider: "gmail", profile: "normal", target: 200_000 }),
  ...change,
});

/** A day on which the whole cap went out. */
function sendDay(plan: Plan, day: number, gate: GateLevel = "green", share = 1): Plan {
  const ticked = tick(plan, day * dayMs);
  const cap = Math.round(capOf(ticked) * share);
  const reacted = react(ticked, gate, "the test says so", day * dayMs + 1);
  return closeDay(reacted, { day, attempts: cap, delivered: cap, gate, tainted: false });
}

function sendDays(plan: Plan, from: number, count: number): Plan {
  let now = plan;
  for (let day = from; day < from + count; day++) now = sendDay(now, day);
  return now;
}

const brief = ({ state, level, proven }: Plan): string => `${state} ${level} ${proven}`;

test("sixteen levels take eighteen green days", () => {
  let plan = fresh();
  const said: string[] = [];
  for (let day = 0; day < 18; day++) {
    plan = sendDay(plan, start + day);
    said.push(brief(plan));
  }
  assert.deepEqual(said.slice(0, 2), ["warming 1 1", "warming 2 2"]);
  assert.deepEqual(said.slice(14), ["warming 15 15", "warming 15 15", "warming 15 15", "warm 15 16"]);
});

test("the careful profile takes two days a level", () => {
  const plan = sendDays(
    newPlan({ scope: "source", subject: "a", provider: "gmail", profile: "careful", target: 1_000 }),
    start,
    4,
  );
  assert.equal(brief(plan), "warming 2 2");
});

const days: readonly [name: string, day: Parameters<typeof closeDay>[1], expected: string][] = [
  ["a day without mail", { day: start, attempts: 0, delivered: 0, gate: "green", tainted: false }, "idle 0 0"],
  [
    "less than 80 % delivered",
    { day: start, attempts: 100, delivered: 79, gate: "green", tainted: false },
    "warming 0 0",
  ],
  ["all of it deferred", { day: start, attempts: 100, delivered: 0, gate: "green", tainted: false }, "warming 0 0"],
  ["80 % delivered", { day: start, attempts: 80, delivered: 80, gate: "green", tainted: false }, "warming 1 1"],
  ["a tainted day", { day: start, attempts: 120, delivered: 120, gate: "green", tainted: true }, "warming 0 0"],
  ["hold", { day: start, attempts: 100, delivered: 100, gate: "hold", tainted: false }, "warming 0 0"],
];
for (const [name, day, expected] of days)
  test(`${name}: ${expected}`, () => assert.equal(brief(closeDay(fresh(), day)), expected));

test("a step back happens once a day, and that day does not count", () => {
  const plan = sendDays(fresh(), start, 5);
  const at = (start + 5) * dayMs;
  const back = react(plan, "back", "x", at);
  assert.equal(brief(back), "warming 4 4");
  assert.equal(react(back, "back", "x", at + 1), back);
  assert.equal(
    brief(closeDay(back, { day: start + 5, attempts: 1_600, delivered: 1_600, gate: "green", tainted: false })),
    "warming 4 4",
  );
});

test("a pause stops everything, costs two levels, and ends in a probe", () => {
  const plan = sendDays(fresh(), start, 6);
  const at = (start + 6) * dayMs;
  const paused = pause(plan, "blocked", at);
  assert.equal(brief(paused), "paused 4 4");
  assert.equal(capOf(paused), 0);
  assert.equal(tick(paused, at + dayMs - 1).state, "paused");
  const probing = tick(paused, at + dayMs);
  assert.equal(probing.state, "probing");
  assert.equal(capOf(probing), 50);
  assert.equal(probed(probing, 49, 0, at + dayMs).state, "probing");
  assert.equal(brief(probed(probing, 50, 10, at + dayMs)), "warming 4 4");
  const failed = probed(probing, 20, 11, at + dayMs);
  assert.equal(failed.state, "paused");
  assert.equal(failed.pauses.length, 1, "a failed probe is no new pause");
  assert.equal(tick(failed, at + 2 * dayMs).state, "probing");
});

test("pauses grow, and the third in 30 days waits for a person", () => {
  let plan = sendDays(fresh(), start, 9);
  const lengths: number[] = [];
  for (const day of [10, 20, 30]) {
    const at = (start + day) * dayMs;
    plan = pause({ ...plan, state: "warming" }, "blocked", at);
    lengths.push((plan.pausedUntil! - at) / dayMs);
  }
  assert.deepEqual(lengths, [1, 2, 4]);
  assert.equal(plan.needsPerson, true);
  assert.equal(tick(plan, (start + 60) * dayMs).state, "paused");
  assert.equal(resume(plan).state, "probing");
});

const silences: readonly [scope: "source" | "domain", days: number, expected: string][] = [
  ["source", 7, "warming 10 10"],
  ["source", 8, "warming 9 9"],
  ["source", 14, "warming 9 9"],
  ["source", 15, "warming 8 8"],
  ["source", 30, "warming 6 6"],
  ["domain", 8, "warming 9 9"],
  ["domain", 30, "warming 8 8"],
  ["source", 31, "idle 0 0"],
  ["source", 91, "idle 0 0"],
];
for (const [scope, silent, expected] of silences)
  test(`${scope}: after ${silent} days of silence ${expected}`, () => {
    const plan = sendDays(fresh({ scope }), start, 10);
    const last = start + 9;
    assert.equal(brief(tick(plan, (last + silent) * dayMs)), expected);
    let daily = plan;
    for (let day = 1; day <= silent; day++) daily = tick(daily, (last + day) * dayMs);
    assert.equal(brief(daily), expected, "looked at every day it is the same");
  });

test("after a month of silence the way back takes two levels a day, after three it does not", () => {
  const plan = sendDays(fresh(), start, 10);
  const back = (silent: number): string[] => {
    const day = start + 9 + silent;
    const said: string[] = [];
    let now = plan;
    for (let count = 0; count < 7; count++) {
      now = sendDay(now, day + count);
      said.push(`${now.level}`);
    }
    return said;
  };
  assert.deepEqual(back(45), ["2", "4", "6", "8", "10", "11", "12"]);
  assert.deepEqual(back(100), ["1", "2", "3", "4", "5", "6", "7"]);
});

test("an asserted plan sends at its target and has proven nothing", () => {
  const plan = assertWarm(fresh(), "anna", start * dayMs);
  assert.equal(capOf(plan), 200_000);
  assert.equal(sendDays(plan, start, 5).proven, 0);
  assert.equal(react(plan, "pause", "blocked", start * dayMs).asserted, undefined);
});

test("a warm source that sent little does not jump", () => {
  let plan = sendDays(fresh(), start, 18);
  assert.equal(plan.state, "warm");
  for (let day = 18; day < 30; day++)
    plan = closeDay(plan, { day: start + day, attempts: 1_000, delivered: 1_000, gate: "green", tainted: false });
  assert.equal(capOf(plan), 2_000);
});

test("another target keeps what is proven in messages, and never says more than before", () => {
  const plan = sendDays(fresh(), start, 18);
  const more = retarget(plan, 400_000);
  assert.equal(more.state, "warming");
  assert.ok(more.proven / more.levels.length < 1);
  assert.ok(capOf(more) <= 200_000 && capOf(more) >= 199_000);
  const half = sendDays(fresh(), start, 8);
  const less = retarget(half, 13_000);
  assert.ok(less.proven / less.levels.length <= half.proven / half.levels.length);
});
