/** Read again in good time, after this share of the time to live. */
const readAgainAt = 0.6;
/** A value known to have changed is read again sooner, but not for each change. */
const changedMs = 1_000;

/**
 * Values kept in memory for a short while in front of something slower. What is fresh is answered at once, without a promise;
 * what nears its end is read again in the background, so that under load nobody waits; nothing older than `ttlMs` is told.
 */
export class Remembered<K, V> {
  readonly #load: (key: K) => Promise<V>;
  readonly #ttlMs: number;
  readonly #maxEntries: number;
  readonly #now: () => number;
  readonly #entries = new Map<K, Entry<V>>();
  readonly #loading = new Map<K, Promise<V>>();
  #generation = 0;

  /** `now` is monotonic milliseconds. */
  constructor(
    settings: { readonly ttlMs: number; readonly maxEntries: number; readonly now: () => number },
    load: (key: K) => Promise<V>,
  ) {
    this.#load = load;
    this.#ttlMs = settings.ttlMs;
    this.#maxEntries = settings.maxEntries;
    this.#now = settings.now;
  }

  get(key: K): V | Promise<V> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return this.#read(key);
    const age = this.#now() - entry.at;
    if (age >= this.#ttlMs) return this.#read(key);
    if (age >= (entry.changed ? changedMs : this.#ttlMs * readAgainAt)) this.#read(key).catch(() => {});
    return entry.value;
  }

  /** What is kept has changed, where it `matters`, and may be told a little longer (at most `ttlMs` from when it was read). */
  changed(key: K, matters: (value: V) => boolean): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined && !entry.changed && matters(entry.value)) entry.changed = true;
  }

  /** Forgets all. What is being read now is told to who asked before, and not kept. */
  drop(): void {
    this.#generation++;
    this.#entries.clear();
    this.#loading.clear();
  }

  #read(key: K): Promise<V> {
    const running = this.#loading.get(key);
    if (running !== undefined) return running;
    const generation = this.#generation;
    const at = this.#now();
    const reading = this.#load(key).then(
      (value) => {
        if (generation === this.#generation) {
          this.#loading.delete(key);
          this.#keep(key, { value, at, changed: false });
        }
        return value;
      },
      (error: unknown) => {
        if (generation === this.#generation) this.#loading.delete(key);
        throw error;
      },
    );
    this.#loading.set(key, reading);
    return reading;
  }

  #keep(key: K, entry: Entry<V>): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxEntries) this.#entries.delete(this.#entries.keys().next().value as K);
    this.#entries.set(key, entry);
  }
}

type Entry<V> = { readonly value: V; readonly at: number; changed: boolean };
