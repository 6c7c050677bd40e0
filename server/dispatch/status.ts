/** How warm each source and domain is, what holds it up and what to do about it, for people and programs. Pure. */
import type { Override } from "../shape/overrides.ts";
import { codeOf } from "../shape/reply-code.ts";
import type { Shaping } from "../shape/shaping.ts";
import type { Instant } from "../store/store.ts";
import type { PlanAccount } from "../warm/account.ts";
import { confidenceOf } from "../warm/account.ts";
import { type WarmupBook, wholeSaid } from "../warm/book.ts";
import { dayMs, dayOf, type Plan } from "../warm/plan.ts";
import { daysLeft, progressOf } from "../warm/progress.ts";

export type ProviderStatus = {
  readonly provider: string;
  readonly title: string;
  readonly state: Plan["state"];
  /** Levels proven, and there are. */
  readonly step: number;
  readonly steps: number;
  /** Messages a day, level by level; the last is the target. */
  readonly levels: readonly number[];
  /** The one that it is at. */
  readonly level: number;
  /** What was delivered on green days of the last 30. */
  readonly days: readonly { readonly day: string; readonly delivered: number }[];
  readonly percent: number;
  /** Of the planned volume, as green days have shown. */
  readonly capacityPercent: number;
  readonly share: number;
  readonly today: { readonly cap: number; readonly used: number; readonly remaining: number };
  /** Why today's cap is less than the level's. */
  readonly bound: string | undefined;
  readonly target: number;
  readonly pausedUntil: Instant | undefined;
  readonly needsPerson: boolean;
  readonly asserted: boolean;
  readonly because: string;
  /** What to do, where a rule knows. */
  readonly advice: string | undefined;
  /** Days until it is warm, by the pace so far; undefined: nobody can tell. */
  readonly daysLeft: readonly [number, number] | undefined;
  /** Gates that were measured, of all. */
  readonly confidence: number;
  readonly gates: readonly { readonly signal: string; readonly level: string; readonly said: string }[];
  readonly throttles: readonly Throttle[];
};

export type WarmupStatus = {
  readonly scope: "source" | "domain";
  readonly subject: string;
  readonly percent: number;
  readonly capacityPercent: number;
  readonly providers: readonly ProviderStatus[];
  /** The whole in one sentence. */
  readonly summary: string;
};

export type Throttle = {
  readonly scope: string;
  readonly subject: string;
  readonly provider: string;
  readonly rule: string;
  readonly suspended: boolean;
  /** 1: as usual. */
  readonly slowedTo: number;
  readonly perSecond: number | undefined;
  readonly connections: number | undefined;
  readonly messagesPerConnection: number | undefined;
  readonly because: string;
  readonly hits: number;
  readonly since: Instant;
  readonly until: Instant;
  readonly advice: string | undefined;
};

export function throttlesOf(overrides: readonly Override[], shaping: Shaping): readonly Throttle[] {
  return overrides.map((one) => ({
    scope: one.scope,
    subject: one.subject,
    provider: one.provider,
    rule: one.rule,
    suspended: one.suspend,
    slowedTo: one.slow,
    perSecond: one.perSecond,
    connections: one.connections,
    messagesPerConnection: one.messagesPerConnection,
    because: one.sample,
    hits: one.hits,
    since: one.since,
    until: one.until,
    advice: shaping.rules.find(({ id }) => id === one.rule)?.fix,
  }));
}

/** Order of display: the providers' order in the shaping file. */
export function warmupStatus(
  book: WarmupBook,
  shaping: Shaping,
  throttles: readonly Throttle[],
  ceilings: ReadonlyMap<string, number>,
  now: Instant,
): readonly WarmupStatus[] {
  const ranks = new Map([...shaping.providers.keys()].map((key, index) => [key, index]));
  const rank = ({ plan }: PlanAccount): number => ranks.get(plan.provider) ?? ranks.size;
  const bySubject = Map.groupBy(book.accounts(), ({ plan }) => `${plan.scope} ${plan.subject}`);
  return [...bySubject].map(([key, accounts]): WarmupStatus => {
    const sorted = [...accounts].sort((one, other) => rank(one) - rank(other));
    const { scope, subject } = sorted[0]!.plan;
    const progress = progressOf(
      sorted.map(({ plan }) => plan),
      dayOf(now),
    );
    const percent = Math.floor(Math.min(progress.warm, ceilings.get(key) ?? 1) * 100);
    const providers = sorted.map((account, index): ProviderStatus => {
      const { plan, use } = account;
      const { proven, levels, step, capacity, share, asserted } = progress.providers[index]!;
      const { cap, whole } = book.capToday(account, 1, now);
      const used = use.day === dayOf(now) ? use.used : 0;
      const own = throttles.filter(
        (one) => one.provider === plan.provider && one.scope === plan.scope && one.subject === plan.subject,
      );
      const rule = /^rule ([a-z0-9-]+)/.exec(plan.because)?.[1];
      return {
        provider: plan.provider,
        title:
          shaping.providers.get(plan.provider)?.title ?? (plan.provider === "other" ? "Everybody else" : plan.provider),
        state: plan.state,
        step: proven,
        steps: levels,
        levels: plan.levels,
        level: plan.level,
        days: plan.volumes.map(({ day, delivered }) => ({
          day: new Date(day * dayMs).toISOString().slice(0, 10),
          delivered,
        })),
        percent: Math.floor(step * 100),
        capacityPercent: Math.floor(capacity * 100),
        share,
        today: { cap, used, remaining: Math.max(0, cap - used) },
        bound: whole === undefined ? undefined : wholeSaid(whole),
        target: plan.target,
        pausedUntil: plan.pausedUntil,
        needsPerson: plan.needsPerson,
        asserted,
        because: becauseSaid(plan.because),
        advice: own[0]?.advice ?? shaping.rules.find(({ id }) => id === rule)?.fix,
        daysLeft: daysLeft(plan, account.levelDays),
        confidence: confidenceOf(account),
        gates: account.readings.map(({ signal, level, said }) => ({ signal, level: level ?? "not measured", said })),
        throttles: own,
      };
    });
    const said = providers.map((one) => sentenceOf(one, now)).join(", ");
    return {
      scope,
      subject,
      percent,
      capacityPercent: Math.floor(progress.capacity * 100),
      providers,
      summary: `${percent} % warm; ${said}`,
    };
  });
}

/** "Gmail step 13 of 16", "Microsoft paused until 14:20 because of S3150". */
function sentenceOf(one: ProviderStatus, now: Instant): string {
  const suspended = one.throttles.find((throttle) => throttle.suspended);
  const where = `${one.title} step ${one.step} of ${one.steps}`;
  if (one.needsPerson) return `${where}, paused until a person resumes it (${one.because})`;
  if (one.state === "paused") {
    const until = `${one.title} paused until ${clock(one.pausedUntil ?? now, now)}`;
    // "paused by an administrator" is no cause but somebody's doing.
    return one.because.startsWith("paused by ")
      ? `${until} ${one.because.slice(7)}`
      : `${until} because of ${reason(one)}`;
  }
  if (suspended !== undefined)
    return `${one.title} paused until ${clock(suspended.until, now)} because of ${codeOf(suspended.because)}`;
  if (one.state === "probing") return `${where}, probing`;
  if (one.state === "warm") return `${one.title} warm`;
  return one.asserted ? `${where} (asserted warm, not proven)` : where;
}

function reason({ throttles, because }: ProviderStatus): string {
  const throttle = throttles[0];
  return throttle === undefined ? because.replace(/ \(rule [a-z0-9-]+\)$/, "") : codeOf(throttle.because);
}

/** What a rule did is told by the receiver's code first: "S3150 (rule microsoft-block-list)". */
const becauseSaid = (because: string): string => because.replace(/^rule ([a-z0-9-]+): (.+)$/, "$2 (rule $1)");

function clock(at: Instant, now: Instant): string {
  const text = new Date(at).toISOString();
  return at - now < 86_400_000 && text.slice(0, 10) === new Date(now).toISOString().slice(0, 10)
    ? `${text.slice(11, 16)} UTC`
    : `${text.slice(0, 10)} ${text.slice(11, 16)} UTC`;
}
