/** Times that people choose: for sending later, and for seeing something again. */
import type { Key } from "../words.ts";

export type Moment = { readonly key: Extract<Key, `moment.${string}`>; readonly at: number };

const hour = 3_600_000;

function on(day: Date, hours: number): number {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), hours).getTime();
}
const plus = (day: Date, days: number): Date => new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);

/** Those that lie ahead, soonest first. */
export function momentsFrom(now: number): readonly Moment[] {
  const today = new Date(now);
  const untilMonday = (8 - today.getDay()) % 7 || 7;
  const untilSaturday = (6 - today.getDay() + 7) % 7 || 7;
  const all: readonly Moment[] = [
    { key: "moment.hour", at: now + hour },
    { key: "moment.evening", at: on(today, 18) },
    { key: "moment.tomorrow", at: on(plus(today, 1), 8) },
    { key: "moment.weekend", at: on(plus(today, untilSaturday), 9) },
    { key: "moment.week", at: on(plus(today, untilMonday), 8) },
  ];
  return all.filter(({ at }) => at > now + 5 * 60_000).sort((a, b) => a.at - b.at);
}

/** As <input type="datetime-local"> has it: in the reader's zone, to the minute. */
export function localInput(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
