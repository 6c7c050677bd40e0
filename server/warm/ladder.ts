/**
 * The ladder of a warm-up: how many messages a day, level after level, until the planned volume. Pure numbers.
 * The growth law doubles small volumes and slows down as they grow; where it starts depends on the operator's nerve and on
 * how touchy the provider is. All figures are defaults that a plan may override.
 */

export type WarmupProfile = "careful" | "normal" | "fast";

/** Messages a day on the first level, for one source and one provider. */
const startOf: { readonly [profile in WarmupProfile]: number } = { careful: 50, normal: 100, fast: 200 };
/** Green sending days that a level takes. */
const daysOf: { readonly [profile in WarmupProfile]: number } = { careful: 2, normal: 1, fast: 1 };
/** Providers that are known to begin lower: part of the profile's start. */
const startShare: ReadonlyMap<string, number> = new Map([
  ["apple", 1 / 2],
  ["united-internet", 1 / 2],
  ["orange", 1 / 2],
  ["tencent", 1 / 4],
  ["netease", 1 / 4],
]);
/** All sites of no known provider together, on the first level. */
const startOfAllOthers = 200;

/** First level: messages a day from one source (IPv6: one /64) to `provider`. */
export function startCap(profile: WarmupProfile, provider: string): number {
  if (provider === "other") return startOfAllOthers;
  return Math.max(1, Math.round(startOf[profile] * (startShare.get(provider) ?? 1)));
}

export function daysPerLevel(profile: WarmupProfile): number {
  return daysOf[profile];
}

/** The level after one of `cap` messages a day. */
export function nextCap(cap: number): number {
  const factor = cap < 50_000 ? 2 : cap < 100_000 ? 1.5 : cap < 250_000 ? 1.2 : 1.1;
  return Math.max(cap + 1, Math.round(cap * factor));
}

/** All levels in messages a day, ascending; the last one is `target`. Both are whole numbers of at least 1. */
export function ladder(start: number, target: number): readonly number[] {
  const levels: number[] = [];
  for (let cap = start; cap < target; cap = nextCap(cap)) levels.push(cap);
  levels.push(target);
  return levels;
}

/**
 * What one address may send in a day to everybody together, by its sending days so far: protects it from the lists that all
 * providers share. The published stages of SparkPost's automatic warm-up.
 */
const addressStages: readonly number[] = [
  200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 50_000, 75_000, 100_000, 150_000, 200_000, 250_000, 325_000,
  400_000, 500_000, 600_000, 750_000, 1_000_000, 1_250_000, 1_750_000, 2_000_000, 3_000_000, 4_250_000, 5_000_000,
  6_000_000, 7_500_000, 10_000_000,
];

/** `sendingDays`: days on which the address has sent before today. Infinity once the table ends. */
export function addressCap(sendingDays: number): number {
  return addressStages[sendingDays] ?? Number.POSITIVE_INFINITY;
}
