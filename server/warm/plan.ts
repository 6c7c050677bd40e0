/**
 * One warm-up: how much one source (or one sending domain) may send to one provider, and what becomes of that by evidence.
 * Values in, values out: the caller brings the time, the counts and the gates' verdict, and keeps the plan.
 *
 * `idle → warming(level) → … → warm`, with `paused → probing → warming` when receivers say no. A level is proven by green
 * sending days alone: time, settings and mail that was deferred or bounced never prove anything.
 */
import type { GateLevel } from "./gates.ts";
import { daysPerLevel, ladder, startCap, type WarmupProfile } from "./ladder.ts";

/** Whole days since 1970, UTC. */
export type Day = number;
type Instant = number;
export const dayMs = 86_400_000;
export function dayOf(at: Instant): Day {
  return Math.floor(at / dayMs);
}

export type PlanState = "idle" | "warming" | "paused" | "probing" | "warm";

export type Plan = {
  readonly scope: "source" | "domain";
  /** Name of the source, or the domain. */
  readonly subject: string;
  /** Key of the provider group. */
  readonly provider: string;
  readonly profile: WarmupProfile;
  /** Planned messages a day. */
  readonly target: number;
  /** Messages a day, level by level; the last one is the target. */
  readonly levels: readonly number[];
  readonly state: PlanState;
  /** The level now sent at: index into `levels`. */
  readonly level: number;
  /** Levels that green days have proven and nothing has taken back since. */
  readonly proven: number;
  /** Green days at this level. */
  readonly greenDays: number;
  readonly sendingDays: number;
  readonly lastSent: Day | undefined;
  /** Levels lost since then for silence. */
  readonly idleLost: number;
  /** Below this level a green day takes two steps: the way back after a month of silence. */
  readonly fastUntil: number;
  /** Days on which a pause began, of the last 90. */
  readonly pauses: readonly Day[];
  readonly pausedUntil: Instant | undefined;
  /** Paused too often: only a person resumes it. */
  readonly needsPerson: boolean;
  /** The day of the last step back or pause: no second one for the same evidence, and no step up. */
  readonly touchedOn: Day | undefined;
  /** The last day that a receiver's reply held at its level. */
  readonly heldOn: Day | undefined;
  /** The day of the last pause for the list itself (people who do not exist, people who complain); undefined: never. */
  readonly blamedOn?: Day;
  /** Delivered on green days of the last 30. */
  readonly volumes: readonly { readonly day: Day; readonly delivered: number }[];
  /** An operator says that it is warm already; shown as such, and never as proven. */
  readonly asserted: { readonly by: string; readonly at: Instant } | undefined;
  /** For a person: what happened last, and why. */
  readonly because: string;
};

/** Messages of a probe, at most. */
export const maxProbe = 50;
const probeTolerance = 0.2;
const pauseDays: readonly number[] = [1, 2, 4, 7];
/** With so many pauses in 30 days a person has to look. */
const maxPauses = 3;
/** Of a probe after a pause for the list: so many, and this part, say that the list is what it was. */
const minProbeHard = 3;
const probeHardShare = 0.05;
/** So long a domain answers for its list alone, and not the address that others share with it. */
const blamedDays = 14;
/** Green days that prove the last level. */
const daysAtTarget = 3;
/** A day counts for its level when so much of the cap was delivered. */
const dayShare = 0.8;
const rememberDays = 90;
const volumeDays = 30;
const guardDays = 7;

export function newPlan(made: Pick<Plan, "scope" | "subject" | "provider" | "profile" | "target">): Plan {
  return {
    ...made,
    levels: ladder(startCap(made.profile, made.provider), made.target),
    state: "idle",
    level: 0,
    proven: 0,
    greenDays: 0,
    sendingDays: 0,
    lastSent: undefined,
    idleLost: 0,
    fastUntil: 0,
    pauses: [],
    pausedUntil: undefined,
    needsPerson: false,
    touchedOn: undefined,
    heldOn: undefined,
    volumes: [],
    asserted: undefined,
    because: "new",
  };
}

/** Messages that may go today, all in all. */
export function capOf(plan: Plan): number {
  switch (plan.state) {
    case "paused":
      return 0;
    case "probing":
      return Math.min(maxProbe, plan.levels[plan.level]!);
    case "idle":
    case "warming":
      return plan.asserted === undefined ? plan.levels[plan.level]! : plan.target;
    case "warm":
      return guarded(plan);
    default:
      return plan.state satisfies never;
  }
}

/** A warm source that sent little of late does not jump either: twice the mean of its last days, or the planned volume while that is not more. */
function guarded(plan: Plan): number {
  const recent = plan.volumes.slice(-guardDays);
  if (recent.length === 0) return plan.target;
  const mean = recent.reduce((sum, { delivered }) => sum + delivered, 0) / recent.length;
  return Math.max(plan.levels[0]!, Math.round(2 * mean));
}

/** What time alone does: a pause ends in a probe, silence takes levels away. Never adds anything. */
export function tick(plan: Plan, at: Instant): Plan {
  const after = afterSilence(plan, dayOf(at));
  if (after.state === "paused" && !after.needsPerson && after.pausedUntil !== undefined && at >= after.pausedUntil)
    return { ...after, state: "probing", pausedUntil: undefined, because: "the pause is over" };
  return after;
}

function afterSilence(plan: Plan, today: Day): Plan {
  if (plan.lastSent === undefined || plan.state === "paused") return plan;
  const days = today - plan.lastSent;
  if (days <= 7) return plan;
  const because = `no mail for ${days} days`;
  if (days > 30) {
    if (plan.level === 0 && plan.proven === 0 && plan.state === "idle") {
      return days > 90 && plan.fastUntil > 0 ? { ...plan, fastUntil: 0, because } : plan;
    }
    const fastUntil = days > 90 ? 0 : Math.max(plan.fastUntil, plan.level + plan.idleLost);
    return { ...plan, state: "idle", level: 0, proven: 0, greenDays: 0, asserted: undefined, fastUntil, because };
  }
  const weeks = Math.ceil((days - 7) / 7);
  const lost = plan.scope === "domain" ? Math.ceil(weeks / 2) : weeks;
  if (lost <= plan.idleLost) return plan;
  const level = Math.max(0, plan.level - (lost - plan.idleLost));
  const lower = { ...plan, level, proven: Math.min(plan.proven, level), greenDays: 0, idleLost: lost, because };
  return plan.state === "warm" ? { ...lower, state: "warming" } : lower;
}

/** What the gates said in the middle of a day, or at its end. */
export function react(plan: Plan, gate: GateLevel, because: string, at: Instant): Plan {
  if (plan.state === "paused" || plan.state === "probing") return plan;
  const today = dayOf(at);
  switch (gate) {
    case "green":
    case "hold":
      return plan;
    case "back": {
      if (plan.touchedOn === today) return plan;
      return lowered(plan, Math.max(0, plan.level - 1), { state: "warming", touchedOn: today, because });
    }
    case "pause":
      return pause(plan, because, at);
    default:
      return gate satisfies never;
  }
}

/** No step up today: a receiver said so in a reply. */
export function hold(plan: Plan, because: string, at: Instant): Plan {
  return plan.heldOn === dayOf(at) ? plan : { ...plan, heldOn: dayOf(at), because };
}

/** Stops sending for a day, then two, four, seven. */
export function pause(plan: Plan, because: string, at: Instant): Plan {
  const today = dayOf(at);
  const before = plan.pauses.filter((day) => day > today - rememberDays);
  const pauses = [...before, today];
  const length = pauseDays[Math.min(before.length, pauseDays.length - 1)]!;
  const recent = pauses.filter((day) => day > today - 30).length;
  return lowered(plan, Math.max(0, plan.level - 2), {
    state: "paused",
    pauses,
    pausedUntil: at + length * dayMs,
    needsPerson: recent >= maxPauses,
    touchedOn: today,
    because,
  });
}

/** A pause for the list itself. */
export function pauseForList(plan: Plan, because: string, at: Instant): Plan {
  return { ...pause(plan, because, at), blamedOn: dayOf(at) };
}

/** What goes wrong with it is its own list's doing. */
export function isBlamed({ blamedOn }: Plan, at: Instant): boolean {
  return blamedOn !== undefined && dayOf(at) - blamedOn < blamedDays;
}

function lowered(plan: Plan, level: number, change: Partial<Plan>): Plan {
  return { ...plan, ...change, level, proven: Math.min(plan.proven, level), greenDays: 0, asserted: undefined };
}

/** What became of the probe so far: goes on, or the plan that follows. `bad`: deferred and blocked among `attempts`; `hard`: nobody there. */
export function probed(plan: Plan, attempts: number, bad: number, at: Instant, hard = 0): Plan {
  if (plan.state !== "probing") return plan;
  const size = capOf(plan);
  // The same list again: another pause, and the third one is a person's matter.
  if (isBlamed(plan, at) && hard >= minProbeHard && hard >= size * probeHardShare)
    return pauseForList(plan, `the probe failed: ${hard} of ${attempts} do not exist`, at);
  if (bad > size * probeTolerance)
    return {
      ...plan,
      state: "paused",
      pausedUntil: at + dayMs,
      touchedOn: dayOf(at),
      because: `the probe failed: ${bad} of ${attempts} were refused`,
    };
  if (attempts < size) return plan;
  return { ...plan, state: "warming", because: "the probe went well" };
}

/** A person looked into it. */
export function resume(plan: Plan): Plan {
  if (plan.state !== "paused") return plan;
  return {
    ...plan,
    state: "probing",
    needsPerson: false,
    pausedUntil: undefined,
    because: "resumed by a person",
  };
}

/** An operator asserts that it is warm: the cap is the target at once, the progress is what is proven. */
export function assertWarm(plan: Plan, by: string, at: Instant): Plan {
  if (plan.state === "warm") return plan;
  return {
    ...plan,
    state: "warming",
    asserted: { by, at },
    pausedUntil: undefined,
    needsPerson: false,
    because: `${by} says that it is warm`,
  };
}

export type ClosedDay = {
  readonly day: Day;
  readonly attempts: number;
  readonly delivered: number;
  /** Of these, of domains that were stopped for their lists. */
  readonly unproven?: number;
  /** The gravest that the gates said of the day. */
  readonly gate: GateLevel;
  /** More was sent than the cap: nothing is learnt from it. */
  readonly tainted: boolean;
};

/** The end of a day on which something was attempted. */
export function closeDay(plan: Plan, closed: ClosedDay): Plan {
  if (closed.attempts === 0) return plan;
  const sent: Plan = {
    ...plan,
    state: plan.state === "idle" ? "warming" : plan.state,
    sendingDays: plan.sendingDays + 1,
    lastSent: closed.day,
    idleLost: 0,
    volumes: plan.volumes.filter(({ day }) => day > closed.day - volumeDays),
  };
  const green =
    closed.gate === "green" && !closed.tainted && plan.touchedOn !== closed.day && plan.heldOn !== closed.day;
  if (!green || closed.delivered === 0) return sent;
  // What a source does not answer for, it wins nothing by: most of the day has to be other mail.
  const proven = 2 * (closed.unproven ?? 0) <= closed.delivered;
  const proving = sent.state === "warming" && proven && closed.delivered >= dayShare * plan.levels[plan.level]!;
  const counted: Plan = {
    ...sent,
    volumes: [...sent.volumes, { day: closed.day, delivered: closed.delivered }],
  };
  return proving ? stepUp(counted) : counted;
}

function stepUp(plan: Plan): Plan {
  const last = plan.levels.length - 1;
  const greenDays = plan.greenDays + 1;
  if (plan.asserted !== undefined) return plan;
  if (plan.level === last) {
    if (greenDays < daysAtTarget) return { ...plan, greenDays };
    return { ...plan, state: "warm", greenDays, proven: last + 1, because: "green at the planned volume" };
  }
  if (greenDays < daysPerLevel(plan.profile)) return { ...plan, greenDays };
  const step = plan.level + 2 <= plan.fastUntil ? 2 : 1;
  const level = Math.min(last, plan.level + step);
  return { ...plan, level, greenDays: 0, proven: Math.max(plan.proven, plan.level + 1), because: "a green day" };
}

/** Another planned volume. What is proven is never more than before, in part of the way. */
export function retarget(plan: Plan, target: number, profile: WarmupProfile = plan.profile): Plan {
  if (target === plan.target && profile === plan.profile) return plan;
  const levels = ladder(startCap(profile, plan.provider), target);
  const known = plan.proven === 0 ? 0 : plan.levels[plan.proven - 1]!;
  const covered = levels.filter((cap) => cap <= known).length;
  const proven = Math.min(covered, Math.floor((plan.proven / plan.levels.length) * levels.length));
  const level = Math.max(0, levels.filter((cap) => cap <= plan.levels[plan.level]!).length - 1);
  return {
    ...plan,
    target,
    profile,
    levels,
    proven: Math.min(proven, level),
    level,
    greenDays: 0,
    state: plan.state === "warm" ? "warming" : plan.state,
    because: `planned volume is now ${target} a day`,
  };
}
