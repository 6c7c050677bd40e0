/**
 * A scenario, day after day on a virtual clock: the warm-up's books, the shaping rules and the classification that the server
 * uses, against modelled receivers. No sockets: seventy days pass in seconds, and the same seed gives the same days.
 */

import { calm, type Effect, hit, limitsNow, type ShapingState } from "../shape/overrides.ts";
import { gateCountOf } from "../shape/reply-class.ts";
import { classifyReply, limitsOf, type Shaping } from "../shape/shaping.ts";
import { type Counts, noCounts, type Signals } from "../warm/account.ts";
import { WarmupBook } from "../warm/book.ts";
import type { Rank } from "../warm/eligible.ts";
import { dayMs, hold, newPlan, pause, react } from "../warm/plan.ts";
import { progressOf } from "../warm/progress.ts";
import { fleet, profiles } from "./fleet.ts";
import type { Pledge } from "./promises.ts";
import { chance } from "./random.ts";
import type { Answer, Mailing, Receiver } from "./receiver.ts";
import type { ProviderKey, Scenario } from "./scenario.ts";

export type DayRow = {
  readonly day: number;
  readonly warm: number;
  readonly capacity: number;
  readonly providers: {
    readonly [provider in ProviderKey]: {
      readonly state: string;
      readonly level: number;
      readonly cap: number;
      readonly attempts: number;
      readonly delivered: number;
      readonly deferred: number;
      readonly blocked: number;
      readonly inbox: number;
    };
  };
};

export type Run = {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly days: readonly DayRow[];
  /** In words, in order: what happened to which plan, and why. */
  readonly events: readonly { readonly day: number; readonly provider: ProviderKey; readonly what: string }[];
  /** Messages sent between the first block and the pause, per incident. */
  readonly blockedBeforePause: number;
  /** What was looked at while it ran. */
  readonly pledges?: readonly Pledge[];
};

const source = "mta1";
const domain = "news.example.test";
const tenant = "tenant";
const stepMs = 5 * 60_000;
const firstPortion = 25;
const laterPortion = 200;
const start = 20_500 * dayMs;
/** Replies of one portion that shaping hears one by one; more of the same say nothing new. */
const maxHeard = 5;

/** Recipients by when they last showed interest, the most eager first, and what each kind does with the mail. */
const audience: readonly { readonly rank: Rank; readonly share: number; readonly eagerness: number }[] = [
  { rank: 2, share: 0.55, eagerness: 1 },
  { rank: 3, share: 0.25, eagerness: 0.4 },
  { rank: 4, share: 0.2, eagerness: 0.2 },
];

type Lane = {
  readonly provider: ProviderKey;
  readonly target: number;
  readonly receiver: Receiver;
  /** Waiting, by kind of recipient. */
  readonly waiting: number[];
  /** Deferred: tried again in the next hour. */
  readonly later: number[];
  counts: { attempts: number; delivered: number; deferred: number; blocked: number; inbox: number };
};

export function run(scenario: Scenario, seed: number, shaping: Shaping): Run {
  const draw = chance(seed);
  const receivers = fleet(draw, scenario.tolerance);
  const book = new WarmupBook();
  const lanes = (Object.keys(scenario.targets) as ProviderKey[]).map((provider): Lane => {
    const target = scenario.targets[provider];
    if (scenario.warmup) {
      const signals: Signals = { listedOn: [], tellsComplaints: profiles[provider].tellsComplaints };
      for (const [scope, subject] of [
        ["source", source],
        ["domain", domain],
      ] as const)
        book.open(newPlan({ scope, subject, provider, profile: "normal", target }), start, signals);
    }
    return {
      provider,
      target,
      receiver: receivers.get(provider)!,
      waiting: [0, 0, 0],
      later: [0, 0, 0],
      counts: zero(),
    };
  });
  let state: ShapingState = calm;
  const days: DayRow[] = [];
  const events: Run["events"][number][] = [];
  let blockedBeforePause = 0;

  const partiesOf = (provider: string) => ({ source, domain, provider, tenant, campaign: "all" });

  function apply(effects: readonly Effect[], provider: ProviderKey, now: number): void {
    if (!scenario.warmup) return;
    for (const effect of effects) {
      if (effect.kind !== "warm-up") continue;
      const change = { hold, back: (plan, why, at) => react(plan, "back", why, at), pause } as const satisfies {
        readonly [what in typeof effect.do]: typeof hold;
      };
      const of = { scope: effect.scope, subject: effect.scope === "source" ? source : domain, provider };
      book.change(
        of,
        (plan) =>
          plan.state === "paused" || plan.state === "probing"
            ? plan
            : change[effect.do](plan, `rule ${effect.rule}`, now),
        now,
      );
    }
  }

  /** One kind of reply, said to `count` messages. */
  function hear(provider: ProviderKey, reply: string, count: number, now: number): Partial<Counts> {
    if (count === 0) return {};
    const found = classifyReply(shaping, provider, reply);
    const counted = gateCountOf(found.class, reply.startsWith("5"));
    if (found.rule !== undefined)
      for (let heard = 0; heard < Math.min(count, maxHeard); heard++) {
        const result = hit(state, found.rule, partiesOf(provider), reply, now);
        state = result.state;
        apply(result.effects, provider, now);
      }
    if (found.class === "authentication") return { authFailures: count };
    return counted === "deferral"
      ? { rateDeferrals: count }
      : counted === "hard"
        ? { hardBounces: count }
        : counted === "block"
          ? { blockBounces: count }
          : {};
  }

  /** Sends one portion; answers whether all went well. */
  function portion(lane: Lane, kind: number, count: number, mailing: Mailing, now: number): boolean {
    const { provider, receiver, counts } = lane;
    const { replies, tellsComplaints } = profiles[provider];
    const answer: Answer = receiver.receive(source, domain, count, mailing);
    lane.later[kind]! += answer.deferred;
    counts.attempts += count;
    counts.delivered += answer.accepted;
    counts.deferred += answer.deferred;
    counts.blocked += answer.blocked;
    counts.inbox += answer.inbox;
    const heard: Partial<Counts>[] = [
      hear(provider, replies.tooMuch, answer.deferred, now),
      hear(provider, replies.blocked, answer.blocked, now),
      hear(provider, replies.unknownUser, answer.unknown, now),
    ];
    if (scenario.warmup)
      book.note(
        { source, domain, provider },
        Object.assign({ ...noCounts }, ...heard, {
          attempts: count,
          delivered: answer.accepted,
          complaints: tellsComplaints ? answer.complaints : 0,
        }),
        now,
      );
    if (answer.blocked > 0 && scenario.incident !== undefined && events.every(({ what }) => !what.startsWith("paused")))
      blockedBeforePause += count;
    return answer.deferred === 0 && answer.blocked === 0;
  }

  function step(lane: Lane, now: number): void {
    const { provider } = lane;
    if (limitsNow(limitsOf(shaping, provider), state, partiesOf(provider), now).suspended !== undefined) return;
    for (const [kind, { rank, eagerness }] of audience.entries()) {
      let size = firstPortion;
      while (lane.waiting[kind]! > 0) {
        const count = Math.min(size, lane.waiting[kind]!);
        const granted = scenario.warmup ? book.grant({ source, domain, provider, rank, count }, now).granted : count;
        if (granted === 0) break;
        lane.waiting[kind]! -= granted;
        const mailing = { ...scenario.mailing, engaged: scenario.mailing.engaged * eagerness };
        size = portion(lane, kind, granted, mailing, now) ? laterPortion : firstPortion;
        if (limitsNow(limitsOf(shaping, provider), state, partiesOf(provider), now).suspended !== undefined) break;
      }
    }
  }

  const said = new Map<string, string>();
  for (let day = 0; day < scenario.days; day++) {
    const midnight = start + day * dayMs;
    const silent = scenario.silence !== undefined && day >= scenario.silence.from && day < scenario.silence.to;
    if (scenario.incident?.day === day) receivers.get("gmail")!.block(source, scenario.incident.days);
    for (let now = midnight; now < midnight + dayMs; now += stepMs) {
      const hourly = (now - midnight) % 3_600_000 === 0;
      for (const lane of lanes) {
        for (const [kind, { share }] of audience.entries()) {
          // What could not go out within a day or so has expired: the newest mail is what is wanted.
          const most = 1.5 * lane.target * share;
          const fresh = silent ? 0 : (lane.target * share * stepMs) / dayMs;
          const back = hourly ? lane.later[kind]! : 0;
          if (hourly) lane.later[kind] = 0;
          lane.waiting[kind] = silent ? 0 : Math.min(most, lane.waiting[kind]! + fresh + back);
        }
        const whole = lane.waiting.map(Math.floor);
        const parts = lane.waiting.map((waiting, kind) => waiting - whole[kind]!);
        for (const kind of whole.keys()) lane.waiting[kind] = whole[kind]!;
        step(lane, now);
        for (const kind of parts.keys()) lane.waiting[kind]! += parts[kind]!;
      }
    }
    book.passTime(midnight + dayMs);
    for (const { receiver } of lanes) receiver.endDay();
    const plans = lanes.flatMap(({ provider }) => book.account("source", source, provider)?.plan ?? []);
    const progress = progressOf(plans, Math.floor((midnight + dayMs) / dayMs));
    for (const plan of plans) {
      const what = `${plan.state}, level ${plan.level + 1} of ${plan.levels.length}: ${plan.because}`;
      if (said.get(plan.provider) !== what) events.push({ day, provider: plan.provider as ProviderKey, what });
      said.set(plan.provider, what);
    }
    days.push({
      day,
      warm: progress.warm,
      capacity: progress.capacity,
      providers: Object.fromEntries(
        lanes.map((lane) => {
          const plan = book.account("source", source, lane.provider)?.plan;
          const row = {
            state: plan?.state ?? "none",
            level: plan === undefined ? 0 : plan.level + 1,
            cap: plan === undefined ? 0 : (plan.levels[plan.level] ?? 0),
            ...lane.counts,
          };
          lane.counts = zero();
          return [lane.provider, row];
        }),
      ) as DayRow["providers"],
    });
  }
  return { scenario, seed, days, events, blockedBeforePause };
}

function zero(): Lane["counts"] {
  return { attempts: 0, delivered: 0, deferred: 0, blocked: 0, inbox: 0 };
}
