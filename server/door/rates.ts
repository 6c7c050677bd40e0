/** Rates per key: leaky buckets in memory, bounded; a restart gives everybody a fresh one, which lasts a minute. */

type Bucket = { level: number; at: number };

export class Rates {
  readonly #max: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `now` is monotonic ms. */
  constructor(maxKeys: number, now: () => number) {
    this.#max = maxKeys;
    this.#now = now;
  }

  /** Takes one; false where there is none left: `perMinute` at once, and as many per minute. 0: no limit. */
  take(key: string, perMinute: number): boolean {
    if (perMinute === 0) return true;
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    const level = bucket === undefined ? 0 : Math.max(0, bucket.level - ((now - bucket.at) * perMinute) / 60_000);
    if (level + 1 > perMinute) return false;
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#max) this.#buckets.delete(this.#buckets.keys().next().value!);
    this.#buckets.set(key, { level: level + 1, at: now });
    return true;
  }
}
