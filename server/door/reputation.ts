/** What is thought of peers by what they brought: good and bad messages, halved every two weeks. */
import type { Instant } from "../store/store.ts";
import type { PeerBook } from "./peer-book.ts";

export type Record = { readonly good: number; readonly bad: number; readonly at: Instant };
/** "unknown": too little was seen. */
export type Standing = "good" | "bad" | "unknown";

const halfLifeMs = 14 * 24 * 60 * 60_000;
const keepMs = 90 * 24 * 60 * 60_000;
/** Messages before there is a standing. */
const enough = 5;

export function decayed(record: Record | undefined, now: Instant): Record {
  if (record === undefined) return { good: 0, bad: 0, at: now };
  const left = 2 ** (-Math.max(0, now - record.at) / halfLifeMs);
  return { good: record.good * left, bad: record.bad * left, at: now };
}

export function standingOf(record: Record): Standing {
  const { good, bad } = record;
  if (good + bad < enough) return "unknown";
  if (bad * 20 <= good) return "good";
  return bad > good ? "bad" : "unknown";
}

export class Reputation {
  readonly #book: PeerBook<Record>;
  readonly #now: () => Instant;

  constructor(book: PeerBook<Record>, now: () => Instant) {
    this.#book = book;
    this.#now = now;
  }

  standing(key: string): Standing {
    const record = this.#book.get(key);
    return record === undefined ? "unknown" : standingOf(decayed(record, this.#now()));
  }

  learn(keys: readonly string[], kind: "good" | "bad", weight = 1): void {
    const now = this.#now();
    for (const key of keys) {
      const { good, bad } = decayed(this.#book.get(key), now);
      const round = (value: number): number => Math.round(value * 100) / 100;
      this.#book.set(
        key,
        kind === "good"
          ? { good: round(good + weight), bad: round(bad), at: now }
          : { good: round(good), bad: round(bad + weight), at: now },
        now + keepMs,
      );
    }
  }
}
