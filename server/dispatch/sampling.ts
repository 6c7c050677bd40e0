/**
 * The first addresses of a campaign are a sample: the others wait until it is known what became of most of them, and where too many do not exist the
 * campaign is stopped before it harms anybody. A list that was bought, or is years old, shows itself so.
 */
import type { Instant } from "../store/store.ts";

export type SamplingSettings = {
  /** Addresses of a campaign that go before the others; 0: all go at once. */
  readonly sampleSize: number;
  /** Percent of them that may not exist. */
  readonly sampleHardPercent: number;
};

/** What is known of a campaign. */
export type Sample = {
  /** Of which it is known whether they exist, … */
  readonly known: number;
  /** … and which do not. */
  readonly hard: number;
  /** Let go so far. */
  readonly released: number;
  /** Since when as many are let go as may be. */
  readonly fullSince: Instant | undefined;
};
export type Sampled =
  | { readonly kind: "open" }
  | { readonly kind: "sample"; readonly room: number }
  | { readonly kind: "wait"; readonly because: string }
  | { readonly kind: "stop"; readonly why: string };

/** Of the sample so much must be known before the others go; some are put off for hours. */
const knownShare = 0.8;
/** Nobody waits longer for the rest: thresholds of the tenant hold besides. */
export const patienceMs = 3_600_000;
const fewest = 50;
const open: Sampled = { kind: "open" };

export function sampled(
  { known, hard, released, fullSince }: Sample,
  { sampleSize, sampleHardPercent }: SamplingSettings,
  now: Instant,
): Sampled {
  if (sampleSize === 0) return open;
  const bad: Sampled = {
    kind: "stop",
    why: `${hard} of the first ${known} addresses do not exist, and ${sampleHardPercent} % may not: clean the list before it is sent to the others`,
  };
  if (hard * 100 > sampleHardPercent * sampleSize && known <= sampleSize) return bad;
  const isLate = fullSince !== undefined && now - fullSince >= patienceMs;
  if (known >= knownShare * sampleSize || (isLate && known >= fewest))
    return hard * 100 > sampleHardPercent * known && known <= sampleSize ? bad : open;
  if (isLate) return open;
  const room = sampleSize - Math.max(released, known);
  if (room > 0) return { kind: "sample", room };
  return {
    kind: "wait",
    because: `the first ${sampleSize} addresses of the campaign are a sample, and of ${known} of them it is known whether they exist`,
  };
}

export type SamplingAsk = {
  readonly settings: SamplingSettings;
  /** Of the campaign "tenant/name". */
  readonly tally: (campaign: string) => { readonly delivered: number; readonly hard: number };
  readonly stop: (campaign: string, why: string) => void;
  readonly now: () => Instant;
};

/** Campaigns that are looked at. */
const maxCampaigns = 20_000;

export class Sampling {
  readonly #ask: SamplingAsk;
  /** Those whose sample is under way: what was let go, and since when all of it is. */
  readonly #samples = new Map<string, { released: number; fullSince: Instant | undefined }>();
  /** Those that are not looked at any more. */
  readonly #over = new Set<string>();

  constructor(ask: SamplingAsk) {
    this.#ask = ask;
  }

  /** Campaigns that were stopped for their sample: whoever lets one go on means it. */
  restore(stopped: readonly string[]): void {
    for (const name of stopped) this.#end(name);
  }

  look(campaign: string): Sampled {
    const { settings, tally, stop, now } = this.#ask;
    if (settings.sampleSize === 0 || this.#over.has(campaign)) return open;
    const sample = this.#samples.get(campaign) ?? { released: 0, fullSince: undefined };
    const { delivered, hard } = tally(campaign);
    const found = sampled({ known: delivered + hard, hard, ...sample }, settings, now());
    if (found.kind === "open" || found.kind === "stop") this.#end(campaign);
    if (found.kind === "stop") stop(campaign, found.why);
    return found;
  }

  /** So many of the campaign go now; below 0: they do not after all. */
  released(campaign: string, count: number): void {
    const { settings, now } = this.#ask;
    if (settings.sampleSize === 0 || this.#over.has(campaign)) return;
    let sample = this.#samples.get(campaign);
    if (sample === undefined) {
      if (this.#samples.size >= maxCampaigns) this.#samples.delete(this.#samples.keys().next().value!);
      sample = { released: 0, fullSince: undefined };
      this.#samples.set(campaign, sample);
    }
    sample.released = Math.max(0, sample.released + count);
    sample.fullSince = sample.released < settings.sampleSize ? undefined : (sample.fullSince ?? now());
  }

  #end(campaign: string): void {
    this.#samples.delete(campaign);
    if (this.#over.size >= maxCampaigns) this.#over.delete(this.#over.values().next().value!);
    this.#over.add(campaign);
  }
}
