/**
 * How warm a source is, in a number that cannot lie: levels proven by green days, weighed by the planned volume, and beside it
 * what it can carry now. Steps are nearly doublings, so that the one without the other would tell a fine story.
 */
import type { Day, Plan } from "./plan.ts";

export type ProviderProgress = {
  readonly provider: string;
  readonly state: Plan["state"];
  /** Part of the planned volume that goes to this provider. */
  readonly share: number;
  readonly proven: number;
  readonly levels: number;
  /** Proven levels ÷ levels. */
  readonly step: number;
  /** Best green day of the last 30 ÷ planned volume, at most 1. */
  readonly capacity: number;
  readonly asserted: boolean;
};

export type Progress = {
  /** 0 to 1. */
  readonly warm: number;
  readonly capacity: number;
  readonly providers: readonly ProviderProgress[];
};

/** Providers with less of the volume than this do not keep a source from being done. */
const smallShare = 0.01;

export function progressOf(plans: readonly Plan[], today: Day): Progress {
  const total = plans.reduce((sum, { target }) => sum + target, 0);
  const providers = plans.map((plan): ProviderProgress => {
    const best = Math.max(0, ...plan.volumes.filter(({ day }) => day > today - 30).map(({ delivered }) => delivered));
    return {
      provider: plan.provider,
      state: plan.state,
      share: total === 0 ? 0 : plan.target / total,
      proven: plan.proven,
      levels: plan.levels.length,
      step: plan.proven / plan.levels.length,
      capacity: Math.min(1, best / plan.target),
      asserted: plan.asserted !== undefined,
    };
  });
  const weigh = (value: (one: ProviderProgress) => number): number =>
    providers.reduce((sum, one) => sum + one.share * value(one), 0);
  const done = providers.every((one) => one.share < smallShare || one.step === 1);
  const warm = weigh((one) => one.step);
  // Rounding must not say "done" where it is not, nor "not done" for a hundredth nobody sends to.
  return {
    warm: done && providers.length > 0 ? 1 : Math.min(warm, 0.999),
    capacity: weigh((one) => one.capacity),
    providers,
  };
}

/** Settings move the shares; evidence alone may move the number up. `shown` is the last number shown. */
export function afterSettings(shown: number, progress: Progress): number {
  return Math.min(shown, progress.warm);
}

/** Days until done, from the days that levels took so far; undefined where it is paused, silent, or nothing is known yet. */
export function daysLeft(
  plan: Plan,
  daysPerLevelSoFar: readonly number[],
): readonly [low: number, high: number] | undefined {
  if (plan.state === "warm") return [0, 0];
  if (plan.state !== "warming" || daysPerLevelSoFar.length === 0) return undefined;
  const recent = daysPerLevelSoFar.slice(-7).sort((one, other) => one - other);
  const at = (part: number): number => recent[Math.min(recent.length - 1, Math.floor(part * recent.length))]!;
  const left = plan.levels.length - plan.level - 1;
  const target = 3 - plan.greenDays;
  return [Math.ceil(left * at(0.25)) + Math.max(1, left === 0 ? target : 3), Math.ceil(left * at(0.75)) + 3];
}

/** "Step 9 of 16 · 56 % · can carry 13 % of the planned volume". */
export function describe(one: ProviderProgress): string {
  const said = `Step ${one.proven} of ${one.levels} · ${Math.floor(one.step * 100)} % · can carry ${Math.floor(one.capacity * 100)} % of the planned volume`;
  return one.asserted ? `${said} · asserted, not proven` : said;
}
