/** Too much of what an account sends is refused for good: dead lists, guessed addresses, spam. Pure. */
import { counted, emptyWindow, lastHour, present, total, type Window } from "./window.ts";

export type BrakeSettings = {
  readonly failuresPerHour: number;
  readonly failurePercent: number;
  readonly failureMinAttempts: number;
};

/** What became of recipients in the last hour. */
export type Failures = { readonly tried: Window; readonly failed: Window };
export const noFailures: Failures = { tried: emptyWindow(lastHour), failed: emptyWindow(lastHour) };

export const withResults = (before: Failures, tried: number, failed: number, now: number): Failures => ({
  tried: counted(before.tried, lastHour, now, tried),
  failed: counted(before.failed, lastHour, now, failed),
});

export const failuresOf = (failures: Failures, now: number): { readonly tried: number; readonly failed: number } => ({
  tried: total(present(failures.tried, lastHour, now)),
  failed: total(present(failures.failed, lastHour, now)),
});

/** Why it is time to stop; undefined: it is not. `byCount`: so many failures alone are too many, whatever went well. */
export function brakeFor(
  failures: Failures,
  { failuresPerHour, failurePercent, failureMinAttempts }: BrakeSettings,
  byCount: boolean,
  now: number,
): string | undefined {
  const { tried, failed } = failuresOf(failures, now);
  const tooMany = byCount && failuresPerHour > 0 && failed >= failuresPerHour;
  const share =
    failurePercent > 0 && tried >= Math.max(1, failureMinAttempts) && failed * 100 >= tried * failurePercent;
  if (!tooMany && !share) return undefined;
  return `${failed} of ${tried} recipients in the last hour were refused for good`;
}
