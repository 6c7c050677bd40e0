/** How fast and how wide a path may be used: a bound of messages per time, by the generic cell rate algorithm. Pure. */
import type { Path } from "./site.ts";

export type PathLimits = {
  readonly connections?: number | undefined;
  /** To all sites of the provider together, from one source. */
  readonly totalConnections?: number | undefined;
  readonly messagesPerConnection?: number | undefined;
  readonly recipientsPerMessage?: number | undefined;
  readonly perSecond?: number | undefined;
  readonly perMinute?: number | undefined;
  readonly perHour?: number | undefined;
  /** To one recipient domain, for paths that are one domain's (`Path.siteKey`). */
  readonly perDomainPerSecond?: number | undefined;
};

export type Shaper = {
  /** Asked for every connection and message of a path with a provider: from memory. */
  limits(path: Path): PathLimits;
  /** How far the hour of a path is used up, in ms, as it was noted last: over a restart too. */
  readonly hours?: { left(path: Path): number; note(path: Path, leftMs: number): void } | undefined;
};

/** Milliseconds at which the next message would be due if all went evenly, for each kind of rate. */
export type RateState = { second: number; minute: number; hour: number };
export const unpaced = (): RateState => ({ second: 0, minute: 0, hour: 0 });
/** The limits of one domain's share of a site, as limits of its own. */
export const ofDomain = ({ perDomainPerSecond }: PathLimits): PathLimits => ({ perSecond: perDomainPerSecond });

const kinds = [
  ["second", "perSecond", 1000],
  ["minute", "perMinute", 60_000],
  ["hour", "perHour", 3_600_000],
] as const;

/** Milliseconds until one more message may begin; 0: now. What one period holds may go at once. */
export function waitFor(state: RateState, limits: PathLimits, now: number): number {
  let wait = 0;
  for (const [kind, name, periodMs] of kinds) {
    const rate = limits[name];
    if (rate === undefined) continue;
    const interval = periodMs / rate;
    wait = Math.max(wait, state[kind] - now - Math.max(0, periodMs - interval));
  }
  return wait;
}

/** The rate that holds the next message up longest. */
export type Bound = {
  readonly messages: number;
  readonly per: keyof RateState;
  readonly waitMs: number;
  readonly everyMs: number;
};

/** Which rate lets no message begin now; undefined: one may. */
export function boundBy(state: RateState, limits: PathLimits, now: number): Bound | undefined {
  let longest: Bound | undefined;
  for (const [per, name, periodMs] of kinds) {
    const messages = limits[name];
    if (messages === undefined) continue;
    const waitMs = waitFor(state, { [name]: messages }, now);
    if (waitMs > (longest?.waitMs ?? 0)) longest = { messages, per, waitMs, everyMs: periodMs / messages };
  }
  return longest;
}

/** One message begins. */
export function pass(state: RateState, limits: PathLimits, now: number): void {
  for (const [kind, name, periodMs] of kinds) {
    const rate = limits[name];
    if (rate !== undefined) state[kind] = Math.max(state[kind], now) + periodMs / rate;
  }
}

/** One that began did not go: the next may have its place. */
export function giveBack(state: RateState, limits: PathLimits): void {
  for (const [kind, name, periodMs] of kinds) {
    const rate = limits[name];
    if (rate !== undefined) state[kind] -= periodMs / rate;
  }
}
