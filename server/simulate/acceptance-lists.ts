/** Acceptance scenarios about lists and volumes (`docs/sending.md`: A, B, C and E), by the server's own queue against receivers of a smaller size. */
import { dayOf } from "../warm/plan.ts";
import { progressOf } from "../warm/progress.ts";
import type { MakeSending } from "./live.ts";
import type { Pledge } from "./promises.ts";
import {
  type Acceptance,
  accepted,
  deferred,
  inInbox,
  percent,
  planOf,
  type Setting,
  shop,
  source,
  type Volume,
  within,
} from "./within.ts";
import type { Sender, Sent, World } from "./world.ts";

/** So that the volumes of a test are to the receivers what large ones are to large receivers: what they take of a stranger is about the first level. */
const size = 0.35;
const planned: Volume = { gmail: 1500, "microsoft-consumer": 700, yahoo: 500, apple: 150 };
/** Of fewer nothing is said of a list (the least of its gate). */
const minTried = 100;
/** Small quotas let one message through every ten minutes: time passes in smaller steps. */
const stepMs = 5 * 60_000;
const sender: Sender = { ...shop, daily: planned };

const ofTenant = (sent: readonly Sent[], { author }: Sender): readonly Sent[] =>
  sent.filter((one) => one.author === author);

/** Until everything is warm, at most so many days; answers the day (from 1) on which it was, or undefined. */
async function untilWarm(world: World, senders: readonly Sender[], most: number): Promise<number | undefined> {
  for (let day = 1; day <= most; day++) {
    await world.days(1, senders, { stepMs });
    if (progressOf(await world.plans("source", source), dayOf(world.now)).warm === 1) return day;
  }
  return undefined;
}

async function goodList(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  return within({ seed, make, size, planned, tolerance: 1.5 }, async (world) => {
    const day = await untilWarm(world, [sender], 45);
    const part = deferred(world.sent) / world.sent.length;
    return [
      {
        says: "a good list is 100 % warm by day 45, at receivers that let in 1.5 times what they expect",
        figure: day === undefined ? "never" : `day ${day}`,
        held: day !== undefined,
      },
      {
        says: "less than 5 % are deferred",
        figure: `${percent(part)} of ${world.sent.length}`,
        held: part < 0.05 && world.sent.length > 1000,
      },
    ];
  });
}

async function noWarmUp(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  const week = (setting: Partial<Setting>): Promise<readonly Sent[]> =>
    within({ seed, make, size, planned, ...setting }, async (world) => {
      await world.days(7, [sender], { stepMs });
      return [...world.sent];
    });
  const warmed = await week({});
  const control = await week({ cold: true, deaf: true });
  const parts = [warmed, control].map((sent) => accepted(sent) / sent.length) as [number, number];
  const inboxes = [warmed, control].map((sent) => inInbox(sent) / Math.max(1, accepted(sent))) as [number, number];
  return [
    {
      says: "without a warm-up at least five times less of what is tried in the first week is accepted",
      figure: `${percent(parts[1])} of ${control.length} against ${percent(parts[0])} of ${warmed.length}`,
      held: parts[1] * 5 <= parts[0] && warmed.length > 1000,
    },
    {
      says: "and less of what is accepted reaches the inbox",
      figure: `${percent(inboxes[1])} against ${percent(inboxes[0])}`,
      held: inboxes[1] < inboxes[0],
    },
  ];
}

async function boughtList(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  const bought: Sender = {
    tenant: "broker",
    author: "deals.broker.example",
    stream: "news",
    mailing: { invalid: 0.09, complaining: 0.006, engaged: 0.02 },
    daily: planned,
  };
  const days = 14;
  const alone = await within({ seed, make, size, planned }, async (world) => {
    await world.days(days, [sender], { stepMs });
    return [...world.sent];
  });
  return within({ seed, make, size, planned, senders: [sender, bought] }, async (world) => {
    let highest = 0;
    let knownOn: number | undefined;
    let stoppedOn: number | undefined;
    let before = 0;
    for (let day = 1; day <= days; day++) {
      await world.days(1, [sender, bought], { stepMs });
      const plans = await world.plans("domain", bought.author);
      highest = Math.max(highest, ...plans.map(({ level }) => level + 1));
      const tried = ofTenant(world.sent, bought).filter(({ provider }) => provider === "gmail").length;
      if (tried >= minTried) knownOn ??= day;
      if (stoppedOn !== undefined || planOf(plans, "gmail").state !== "paused") continue;
      stoppedOn = day;
      before = tried;
    }
    const [beside, byItself] = [accepted(ofTenant(world.sent, sender)), accepted(alone)];
    return [
      {
        says: `a bought list is paused within a sending day of its first ${minTried} messages to Gmail`,
        figure: stoppedOn === undefined ? "never" : `day ${stoppedOn}, after ${before}`,
        // What it was elsewhere may have told before there were so many.
        held: stoppedOn !== undefined && (knownOn === undefined || stoppedOn - knownOn <= 1),
      },
      { says: "and never above level 2", figure: `level ${highest}`, held: highest <= 2 },
      {
        says: "a good tenant at the same address has its fair share of what it has alone",
        figure: `${beside} accepted in ${days} days against ${byItself}`,
        held: beside * 2 >= byItself,
      },
    ];
  });
}

async function silence(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  return within({ seed, make, size, planned }, async (world) => {
    const first = await untilWarm(world, [sender], 45);
    await world.days(45, [], { stepMs: 6 * 3_600_000 });
    const plans = await world.plans("source", source);
    const { warm } = progressOf(plans, dayOf(world.now));
    const levels = plans.map(({ level }) => level + 1);
    const again = await untilWarm(world, [sender], 45);
    return [
      {
        says: "45 silent days lead back to the first level and 0 %",
        figure: `${percent(warm)}, levels ${levels.join(", ")}`,
        held: first !== undefined && warm === 0 && levels.every((level) => level === 1),
      },
      {
        says: "the way back is shorter than the way up",
        figure: `${again === undefined ? "never" : `${again} days`} against ${first ?? "never"}`,
        held: again !== undefined && first !== undefined && again < first,
      },
    ];
  });
}

export const listScenarios: readonly Acceptance[] = [
  { name: "A", says: "a good list", run: goodList },
  { name: "B", says: "no warm-up", run: noWarmUp },
  { name: "C", says: "a bought list beside a good tenant", run: boughtList },
  { name: "E", says: "45 days of silence", run: silence },
];
