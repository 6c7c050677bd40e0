/**
 * How tenants and their campaigns behave, by what receivers say of their mail: who sends to dead addresses or earns complaints is warned,
 * slowed, paused, and told why (thresholds after `docs/sending.md`). Counts are kept for a week, hour by hour; decisions are pure.
 */
import type { SendingRow } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";
import { wilson } from "../warm/wilson.ts";

export const conductKind = "conduct";
const hourMs = 3_600_000;
/** Hours kept; the last 24 are a day. */
const hours = 7 * 24;
/** Tenants and campaigns counted. */
export const maxCounted = 20_000;

export type Tally = {
  readonly sent: number;
  readonly hard: number;
  readonly delivered: number;
  readonly complaints: number;
  /** Messages that a person opened, and whose links one followed, as far as that is counted. */
  readonly opened: number;
  readonly clicked: number;
};
const counted = [
  "sent",
  "hard",
  "delivered",
  "complaints",
  "opened",
  "clicked",
] as const satisfies readonly (keyof Tally)[];
/** What an earlier version kept has no opens and clicks. */
type Hour = { hour: number } & { -readonly [name in keyof Tally]?: number };
/** What a tenant is judged by. */
type Facts = Omit<Tally, "opened" | "clicked">;
const noTally: Tally = { sent: 0, hard: 0, delivered: 0, complaints: 0, opened: 0, clicked: 0 };

/** What follows, the gravest first. */
export type Measure = "pause-all" | "pause-marketing" | "limit" | "warn" | "none";
export type Judged = { readonly measure: Measure; readonly why: string };

const minDay = 200;
const minWeek = 1000;
const minCampaign = 500;
const hardSteps = [
  [0.15, "pause-all"],
  [0.1, "pause-marketing"],
  [0.05, "limit"],
  [0.03, "warn"],
] as const satisfies readonly (readonly [number, Measure])[];
const complaintSteps = [
  [0.005, "pause-all"],
  [0.003, "pause-marketing"],
  [0.001, "warn"],
] as const satisfies readonly (readonly [number, Measure])[];
const order: readonly Measure[] = ["none", "warn", "limit", "pause-marketing", "pause-all"];

/** Rates count by the lower end of what the observations allow: a few of few stop nobody. */
export function judge(tally: Facts, minimum: number): Judged {
  let worst: Judged = { measure: "none", why: "" };
  for (const [name, hits, of, steps] of [
    ["addresses that do not exist", tally.hard, tally.sent, hardSteps],
    ["complaints", tally.complaints, tally.delivered, complaintSteps],
  ] as const) {
    if (of < minimum || hits <= 0) continue;
    const [low] = wilson(hits, of);
    const step = steps.find(([from]) => low >= from);
    if (step === undefined || order.indexOf(step[1]) <= order.indexOf(worst.measure)) continue;
    worst = { measure: step[1], why: `${hits} of ${of} were ${name} (at least ${(low * 100).toFixed(2)} %)` };
  }
  return worst;
}

/** Of a day where there is enough of it, else of the week. */
export function judgeTenant(day: Facts, week: Facts): Judged {
  const [one, other] = [judge(day, minDay), judge(week, minWeek)];
  return order.indexOf(one.measure) >= order.indexOf(other.measure) ? one : other;
}

export function judgeCampaign(all: Facts): Judged {
  return judge(all, minCampaign);
}

export class ConductBook {
  readonly #now: () => Instant;
  /** By "tenant:T" or "campaign:T/C". */
  readonly #counts = new Map<string, Hour[]>();
  readonly #changed = new Set<string>();

  constructor(now: () => Instant) {
    this.#now = now;
  }

  load(rows: readonly SendingRow[]): void {
    for (const { kind, name, value } of rows) if (kind === conductKind) this.#counts.set(name, value as Hour[]);
  }

  /** Rows that have changed since the last time. */
  keep(): readonly SendingRow[] {
    const rows = [...this.#changed].map((name) => ({ kind: conductKind, name, value: this.#counts.get(name) }));
    this.#changed.clear();
    return rows;
  }

  note(subject: string, change: Partial<Tally>): void {
    const hour = Math.floor(this.#now() / hourMs);
    let known = this.#counts.get(subject);
    if (known === undefined) {
      if (this.#counts.size >= maxCounted) {
        const oldest = this.#counts.keys().next().value!;
        this.#counts.delete(oldest);
        this.#changed.add(oldest);
      }
      known = [];
      this.#counts.set(subject, known);
    }
    let current = known.at(-1);
    if (current === undefined || current.hour < hour) {
      current = { hour };
      known.push(current);
      while (known[0]!.hour <= hour - hours) known.shift();
    }
    for (const name in change) {
      const what = name as keyof Tally;
      const more = change[what] ?? 0;
      if (more !== 0) current[what] = (current[what] ?? 0) + more;
    }
    this.#changed.add(subject);
  }

  /** Of the last `hoursBack` hours, but not of the last `butNot`. */
  tally(subject: string, hoursBack = hours, butNot = 0): Tally {
    const now = Math.floor(this.#now() / hourMs);
    const sum: { -readonly [name in keyof Tally]: number } = { ...noTally };
    for (const one of this.#counts.get(subject) ?? [])
      if (one.hour > now - hoursBack && one.hour <= now - butNot)
        for (const name of counted) sum[name] += one[name] ?? 0;
    return sum;
  }

  /** A person has looked at it: what was counted does not count again. */
  forget(subject: string): void {
    if (this.#counts.delete(subject)) this.#changed.add(subject);
  }
}
