/**
 * When a message is tried again, when its sender is warned, and when it is given up. Pure.
 *
 * By default after 1, 5, 15 and 30 minutes, 1, 2 and then every 4 hours, each ± 20 %; a warning after 4 hours; given up
 * after 5 days (RFC 5321 §4.5.4.1), with a last attempt at that moment.
 */
import type { Instant } from "../store/store.ts";

export type Schedule = {
  /** Wait after the first, second, … attempt; the last one repeats. */
  readonly delaysMs: readonly number[];
  /** Each wait is longer or shorter by up to this share. */
  readonly jitter: number;
  /** How old a message is when its sender is told that it is late. */
  readonly warnAfterMs: number;
};

const minute = 60_000;
const hour = 60 * minute;
export const mailboxSchedule: Schedule = {
  delaysMs: [minute, 5 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 4 * hour],
  jitter: 0.2,
  warnAfterMs: 4 * hour,
};

export type Lifetime = {
  readonly createdAt: Instant;
  readonly notBefore: Instant;
  readonly expiresAt: Instant;
  /** Attempts made, the one just ended included. */
  readonly attempts: number;
};

/** No message needs more attempts than this to be given up. */
const enoughAttempts = 8;

/**
 * When to try again, or "expired". `atLeastMs` is a wait that the server (greylisting) or the site (back-off) asks for;
 * `random` is 0 ≤ r < 1.
 *
 * Time alone expires nothing: a clock that jumps by years, or a server that was down for a week, would return everything at
 * once. A message must also have had its fair number of attempts.
 */
export function nextAttempt(
  life: Lifetime,
  now: Instant,
  schedule: Schedule,
  random: number,
  atLeastMs = 0,
): Instant | "expired" {
  const fair = life.attempts >= fairAttempts(life, schedule);
  if (now >= life.expiresAt && fair) return "expired";
  const delay = delayAfter(life.attempts, schedule) * (1 + schedule.jitter * (2 * random - 1));
  const at = Math.round(now + Math.max(delay, atLeastMs));
  // The last attempt is at the end of its life, not up to four hours before.
  return fair && at > life.expiresAt ? life.expiresAt : at;
}

/** Whether the sender is now to be told that the message is late. */
export function warningDue(life: Lifetime, now: Instant, schedule: Schedule): boolean {
  return now - Math.max(life.createdAt, life.notBefore) >= schedule.warnAfterMs && life.attempts > 1;
}

function delayAfter(attempts: number, { delaysMs }: Schedule): number {
  return delaysMs[Math.min(Math.max(attempts, 1), delaysMs.length) - 1] ?? 4 * hour;
}

/** The attempts that the schedule fits into the first half of the message's life, bounded. */
function fairAttempts(life: Lifetime, schedule: Schedule): number {
  let left = (life.expiresAt - Math.max(life.createdAt, life.notBefore)) / 2;
  let attempts = 1;
  while (attempts < enoughAttempts) {
    left -= delayAfter(attempts, schedule);
    if (left < 0) break;
    attempts++;
  }
  return attempts;
}
