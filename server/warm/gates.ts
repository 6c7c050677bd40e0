/**
 * What the receivers let us know, weighed: may a plan go up, must it stay, go back, or pause. Rates count by the lower end
 * of what the observations allow (Wilson), never by 1 of 3. What was not measured is said to be so and is no reason for anything.
 */
import { wilson } from "./wilson.ts";

export type GateLevel = "green" | "hold" | "back" | "pause";
export type GateSignal =
  | "deferrals"
  | "hard-bounces"
  | "block-bounces"
  | "complaints"
  | "spam-rate"
  | "traps"
  | "seeds"
  | "authentication"
  | "blocklist"
  | "engagement";

/** What was counted in the window looked at: today, and the last three sending days. */
export type Observed = {
  readonly attempts: number;
  readonly delivered: number;
  /** Replies of the classes rate and reputation; greylisting, full mailboxes, DNS and connections are none. */
  readonly rateDeferrals: number;
  /** Recipient or domain does not exist. */
  readonly hardBounces: number;
  /** 5xx for policy, spam or blocklists. */
  readonly blockBounces: number;
  /** Undefined: the provider has no feedback loop, or we are not in it. */
  readonly complaints?: number;
  /** As the provider's own postmaster page says, 0 to 1. */
  readonly spamRate?: number;
  /** Microsoft SNDS: its colour, and spam traps hit. */
  readonly snds?: { readonly colour: "green" | "yellow" | "red"; readonly traps: number };
  /** `poorRuns`: runs in a row that were poor (`isPoorRun`), this one included. */
  readonly seeds?: { readonly inbox: number; readonly seen: number; readonly poorRuns: number };
  /** Replies that say we are not authenticated, and failures of our own check. */
  readonly authFailures: number;
  /** Lists that name the address or the domain. */
  readonly listedOn: readonly string[];
  /** Mail that people opened or followed ÷ delivered, of late and in the week before. */
  readonly engagement?: { readonly rate: number; readonly usual: number; readonly of: number } | undefined;
};

export type GateReading = {
  readonly signal: GateSignal;
  /** Undefined: not measured. */
  readonly level: GateLevel | undefined;
  /** For a person: "12 of 400 (at least 1.7 %)". */
  readonly said: string;
};

type Thresholds = readonly [hold: number, back: number, pause: number];
type RateGate = {
  readonly signal: GateSignal;
  readonly minimum: number;
  readonly thresholds: Thresholds;
  readonly count: (seen: Observed) => readonly [hits: number | undefined, of: number];
};

const rateGates: readonly RateGate[] = [
  {
    signal: "deferrals",
    minimum: 50,
    thresholds: [0.05, 0.1, 0.3],
    count: (seen) => [seen.rateDeferrals, seen.attempts],
  },
  {
    signal: "hard-bounces",
    minimum: 100,
    thresholds: [0.02, 0.05, 0.1],
    count: (seen) => [seen.hardBounces, seen.attempts],
  },
  {
    signal: "block-bounces",
    minimum: 50,
    thresholds: [0.005, 0.02, 0.05],
    count: (seen) => [seen.blockBounces, seen.attempts],
  },
  {
    signal: "complaints",
    minimum: 1000,
    thresholds: [0.001, 0.002, 0.003],
    count: (seen) => [seen.complaints, seen.delivered],
  },
];
const spamRateThresholds: Thresholds = [0.001, 0.002, 0.003];
const minSeeds = 10;
/** Of fewer delivered nothing is said of how many people opened or followed. */
export const minEngaged = 500;

const order: readonly GateLevel[] = ["green", "hold", "back", "pause"];

/** One reading per signal, in a fixed order. */
export function readGates(seen: Observed): readonly GateReading[] {
  return [
    ...rateGates.map((gate) => readRate(gate, seen)),
    reading("spam-rate", seen.spamRate, (rate) => [levelOf(rate, spamRateThresholds), percent(rate)]),
    reading("traps", seen.snds, ({ colour, traps }) => [
      colour === "red" ? "pause" : colour === "yellow" ? "back" : traps > 0 ? "hold" : "green",
      `${colour}, ${traps} traps`,
    ]),
    reading("seeds", seen.seeds !== undefined && seen.seeds.seen >= minSeeds ? seen.seeds : undefined, readSeeds),
    reading("authentication", seen.authFailures, (count) => [count > 0 ? "pause" : "green", `${count} failures`]),
    reading("blocklist", seen.listedOn, (lists) => [
      lists.length > 0 ? "pause" : "green",
      lists.length > 0 ? `listed on ${lists.join(", ")}` : "not listed",
    ]),
    reading(
      "engagement",
      seen.engagement !== undefined && seen.engagement.of >= minEngaged && seen.engagement.usual > 0
        ? seen.engagement
        : undefined,
      ({ rate, usual, of }) => {
        // By the most that so few of them allow: a bad day of few is no fall.
        const [, most] = wilson(Math.round(rate * of), of);
        const change = most / usual - 1;
        return [
          change < -0.35 ? "back" : change < -0.15 ? "hold" : "green",
          `${percent(rate)} of ${of} opened or followed (at most ${percent(most)}), ${percent(usual)} in the week before`,
        ];
      },
    ),
  ];
}

/** The gravest of what was measured; green where nothing was. */
export function gravest(readings: readonly GateReading[]): GateLevel {
  let worst = 0;
  for (const { level } of readings) if (level !== undefined) worst = Math.max(worst, order.indexOf(level));
  return order[worst]!;
}

/** Gates measured ÷ gates there are: how much is known behind a green light. */
export function confidence(readings: readonly GateReading[]): number {
  return readings.filter(({ level }) => level !== undefined).length / readings.length;
}

function readRate({ signal, minimum, thresholds, count }: RateGate, seen: Observed): GateReading {
  const [hits, of] = count(seen);
  if (hits === undefined || of < minimum) return { signal, level: undefined, said: "not measured" };
  const [low] = wilson(hits, of);
  return { signal, level: levelOf(low, thresholds), said: `${hits} of ${of} (at least ${percent(low)})` };
}

function levelOf(rate: number, [hold, back, pause]: Thresholds): GateLevel {
  return rate >= pause ? "pause" : rate >= back ? "back" : rate >= hold ? "hold" : "green";
}

/**
 * Seeds only point a direction: a share counts by the most that so few of them allow. One run alone never pauses, and 2 of 10 in junk hold nothing up.
 */
function readSeeds({ inbox, seen, poorRuns }: NonNullable<Observed["seeds"]>): readonly [GateLevel, string] {
  const [, most] = wilson(inbox, seen);
  const level = most >= 0.9 ? "green" : most >= 0.8 ? "hold" : poorRuns < 2 ? "back" : "pause";
  return [level, `${inbox} of ${seen} in the inbox (at most ${percent(most)})`];
}

/** Fewer than 60 of 100 are in the inbox, however lucky the seeds were. */
export const isPoorRun = (inbox: number, seen: number): boolean => seen >= minSeeds && wilson(inbox, seen)[1] < 0.6;

function reading<T>(
  signal: GateSignal,
  value: T | undefined,
  read: (value: T) => readonly [GateLevel, string],
): GateReading {
  if (value === undefined) return { signal, level: undefined, said: "not measured" };
  const [level, said] = read(value);
  return { signal, level, said };
}

function percent(rate: number): string {
  return `${(rate * 100).toFixed(Math.abs(rate) < 0.01 ? 2 : 1)} %`;
}
