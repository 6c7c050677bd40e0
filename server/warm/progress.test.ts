/** The promises of the number (deliverability.md §2.7), kept under random lives of several plans. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seeded } from "../../test/fuzz.ts";
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
import { afterSettings, daysLeft, describe, progressOf } from "./progress.ts";

const providers = ["gmail", "microsoft", "yahoo", "apple", "other"];
const start = 20_000;

for (let seed = 1; seed <= 200; seed++)
  test(`a random life (seed ${seed})`, () => {
    const draw = seeded(seed * 7919);
    const random = (): number => draw(1_000_000) / 1_000_000;
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    let plans: Plan[] = providers.map((provider) =>
      newPlan({
        scope: random() < 0.5 ? "source" : "domain",
        subject: "x",
        provider,
        profile: "normal",
        target: 1 + Math.floor(random() * 300_000),
      }),
    );
    let day = start;
    let shown = progressOf(plans, day).warm;
    assert.equal(shown, 0);
    let greenDayClosed = false;
    for (let step = 0; step < 120; step++) {
      const at = Math.floor(random() * plans.length);
      const before = plans[at]!;
      const change = (next: Plan): void => {
        plans = plans.with(at, next);
      };
      const was = progressOf(plans, day).warm;
      const what = pick([
        "day",
        "day",
        "day",
        "day",
        "bad day",
        "time",
        "target",
        "react",
        "pause",
        "assert",
        "probe",
        "resume",
      ]);
      switch (what) {
        case "day": {
          day++;
          const cap = capOf(tick(before, day * dayMs));
          change(
            closeDay(tick(before, day * dayMs), { day, attempts: cap, delivered: cap, gate: "green", tainted: false }),
          );
          greenDayClosed ||= cap > 0;
          if (plans[at]!.proven > 0) assert.ok(greenDayClosed);
          break;
        }
        case "bad day": {
          day++;
          const cap = capOf(before);
          change(closeDay(before, { day, attempts: cap, delivered: 0, gate: "green", tainted: false }));
          assert.ok(progressOf(plans, day).warm <= was, "what was deferred or bounced proves nothing");
          break;
        }
        case "time":
          day += Math.floor(random() * 40);
          change(tick(before, day * dayMs));
          assert.ok(progressOf(plans, day).warm <= was, "time proves nothing");
          break;
        case "target": {
          const target = 1 + Math.floor(random() * 400_000);
          change(retarget(before, target));
          const one = (plan: Plan): number => plan.proven / plan.levels.length;
          assert.ok(one(plans[at]!) <= one(before), "settings prove nothing");
          if (plans[at]!.levels.length > before.levels.length && before.proven > 0)
            assert.ok(one(plans[at]!) < one(before), "a longer way is less of it gone");
          assert.ok(afterSettings(shown, progressOf(plans, day)) <= shown);
          break;
        }
        case "react":
          change(react(before, pick<GateLevel>(["green", "hold", "back", "pause"]), "x", day * dayMs));
          assert.ok(progressOf(plans, day).warm <= was);
          break;
        case "pause":
          change(pause(before, "x", day * dayMs));
          assert.ok(progressOf(plans, day).warm <= was);
          if (before.proven > 0 && before.level >= before.proven)
            assert.ok(plans[at]!.proven < before.proven || before.level - 2 >= before.proven, "a pause costs");
          break;
        case "assert":
          change(assertWarm(before, "x", day * dayMs));
          assert.ok(progressOf(plans, day).warm <= was, "what somebody says proves nothing");
          break;
        case "probe":
          change(probed(before, 50, Math.floor(random() * 50), day * dayMs));
          assert.ok(progressOf(plans, day).warm <= was);
          break;
        case "resume":
          change(resume(before));
          assert.ok(progressOf(plans, day).warm <= was);
          break;
      }
      const now = progressOf(plans, day);
      shown = what === "target" ? afterSettings(shown, now) : now.warm;
      assert.ok(now.warm >= 0 && now.warm <= 1 && now.capacity >= 0 && now.capacity <= 1);
      for (const plan of plans) {
        assert.ok(plan.level >= 0 && plan.level < plan.levels.length);
        assert.ok(plan.proven >= 0 && plan.proven <= plan.levels.length);
        if (plan.proven === plan.levels.length) assert.equal(plan.state, "warm");
        if (plan.state === "paused") assert.equal(capOf(plan), 0);
      }
      if (now.warm === 1)
        for (const plan of plans)
          if (plan.target / plans.reduce((sum, { target }) => sum + target, 0) >= 0.01)
            assert.ok(
              plan.greenDays >= 3 && plan.state === "warm",
              "done is three green days at the target, everywhere",
            );
    }
  });

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
