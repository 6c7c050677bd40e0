/** How much one account may ask: a bucket that fills by itself. */
export type RateSettings = {
  readonly perSecond: number;
  readonly burst: number;
};

export type Taken = {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until the bucket is full, or, where nothing was allowed, until there is something in it. */
  readonly resetSeconds: number;
};

const maxBuckets = 20_000;

export class Rate {
  readonly #settings: RateSettings;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** `now` is monotonic milliseconds. */
  constructor(settings: RateSettings, now: () => number) {
    this.#settings = settings;
    this.#now = now;
  }

  take(key: string): Taken {
    const { perSecond, burst } = this.#settings;
    const now = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= maxBuckets) this.#forget(now);
      this.#buckets.set(key, (bucket = { tokens: burst, at: now }));
    }
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    const allowed = bucket.tokens >= 1;
    if (allowed) bucket.tokens--;
    const missing = allowed ? burst - bucket.tokens : 1 - bucket.tokens;
    return { allowed, remaining: Math.floor(bucket.tokens), resetSeconds: Math.ceil(missing / perSecond) };
  }

  /** Full buckets say nothing; where there are only others, the oldest half goes. */
  #forget(now: number): void {
    const { perSecond, burst } = this.#settings;
    for (const [key, { tokens, at }] of this.#buckets)
      if (tokens + ((now - at) * perSecond) / 1000 >= burst) this.#buckets.delete(key);
    if (this.#buckets.size < maxBuckets) return;
    for (const key of [...this.#buckets.keys()].slice(0, maxBuckets / 2)) this.#buckets.delete(key);
  }
}
