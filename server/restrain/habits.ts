/** What is remembered of how an account sends, small enough for one row: its days, its ways, its networks, and the last half hour. Pure. */
import { kmBetween } from "../net/far.ts";
import { counted, emptyWindow, lastDay, present, total, type Window } from "./window.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** "Lately": this quarter of an hour and the one before. */
const quarterMs = 15 * minuteMs;
const maxDays = 30;
/** As many as count (`score.ts`). */
const maxNetworks = 8;
/** One more than count. */
const maxCountries = 5;
const maxDomainChars = 60;
/** Nobody comes from one country to another faster than this, with all that it takes to fly. */
const maxKmPerHour = 1_000;
/** Nearer countries are no journey: a mobile network abroad, the office's way out. */
const minKm = 500;
/** It is known when somebody writes after so many messages, on so many days. */
const minTimed = 50;
const minTimedDays = 14;
/** An hour is unusual where of all messages so few came in it and in the two before and after it. */
const unusualShare = 0.01;

/** What is nothing is not said: the row is short. */
type Recent = {
  readonly recipients?: number;
  readonly strangers?: number;
  readonly forged?: number;
  readonly spam?: number;
  readonly elsewhere?: number;
  /** By a mail program. */
  readonly program?: true;
  /** Messages at an hour at which it does not write. */
  readonly unusual?: number;
  /** Two countries that it sent from, and the minutes between: too few for the way. */
  readonly way?: readonly [from: string, to: string, minutes: number];
  readonly listed?: string;
};
const nothing: Recent = {};

export type Habits = {
  /** Days since 1970 of the newest of `days`: recipients by day, the oldest first, today the last. */
  readonly day: number;
  readonly days: readonly number[];
  /** When it first sent by a mail program, by a page; 0: never. */
  readonly program: number;
  readonly page: number;
  /** With the minute since 1970. */
  readonly networks: readonly (readonly [network: string, minute: number])[];
  /** That it sent from, with the minutes of the first and the last time, the latest last; rows of before 2026-11-27 have none. */
  readonly countries?: readonly (readonly [code: string, first: number, last: number])[];
  /** Messages by the hour of the day (UTC), a digit for each, the older ones half; rows of before 2026-11-27 have none. */
  readonly hours?: string;
  /** Quarters of an hour since 1970 of the newer of `recent`. */
  readonly quarter: number;
  readonly recent: readonly [older: Recent, newer: Recent];
  readonly complaints: Window;
  /** When a script that forwards was made; 0: never. */
  readonly forwardsAt: number;
};

export const noHabits: Habits = {
  day: 0,
  days: [],
  program: 0,
  page: 0,
  networks: [],
  quarter: 0,
  recent: [nothing, nothing],
  complaints: emptyWindow(lastDay),
  forwardsAt: 0,
};

/** With what is over forgotten. */
function presentHabits(habits: Habits, now: number): Habits {
  const quarter = Math.floor(now / quarterMs);
  const gone = quarter - habits.quarter;
  const recent: Habits["recent"] =
    gone <= 0 ? habits.recent : gone === 1 ? [habits.recent[1], nothing] : [nothing, nothing];
  const day = Math.floor(now / dayMs);
  const missed = habits.day === 0 ? 1 : Math.max(0, Math.min(maxDays + 1, day - habits.day));
  const days = [...habits.days, ...Array.from({ length: missed }, () => 0)].slice(-maxDays - 1);
  return {
    ...habits,
    quarter: Math.max(quarter, habits.quarter),
    recent,
    day: Math.max(day, habits.day),
    days,
    networks: habits.networks.filter(([, minute]) => minute * minuteMs > now - dayMs),
    complaints: present(habits.complaints, lastDay, now),
  };
}

export type Happening =
  | {
      readonly kind: "sent";
      readonly recipients: number;
      readonly strangers: number;
      readonly program: boolean;
      /** Undefined: from here. */
      readonly network: string | undefined;
      /** Undefined: nobody knows. */
      readonly country: string | undefined;
      readonly elsewhere: boolean;
    }
  | { readonly kind: "forged" | "spam" | "complaint" | "forwards" }
  | { readonly kind: "listed-link"; readonly domain: string };

export function withHappening(before: Habits, what: Happening, now: number): Habits {
  const habits = presentHabits(before, now);
  const [older, newer] = habits.recent;
  const lately = (change: Partial<Recent>): Habits => ({ ...habits, recent: [older, { ...newer, ...change }] });
  switch (what.kind) {
    case "sent": {
      const { recipients, strangers, program, network, country, elsewhere } = what;
      const others = habits.networks.filter(([name]) => name !== network);
      const minute = Math.floor(now / minuteMs);
      const hour = new Date(now).getUTCHours();
      const way = country === undefined ? undefined : tooFast(habits.countries?.at(-1), country, minute);
      return {
        ...lately({
          recipients: (newer.recipients ?? 0) + recipients,
          ...(strangers === 0 ? {} : { strangers: (newer.strangers ?? 0) + strangers }),
          ...(elsewhere ? { elsewhere: (newer.elsewhere ?? 0) + 1 } : {}),
          ...(program ? { program } : {}),
          ...(isUnusual(habits, hour) ? { unusual: (newer.unusual ?? 0) + 1 } : {}),
          ...(way === undefined ? {} : { way }),
        }),
        hours: timed(habits.hours ?? noHours, hour),
        days: habits.days.with(-1, habits.days.at(-1)! + recipients),
        program: program && habits.program === 0 ? now : habits.program,
        page: !program && habits.page === 0 ? now : habits.page,
        networks: network === undefined ? habits.networks : [...others, [network, minute] as const].slice(-maxNetworks),
        ...(country === undefined ? {} : { countries: withCountry(habits.countries ?? [], country, minute) }),
      };
    }
    case "forged":
      return lately({ forged: (newer.forged ?? 0) + 1 });
    case "spam":
      return lately({ spam: (newer.spam ?? 0) + 1 });
    case "listed-link":
      return lately({ listed: what.domain.slice(0, maxDomainChars) });
    case "complaint":
      return { ...habits, complaints: counted(habits.complaints, lastDay, now, 1) };
    case "forwards":
      return { ...habits, forwardsAt: now };
    default:
      return what satisfies never;
  }
}

const noHours = "0".repeat(24);
/** Digits in base 36: what is counted of an hour is 35 at most. */
const digits = 36;
const countsOf = (hours: string): number[] => [...hours].map((digit) => Number.parseInt(digit, digits));
const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);

/** One more message in this hour. */
function timed(hours: string, hour: number): string {
  const counts = countsOf(hours);
  const kept = counts[hour]! < digits - 1 ? counts : counts.map((count) => count >> 1);
  return kept
    .with(hour, kept[hour]! + 1)
    .map((count) => count.toString(digits))
    .join("");
}

/** Whether it hardly ever writes at this hour of the day. */
function isUnusual({ hours = noHours, days }: Habits, hour: number): boolean {
  const counts = countsOf(hours);
  const all = sum(counts);
  if (all < minTimed || days.filter((recipients) => recipients > 0).length < minTimedDays) return false;
  const near = sum([-2, -1, 0, 1, 2].map((away) => counts[(hour + away + 24) % 24]!));
  return near <= all * unusualShare;
}

/** The way from where it last sent from, where nobody is so fast. */
function tooFast(
  last: NonNullable<Habits["countries"]>[number] | undefined,
  country: string,
  minute: number,
): Recent["way"] {
  const [from = country, , left = 0] = last ?? [];
  if (from === country || left === 0) return undefined;
  const km = kmBetween(from, country) ?? 0;
  const minutes = minute - left;
  return km > minKm && km > (maxKmPerHour * minutes) / 60 ? [from, country, minutes] : undefined;
}

function withCountry(
  known: NonNullable<Habits["countries"]>,
  country: string,
  minute: number,
): NonNullable<Habits["countries"]> {
  const [, first = minute] = known.find(([code]) => code === country) ?? [];
  return [...known.filter(([code]) => code !== country), [country, first, minute] as const].slice(-maxCountries);
}

/** After an administrator has let it go on: what was held against it is forgotten, its habits stay. */
export const forgiven = (habits: Habits): Habits => ({
  ...habits,
  recent: [nothing, nothing],
  complaints: emptyWindow(lastDay),
  networks: [],
  // Whichever it sent from are its own.
  ...(habits.countries === undefined ? {} : { countries: habits.countries.map(([code]) => [code, 0, 0] as const) }),
  forwardsAt: 0,
  // That it sends by a program is known from now on.
  program: habits.program === 0 ? 0 : 1,
});

export type Lately = {
  readonly recipients: number;
  readonly strangers: number;
  readonly forged: number;
  readonly spam: number;
  readonly answersElsewhere: number;
  readonly program: boolean;
  readonly listedLink: string | undefined;
  readonly firstProgram: boolean;
  readonly networks: number;
  readonly countries: readonly string[];
  readonly newCountry: string | undefined;
  readonly way: Recent["way"];
  readonly unusual: number;
  readonly complaints: number;
  readonly forwards: boolean;
  /** The days before today. */
  readonly days: readonly number[];
};

/** A week of pages alone makes a mail program new, a week elsewhere a country. */
const knownMs = 7 * dayMs;

export function latelyOf(habits: Habits, now: number): Lately {
  const { recent, networks, countries = [], complaints, forwardsAt, days, program, page } = presentHabits(habits, now);
  const dayAgo = (now - dayMs) / minuteMs;
  const isAtHome = countries.some(([, first]) => first <= (now - knownMs) / minuteMs);
  const [older, newer] = recent;
  const isLately = (older.program ?? newer.program) === true;
  const both = (of: (one: Recent) => number | undefined): number => (of(older) ?? 0) + (of(newer) ?? 0);
  return {
    recipients: both(({ recipients }) => recipients),
    strangers: both(({ strangers }) => strangers),
    forged: both(({ forged }) => forged),
    spam: both(({ spam }) => spam),
    answersElsewhere: both(({ elsewhere }) => elsewhere),
    program: isLately,
    listedLink: newer.listed ?? older.listed,
    firstProgram: isLately && page !== 0 && program > now - 2 * quarterMs && program - page > knownMs,
    networks: networks.length,
    countries: countries.flatMap(([code, , last]) => (last > dayAgo ? [code] : [])),
    newCountry: isAtHome ? countries.findLast(([, first]) => first > dayAgo)?.[0] : undefined,
    way: newer.way ?? older.way,
    unusual: both(({ unusual }) => unusual),
    complaints: total(complaints),
    forwards: forwardsAt > now - dayMs,
    days: days.slice(0, -1),
  };
}
