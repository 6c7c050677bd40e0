/**
 * Counted rows by kind, domain and day: what reports are made of, and what received ones said. A kind is a word of its user ("dmarc-seen").
 * A part of `Store`.
 */

export type TallyKey = {
  readonly kind: string;
  readonly domain: string; // lower-case A-label
  /** Days since 1970, UTC. */
  readonly day: number;
};

/** `row` is plain JSON text, the same for what is to be counted together. */
export type Tally = TallyKey & { readonly row: string; readonly count: number };

export type TallyDay = TallyKey & {
  /** What the latest tally said of the whole day: plain JSON text. */
  readonly about: string;
  readonly rows: number;
  /** Sum of all counts, those included that found no room. */
  readonly count: number;
};

/** Different rows of one kind, domain and day; more are counted in `TallyDay.count` alone. */
export const maxTallyRows = 10_000;
/** Days (of all domains) of one kind that are kept; when there are more, new ones are not begun. */
export const maxTallyDays = 200_000;
export const maxTallyRowChars = 16_384;

export interface TallyReader {
  /** Days of a kind, oldest first; of one domain where it is given, from and to inclusive. */
  tallyDays(
    kind: string,
    filter: { readonly domain?: string; readonly from?: number; readonly to?: number; readonly limit: number },
  ): Promise<readonly TallyDay[]>;
  /** Rows of a day, the most frequent first. */
  tallyRows(key: TallyKey, limit: number): Promise<readonly Pick<Tally, "row" | "count">[]>;
}

export interface TallyWriter {
  /** Counts; `about` is remembered for the day. With `once`, a text that was given before for the same kind and domain makes it do nothing: "known". */
  tally(
    tallies: readonly (Tally & { readonly about: string })[],
    once?: TallyKey & { readonly id: string },
  ): Promise<"done" | "known">;
  dropTally(key: TallyKey): Promise<void>;
  /** Forgets all before this day. */
  forgetTallies(kind: string, before: number): Promise<void>;
}
