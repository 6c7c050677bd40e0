/** What a scenario must show, each with the figure that was seen. */
import type { DayRow, Run } from "./run.ts";
import type { ProviderKey } from "./scenario.ts";

export type Pledge = { readonly says: string; readonly figure: string; readonly held: boolean };

const columns = ["attempts", "delivered", "deferred", "blocked", "inbox"] as const;
export type Totals = { readonly [column in (typeof columns)[number]]: number };

export function totals(days: readonly DayRow[], provider?: ProviderKey): Totals {
  const sum = { attempts: 0, delivered: 0, deferred: 0, blocked: 0, inbox: 0 };
  for (const day of days)
    for (const [name, row] of Object.entries(day.providers))
      if (provider === undefined || name === provider) for (const column of columns) sum[column] += row[column];
  return sum;
}

const percent = (part: number): string => `${(part * 100).toFixed(part < 0.1 ? 2 : 1)} %`;

/** The day (from 1) on which Gmail was warm for the first time, or undefined. */
export function warmDay(run: Run): number | undefined {
  const at = run.days.findIndex(({ providers }) => providers.gmail.state === "warm");
  return at < 0 ? undefined : at + 1;
}

const doneBy =
  (day: number) =>
  (run: Run): Pledge => {
    const warm = warmDay(run);
    return {
      says: `Gmail is warm by day ${day}`,
      figure: warm === undefined ? "never" : `day ${warm}`,
      held: warm !== undefined && warm <= day,
    };
  };

const fewDeferred = (run: Run): Pledge => {
  const { deferred, attempts } = totals(run.days);
  return { says: "less than 5 % are deferred", figure: percent(deferred / attempts), held: deferred / attempts < 0.05 };
};

const inboxOver =
  (least: number) =>
  (run: Run): Pledge => {
    const { inbox, delivered } = totals(run.days);
    return {
      says: `more than ${percent(least)} of what is accepted reaches the inbox`,
      figure: percent(inbox / delivered),
      held: inbox / delivered > least,
    };
  };

/** No scenario may break these. */
const always: readonly ((run: Run) => Pledge)[] = [
  (run) => {
    const over = run.days.flatMap(({ day, providers }) =>
      Object.entries(providers)
        .filter(([, row]) => row.state !== "warm" && row.state !== "none" && row.attempts > Math.max(row.cap * 2, 50))
        .map(([name]) => `${name} day ${day + 1}`),
    );
    return {
      says: "no day's volume is more than twice the level it ends at",
      figure: over.join(", ") || "none",
      held: over.length === 0,
    };
  },
  (run) => {
    const wrong = run.days.filter(
      ({ warm, providers }) => warm === 1 && Object.values(providers).some(({ state }) => state !== "warm"),
    );
    return {
      says: "100 % is said only when every provider is warm",
      figure: `${wrong.length} days otherwise`,
      held: wrong.length === 0,
    };
  },
];

type Comparison = (run: Run, others: ReadonlyMap<string, Run>) => Pledge | undefined;

const ofScenario: { readonly [name: string]: readonly Comparison[] } = {
  good: [doneBy(20), fewDeferred, inboxOver(0.95)],
  "no-warm-up": [
    (run, others) => {
      const good = others.get("good");
      if (good === undefined) return undefined;
      const week = (one: Run): number => totals(one.days.slice(0, 7)).delivered;
      const whole = (one: Run): number => totals(one.days).delivered;
      return {
        says: "without a warm-up at least five times less is accepted",
        figure: `${whole(run)} against ${whole(good)} in all, ${week(run)} against ${week(good)} in the first week`,
        held: whole(run) * 5 <= whole(good) && week(run) <= week(good) * 5,
      };
    },
    (run) => {
      const { blocked, deferred, attempts } = totals(run.days);
      const lost = (blocked + deferred) / attempts;
      return { says: "most of it is blocked or deferred", figure: percent(lost), held: lost > 0.5 };
    },
  ],
  mediocre: [doneBy(45), fewDeferred, inboxOver(0.9)],
  bad: [
    (run) => {
      const highest = Math.max(
        ...run.days.flatMap(({ providers }) => Object.values(providers).map(({ level }) => level)),
      );
      return { says: "a bought list never gets above level 2", figure: `level ${highest}`, held: highest <= 2 };
    },
    (run) => {
      const warm = Math.max(...run.days.map(({ warm }) => warm));
      return { says: "it is never said to be more than 5 % warm", figure: percent(warm), held: warm <= 0.05 };
    },
    (run) => {
      const { attempts } = totals(run.days);
      const planned = Object.values(run.scenario.targets).reduce((sum, target) => sum + target, 0) * run.days.length;
      return {
        says: "less than 1 % of what was planned is let out",
        figure: `${attempts} of ${planned}`,
        held: attempts < planned / 100,
      };
    },
  ],
  strict: [doneBy(45), fewDeferred, inboxOver(0.95)],
  block: [
    doneBy(35),
    (run) => ({
      says: "at most 100 messages go out after the first block",
      figure: `${run.blockedBeforePause}`,
      held: run.blockedBeforePause > 0 && run.blockedBeforePause <= 100,
    }),
    (run) => {
      const { incident } = run.scenario;
      const during = totals(run.days.slice(incident!.day, incident!.day + incident!.days), "gmail").attempts;
      const probed = run.events.some(({ provider, what }) => provider === "gmail" && what.includes("probe"));
      return {
        says: "while blocked only probes are sent",
        figure: `${during} messages in ${incident!.days} days, ${probed ? "probed" : "never probed"}`,
        held: probed && during <= 400,
      };
    },
  ],
  live: [
    doneBy(7),
    fewDeferred,
    (run) => ({
      says: "at most 100 messages go out after the first block",
      figure: `${run.blockedBeforePause}`,
      held: run.blockedBeforePause > 0 && run.blockedBeforePause <= 100,
    }),
  ],
  silence: [
    (run) => {
      const { silence } = run.scenario;
      const { warm, providers } = run.days[silence!.to - 1]!;
      const levels = Object.values(providers).map(({ level }) => level);
      return {
        says: "45 silent days lead back to the first level and 0 %",
        figure: `${percent(warm)}, levels ${levels.join(", ")}`,
        held: warm === 0 && levels.every((level) => level === 1),
      };
    },
    (run) => {
      const first = warmDay(run) ?? Number.POSITIVE_INFINITY;
      const from = run.scenario.silence!.to;
      const again = run.days.slice(from).findIndex(({ providers }) => providers.gmail.state === "warm");
      return {
        says: "the way back is shorter than the way up",
        figure: again < 0 ? "never" : `${again + 1} days against ${first}`,
        held: again >= 0 && again + 1 < first,
      };
    },
  ],
};

/** `others`: the runs of the same seed, for comparisons. */
export function promisesOf(run: Run, others: ReadonlyMap<string, Run>): readonly Pledge[] {
  const own = ofScenario[run.scenario.name] ?? [];
  return [
    ...own.flatMap((promise) => promise(run, others) ?? []),
    ...always.map((promise) => promise(run)),
    ...(run.pledges ?? []),
  ];
}
