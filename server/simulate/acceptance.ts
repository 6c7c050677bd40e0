/**
 * Acceptance scenarios of sending at volume: the server's own queue, store, warm-ups, shaping, classification and conduct, message by
 * message, against modelled receivers, at a clock that moves only by itself. Each promises what it must show, with the figure.
 */
import { createHash } from "node:crypto";
import { capOf, dayMs } from "../warm/plan.ts";
import { listScenarios } from "./acceptance-lists.ts";
import type { MakeSending } from "./live.ts";
import type { Pledge } from "./promises.ts";
import { lives } from "./random-lives.ts";
import { type Acceptance, accepted, bySource, planOf, providers, shop, source, within } from "./within.ts";
import { type Sender, type Sent, type World, worldStart } from "./world.ts";

/** What a person waits for must not wait longer (95 of 100). */
const maxDelayMs = 60_000;

async function blocked(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  return within({ seed, make }, async (world) => {
    await world.days(4, [shop]);
    world.receivers.get("gmail")!.block(source, 2);
    const gmail = (): readonly Sent[] => bySource(world.sent).filter(({ provider }) => provider === "gmail");
    const states: string[] = [];
    let after: number | undefined;
    const note = async (): Promise<void> => {
      const plan = planOf(await world.plans("source", source), "gmail");
      if (states.at(-1) !== plan.state) states.push(plan.state);
      if (after === undefined && plan.state === "paused")
        after = gmail().length - gmail().findIndex(({ answer }) => answer.blocked > 0);
    };
    await world.days(2, [shop], { each: note });
    const during = gmail().filter(({ answer }) => answer.blocked > 0).length;
    await world.days(6, [shop], { each: note });
    const last = gmail().filter(({ at }) => at >= world.now - dayMs);
    return [
      {
        says: "a pause follows at most 100 messages after the first block",
        figure: after === undefined ? "no pause" : `${after} messages`,
        held: after !== undefined && after <= 100,
      },
      {
        says: "the pause ends in a probe and the probe in the warm-up",
        figure: states.join(" → "),
        held: /paused → probing → (?:paused → probing → )*(?:warming|warm)$/.test(states.join(" → ")),
      },
      {
        says: "while it is blocked, only probes go",
        figure: `${during} blocked; ${accepted(last)} of ${last.length} taken on the last day`,
        held: during <= 150 && accepted(last) > 0.9 * last.length && last.length > 0,
      },
    ];
  });
}

async function honest(seed: number): Promise<readonly Pledge[]> {
  const { steps, broken } = lives(seed, 500);
  return [
    {
      says: "the percentage never rises by time, settings, assertions or failed mail, and is 100 % by proof alone",
      figure: `${steps} random steps, ${broken.length} broken${broken.length === 0 ? "" : `: ${broken[0]}`}`,
      held: broken.length === 0,
    },
  ];
}

async function quick(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  const notices: Sender = {
    ...shop,
    author: "shop.example",
    stream: "notices",
    daily: { gmail: 60, "microsoft-consumer": 40, yahoo: 30, apple: 20 },
  };
  return within({ seed, make, overflow: "warm", senders: [shop, notices] }, async (world) => {
    await world.days(2, [shop, notices], { stepMs: 30_000 });
    const delays = world.sent
      .filter(({ to, answer }) => to.startsWith("r1.") && answer.accepted > 0)
      .map(({ to, at }) => at - world.handedAt.get(to)!)
      .sort((one, other) => one - other);
    const late = delays[Math.floor(delays.length * 0.95)] ?? Number.POSITIVE_INFINITY;
    const held = await world.waiting();
    return [
      {
        says: "what people wait for leaves within a minute (95 of 100) while marketing waits",
        figure: `${(late / 1000).toFixed(0)} s of ${delays.length}, ${held} of marketing waiting`,
        held: late < maxDelayMs && held > 200 && delays.length > 200,
      },
    ];
  });
}

/** Sent today by the source, beyond the quota of the plan of each provider. */
function beyond(sent: readonly Sent[], from: number, caps: ReadonlyMap<string, number>): readonly string[] {
  return providers.flatMap((provider) => {
    const count = bySource(sent).filter((one) => one.provider === provider && one.at >= from).length;
    const cap = caps.get(provider) ?? 0;
    return count > cap ? [`${provider} ${count} of ${cap}`] : [];
  });
}

const capsOf = async (world: World): Promise<ReadonlyMap<string, number>> =>
  new Map((await world.plans("source", source)).map((plan) => [plan.provider, capOf(plan)]));

async function restarted(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  return within({ seed, make }, async (world) => {
    await world.days(3, [shop]);
    let caps: ReadonlyMap<string, number> = new Map();
    const from = world.now;
    let kills = 0;
    let forgotten = 0;
    await world.days(1, [shop], {
      each: async (_, step) => {
        if (step === 0) caps = await capsOf(world);
        if (step % 10 !== 5) return;
        // Power is lost without a warning, and the same node starts on what is on the disk.
        await world.kill(world.nodes[0]!);
        await world.startNode("node1");
        kills++;
        const used = await world.quotasUsed();
        for (const provider of providers) {
          const sent = bySource(world.sent).filter((one) => one.provider === provider && one.at >= from).length;
          forgotten += Math.max(0, sent - (used.get(`source/${source}/${provider}`) ?? 0));
        }
      },
    });
    const over = beyond(world.sent, from, caps);
    return [
      {
        says: "a server that loses its power in the middle of the day gives no quota twice",
        figure: `${kills} times; ${over.join(", ") || "no quota exceeded"}`,
        held: kills > 5 && over.length === 0,
      },
      {
        says: "and forgets nothing that was sent",
        figure: `${forgotten} forgotten of ${world.sent.filter(({ at }) => at >= from).length}`,
        held: forgotten === 0,
      },
    ];
  });
}

async function shared(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  return within({ seed, make, nodes: 2 }, async (world) => {
    const over: string[] = [];
    for (let day = 0; day < 4; day++) {
      const from = world.now;
      let caps: ReadonlyMap<string, number> = new Map();
      await world.days(1, [shop], {
        each: async (_, step) => {
          if (step === 0) caps = await capsOf(world);
        },
      });
      over.push(...beyond(world.sent, from, caps).map((one) => `day ${day + 1} ${one}`));
    }
    const used = bySource(world.sent).filter(({ provider, at }) => provider === "gmail" && at >= worldStart).length;
    return [
      {
        says: "two nodes share one quota",
        figure: `${used} to gmail in 4 days; ${over.join(", ") || "no quota exceeded"}`,
        held: over.length === 0 && used > 200,
      },
    ];
  });
}

async function repeatable(seed: number, make: MakeSending): Promise<readonly Pledge[]> {
  const log = (of: number): Promise<{ readonly digest: string; readonly count: number }> =>
    within({ seed: of, make }, async (world) => {
      await world.days(5, [shop]);
      const events = await world.events();
      const hash = createHash("sha256");
      for (const event of events) hash.update(JSON.stringify(event));
      return { digest: hash.digest("hex").slice(0, 16), count: events.length };
    });
  const [one, again, other] = [await log(seed), await log(seed), await log(seed + 1)];
  return [
    {
      says: "the same seed gives the same log of events, another seed another",
      figure: `${one.count} events, ${one.digest} and ${again.digest}; ${other.digest}`,
      held: one.digest === again.digest && one.digest !== other.digest && one.count > 500,
    },
  ];
}

/** In the order of their letters. */
export const acceptances: readonly Acceptance[] = [
  ...listScenarios,
  { name: "D", says: "a block, a pause, a probe", run: blocked },
  { name: "F", says: "the percentage cannot lie", run: honest },
  { name: "G", says: "what people wait for, while marketing waits", run: quick },
  { name: "H", says: "power is lost in the middle of the day", run: restarted },
  { name: "I", says: "two nodes", run: shared },
  { name: "J", says: "the same seed again", run: repeatable },
].sort((one, other) => one.name.localeCompare(other.name));
