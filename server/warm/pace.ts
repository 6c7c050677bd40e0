/**
 * How a day's cap is spent: evenly over the hours in which mail is wanted, never all at midnight. A generic cell rate
 * algorithm with a bound per hour. The use of a day is a value that the caller keeps: after a restart no quota is given twice.
 */
import { type Day, dayMs, dayOf } from "./plan.ts";

export type DayUse = {
  readonly day: Day;
  readonly used: number;
  readonly hour: number;
  readonly usedInHour: number;
  /** When the next message would be due if all went evenly, in ms since 1970. */
  readonly theoretical: number;
};

export type PaceSettings = {
  /** Hours of a day over which the cap is spread. */
  readonly activeHours: number;
};
export const defaultPaceSettings: PaceSettings = { activeHours: 16 };

const hourMs = 3_600_000;
const burstShare = 48;
const hourShare = 12;
const urgentHourShare = 3;
const minPerHour = 5;

export const unused: DayUse = { day: 0, used: 0, hour: 0, usedInHour: 0, theoretical: 0 };

export type Taken = {
  readonly use: DayUse;
  /** Messages that may go now; 0 to what was asked. */
  readonly granted: number;
  /** Where fewer were granted than asked: no more before then. */
  readonly until: number;
};

/** Up to `wanted` messages of a day's `cap`, at `now` (ms since 1970). `urgent`: somebody waits for them, so that the pace is no reason to wait. */
export function take(
  use: DayUse,
  cap: number,
  wanted: number,
  now: number,
  settings = defaultPaceSettings,
  urgent = false,
): Taken {
  const day = dayOf(now);
  const hour = Math.floor(now / hourMs);
  const tomorrow = (day + 1) * dayMs;
  const used = use.day === day ? use.used : 0;
  const usedInHour = use.hour === hour ? use.usedInHour : 0;
  const ofDay = Math.max(0, cap - used);
  const hourly = Math.max(minPerHour, Math.floor(cap / (urgent ? urgentHourShare : hourShare)));
  const ofHour = Math.max(0, hourly - usedInHour);
  const interval = (settings.activeHours * hourMs) / Math.max(1, cap);
  const burst = Math.max(1, Math.floor(cap / burstShare));
  // What went ahead of the pace today is made up for, at today's pace: a cap that has grown since, or a new day, owes nothing for the one before.
  const theoretical = Math.min(Math.max(use.theoretical, now), now + used * interval);
  const ofPace = urgent ? cap : Math.max(0, Math.floor((now - theoretical) / interval + burst));
  const granted = Math.min(wanted, ofDay, ofHour, ofPace);
  const next: DayUse =
    granted === 0
      ? use
      : {
          day,
          used: used + granted,
          hour,
          usedInHour: usedInHour + granted,
          theoretical: theoretical + granted * interval,
        };
  return { use: next, granted, until: granted < wanted ? Math.min(tomorrow, nextChance()) : now };

  function nextChance(): number {
    if (ofDay <= granted) return tomorrow;
    if (ofHour <= granted) return (hour + 1) * hourMs;
    return Math.max(now + 1, Math.ceil(theoretical + (granted + 1 - burst) * interval));
  }
}

/** What the store knows to be used today of a cap, beyond what was noted before the power went: taken as used in this hour, for it may have been. */
export function caughtUp(use: DayUse, used: number, cap: number, now: number, settings = defaultPaceSettings): DayUse {
  const day = dayOf(now);
  const hour = Math.floor(now / hourMs);
  const missing = used - (use.day === day ? use.used : 0);
  if (missing <= 0) return use;
  const interval = (settings.activeHours * hourMs) / Math.max(1, cap);
  return {
    day,
    used,
    hour,
    usedInHour: (use.hour === hour ? use.usedInHour : 0) + missing,
    theoretical: Math.max(use.theoretical, now) + missing * interval,
  };
}

/** Gives back what was taken and could not be used: it never went out. */
export function giveBack(use: DayUse, count: number, cap: number, settings = defaultPaceSettings): DayUse {
  const interval = (settings.activeHours * hourMs) / Math.max(1, cap);
  return {
    ...use,
    used: Math.max(0, use.used - count),
    usedInHour: Math.max(0, use.usedInHour - count),
    theoretical: use.theoretical - count * interval,
  };
}

/**
 * Divides what one address may send today among its plans, in the order given: each gets its part by planned volume, what
 * one cannot use goes to those before the others. The sum never exceeds `total`, nor a part its cap.
 */
export function divide(
  total: number,
  plans: readonly { readonly cap: number; readonly planned: number }[],
): readonly number[] {
  const wanted = plans.reduce((sum, { cap }) => sum + cap, 0);
  if (wanted <= total) return plans.map(({ cap }) => cap);
  const planned = plans.reduce((sum, plan) => sum + (plan.cap > 0 ? plan.planned : 0), 0);
  const parts = plans.map((plan) =>
    Math.min(plan.cap, planned === 0 ? 0 : Math.floor((total * plan.planned) / planned)),
  );
  let left = total - parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part, index) => {
    const more = Math.min(left, plans[index]!.cap - part);
    left -= more;
    return part + more;
  });
}
