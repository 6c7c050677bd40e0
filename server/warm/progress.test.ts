/** The sentence of a progress. That the percentage cannot lie is looked at in random lives (`server/simulate/acceptance.test.ts`, F). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { capOf, closeDay, newPlan } from "./plan.ts";
import { daysLeft, describe, progressOf } from "./progress.ts";

const start = 20_000;

test("the sentence has both numbers", () => {
  let plan = newPlan({ scope: "source", subject: "a", provider: "gmail", profile: "normal", target: 200_000 });
  for (let day = start; day < start + 9; day++) {
    const cap = capOf(plan);
    plan = closeDay(plan, { day, attempts: cap, delivered: cap, gate: "green", tainted: false });
  }
  const progress = progressOf([plan], start + 9);
  assert.equal(describe(progress.providers[0]!), "Step 9 of 16 · 56 % · can carry 12 % of the planned volume");
  assert.ok(progress.capacity < progress.warm);
  assert.deepEqual(daysLeft(plan, [1, 1, 1]), [9, 9]);
  assert.equal(daysLeft({ ...plan, state: "paused" }, [1]), undefined);
});
