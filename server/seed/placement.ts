/** Where letters to seed mailboxes have come, summed up so that nobody takes a few of them for many. Pure. */
import type { Instant } from "../store/store.ts";
import { wilson } from "../warm/wilson.ts";
import type { Entry, Run } from "./run.ts";

/** Fewer say too little for a number. */
export const enoughSeeds = 10;
/** What is older says nothing of today. */
export const freshMs = 7 * 86_400_000;
const dayMs = 86_400_000;

export type Sum = {
  /** Of which it is known where they came: the five that follow together. */
  readonly seen: number;
  readonly inbox: number;
  /** In the inbox, behind a tab (Gmail's Promotions). */
  readonly tab: number;
  readonly junk: number;
  /** Filed into another folder. */
  readonly elsewhere: number;
  /** The receiver said 250, and after four hours it is nowhere. */
  readonly missing: number;
  /** Refused by the receiver: no placement at all. */
  readonly refused: number;
  /** On the way, or not to be found out. */
  readonly open: number;
  /** Share of what was seen that is in the inbox, tabs included; undefined: nothing was seen. */
  readonly share: number | undefined;
  /** Within which the true share lies, with 95 % (Wilson). */
  readonly low: number;
  readonly high: number;
  readonly enough: boolean;
  /** Between the receiver's 250 and the mailbox. */
  readonly latencyMs: number | undefined;
};

const places = ["inbox", "tab", "junk", "elsewhere", "missing"] as const;

export function sumOf(entries: readonly Entry[]): Sum {
  const count = (state: Entry["state"]): number => entries.filter((one) => one.state === state).length;
  const [inbox, tab, junk, elsewhere, missing] = places.map(count) as [number, number, number, number, number];
  const seen = inbox + tab + junk + elsewhere + missing;
  const refused = count("refused");
  const [low, high] = wilson(inbox + tab, seen);
  const waits = entries
    .flatMap(({ sentAt, arrivedAt }) =>
      sentAt === undefined || arrivedAt === undefined ? [] : [Math.max(0, arrivedAt - sentAt)],
    )
    .sort((one, other) => one - other);
  return {
    seen,
    inbox,
    tab,
    junk,
    elsewhere,
    missing,
    refused,
    open: entries.length - seen - refused,
    share: seen === 0 ? undefined : (inbox + tab) / seen,
    low,
    high,
    enough: seen >= enoughSeeds,
    latencyMs: waits[Math.floor(waits.length / 2)],
  };
}

export type ProviderPlacement = Sum & {
  readonly provider: string;
  /** By UTC day, the oldest first. */
  readonly days: readonly (Pick<Sum, "seen" | "share" | "low" | "high"> & { readonly day: string })[];
  /** The last seven days beside those before: only where their intervals have nothing in common. */
  readonly trend: "better" | "worse" | "same" | "unknown";
};

/** By provider: the last seven days, each day that is known, and which way it goes. */
export function placementsOf(runs: readonly Run[], now: Instant): readonly ProviderPlacement[] {
  const all = runs.flatMap(({ startedAt, entries }) => entries.map((entry) => ({ startedAt, entry })));
  const byProvider = Map.groupBy(all, ({ entry }) => entry.provider);
  return [...byProvider]
    .map(([provider, given]): ProviderPlacement => {
      const of = (from: Instant, to: Instant): Sum =>
        sumOf(given.filter(({ startedAt }) => startedAt > from && startedAt <= to).map(({ entry }) => entry));
      const week = of(now - freshMs, now);
      const byDay = Map.groupBy(given, ({ startedAt }) => Math.floor(startedAt / dayMs));
      return {
        provider,
        ...week,
        days: [...byDay]
          .sort(([one], [other]) => one - other)
          .map(([day, entries]) => {
            const { seen, share, low, high } = sumOf(entries.map(({ entry }) => entry));
            return { day: new Date(day * dayMs).toISOString().slice(0, 10), seen, share, low, high };
          }),
        trend: trendOf(of(0, now - freshMs), week),
      };
    })
    .sort((one, other) => (one.provider < other.provider ? -1 : 1));
}

function trendOf(before: Sum, now: Sum): ProviderPlacement["trend"] {
  if (!before.enough || !now.enough) return "unknown";
  return now.low > before.high ? "better" : now.high < before.low ? "worse" : "same";
}

/** "7 of 12 in the inbox (between 32 and 81 %), 5 in junk", with what keeps it from being a number. */
export function saidOf(sum: Sum): string {
  if (sum.seen === 0) return sum.open > 0 ? `${sum.open} on the way` : "not measured";
  const percent = (share: number): number => Math.round(share * 100);
  const others = [
    [sum.tab, "behind a tab"],
    [sum.junk, "in junk"],
    [sum.elsewhere, "in other folders"],
    [sum.missing, "missing"],
    [sum.refused, "refused"],
  ] as const;
  return [
    `${sum.inbox + sum.tab} of ${sum.seen} in the inbox (between ${percent(sum.low)} and ${percent(sum.high)} %)`,
    ...others.filter(([count]) => count > 0).map(([count, where]) => `${count} ${where}`),
    ...(sum.enough ? [] : [`fewer than ${enoughSeeds} seeds: too few for a number`]),
  ].join(", ");
}

export type Hint = {
  readonly provider: string;
  readonly hint: "look-in-junk" | "look-in-tab" | "none" | "unknown";
  /** For the program that asks. */
  readonly says: string;
  readonly sum: Sum;
};

/** Seeds that let somebody be asked to look elsewhere: a needless hint costs little. */
const hintSeeds = 3;
const hintShare = 0.3;

/** Whether people at a provider should be told to look beside their inbox: where mail like ours came lately, by a tenant's own seeds if there are enough. */
export function hintFor(provider: string, runs: readonly Run[], tenant: string, now: Instant): Hint {
  const lately = (those: readonly Run[]): Sum =>
    sumOf(
      those
        .filter(({ startedAt }) => startedAt > now - freshMs)
        .flatMap(({ entries }) => entries.filter((entry) => entry.provider === provider)),
    );
  const own = lately(runs.filter((run) => run.tenant === tenant));
  const sum = own.seen >= hintSeeds ? own : lately(runs);
  const { seen, junk, tab } = sum;
  if (seen < hintSeeds)
    return { provider, hint: "unknown", says: "Too few seeds have seen mail there in the last week.", sum };
  if (junk / seen >= hintShare)
    return {
      provider,
      hint: "look-in-junk",
      says: `${junk} of ${seen} seeds found it in junk: ask people to look there, press "not spam" and add the sender to their contacts.`,
      sum,
    };
  if (tab / seen >= 0.5)
    return { provider, hint: "look-in-tab", says: `${tab} of ${seen} seeds found it behind a tab of the inbox.`, sum };
  return { provider, hint: "none", says: saidOf(sum), sum };
}
