/** Random lives of several warm-ups: what the percentage promises is looked at after every step. */
import type { GateLevel } from "../warm/gates.ts";
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
} from "../warm/plan.ts";
import { afterSettings, progressOf } from "../warm/progress.ts";
import { chance } from "./random.ts";

const providers = ["gmail", "microsoft-consumer", "yahoo", "apple", "other"];
const start = 20_000;
const stepsOfLife = 120;
const kinds = [
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
] as const;
const gates: readonly GateLevel[] = ["green", "hold", "back", "pause"];

/** `broken`: in words, each promise that did not hold. */
export function lives(seed: number, count: number): { readonly steps: number; readonly broken: readonly string[] } {
  const broken: string[] = [];
  for (let life = 0; life < count; life++) oneLife(seed * 100_003 + life, broken);
  return { steps: count * stepsOfLife, broken };
}

function oneLife(seed: number, broken: string[]): void {
  const { next } = chance(seed);
  const upTo = (most: number): number => Math.floor(next() * most);
  const expect = (holds: boolean, what: string): void => {
    if (!holds) broken.push(`${what} (life ${seed})`);
  };
  let plans: Plan[] = providers.map((provider) =>
    newPlan({
      scope: next() < 0.5 ? "source" : "domain",
      subject: "x",
      provider,
      profile: "normal",
      target: 1 + upTo(300_000),
    }),
  );
  let day = start;
  let green = false;
  let shown = progressOf(plans, day).warm;
  expect(shown === 0, "0 % before the first day");
  for (let step = 0; step < stepsOfLife; step++) {
    const index = upTo(plans.length);
    const before = plans[index]!;
    const was = progressOf(plans, day).warm;
    const what = kinds[upTo(kinds.length)]!;
    const after = ((): Plan => {
      switch (what) {
        case "day": {
          const plan = tick(before, ++day * dayMs);
          const cap = capOf(plan);
          green ||= cap > 0;
          return closeDay(plan, { day, attempts: cap, delivered: cap, gate: "green", tainted: false });
        }
        case "bad day":
          return closeDay(before, { day: ++day, attempts: capOf(before), delivered: 0, gate: "green", tainted: false });
        case "time":
          day += upTo(40);
          return tick(before, day * dayMs);
        case "target":
          return retarget(before, 1 + upTo(400_000));
        case "react":
          return react(before, gates[upTo(gates.length)]!, "x", day * dayMs);
        case "pause":
          return pause(before, "x", day * dayMs);
        case "assert":
          return assertWarm(before, "x", day * dayMs);
        case "probe":
          return probed(before, 50, upTo(50), day * dayMs);
        case "resume":
          return resume(before);
        default:
          return what satisfies never;
      }
    })();
    plans = plans.with(index, after);
    const now = progressOf(plans, day);
    shown = what === "target" ? afterSettings(shown, now) : now.warm;
    if (what !== "day" && what !== "target") expect(now.warm <= was, `"${what}" proves nothing`);
    if (what === "target") {
      const [part, partBefore] = [after.proven / after.levels.length, before.proven / before.levels.length];
      expect(part <= partBefore, "settings prove nothing");
      expect(
        after.levels.length <= before.levels.length || before.proven === 0 || part < partBefore,
        "a longer way is less of it gone",
      );
    }
    if (what === "pause" && before.proven > 0 && before.level >= before.proven)
      expect(after.proven < before.proven || before.level - 2 >= before.proven, "a pause costs");
    const { level, levels, proven, state } = after;
    expect(level >= 0 && level < levels.length, "a level that there is");
    expect(proven >= 0 && proven <= levels.length, "no more is proven than there is");
    expect(proven < levels.length || state === "warm", "all that is proven is warm");
    expect(state !== "paused" || capOf(after) === 0, "what is paused sends nothing");
    expect(green || now.warm === 0, "0 % before the first green day");
    expect(shown >= 0 && shown <= 1 && now.capacity >= 0 && now.capacity <= 1, "between 0 and 100 %");
    if (now.warm < 1) continue;
    const all = plans.reduce((sum, { target }) => sum + target, 0);
    for (const { target, greenDays, state } of plans)
      if (target / all >= 0.01) expect(greenDays >= 3 && state === "warm", "100 % by three green days everywhere");
  }
}
