/** What is counted by the hour, wherever the counts are kept: in a book that outlives the process, all that is bounded by the hour stays bounded. */
const hourMs = 3_600_000;
/** Counts that are held at a time; the ones unchanged for longest go first. */
export const maxHourCounts = 100_000;

export type HourCount = { readonly hour: number; readonly count: number };
/** Keys with an end; see `door/peer-book.ts`. */
export type HourBook = {
  get(key: string): HourCount | undefined;
  set(key: string, count: HourCount, expiresAt: number): void;
};

export class HourCounts {
  readonly #now: () => number;
  readonly #book: HourBook;

  /** `now` is ms since 1970. Without a book of its own the counts end with the process. */
  constructor(now: () => number, book: HourBook = new Map()) {
    this.#now = now;
    this.#book = book;
  }

  /** How often it has been counted in this hour of the clock. */
  of(key: string): number {
    const found = this.#book.get(key);
    return found?.hour === this.#hour() ? found.count : 0;
  }

  add(key: string): void {
    const hour = this.#hour();
    this.#book.set(key, { hour, count: this.of(key) + 1 }, (hour + 1) * hourMs);
  }

  #hour(): number {
    return Math.floor(this.#now() / hourMs);
  }
}
