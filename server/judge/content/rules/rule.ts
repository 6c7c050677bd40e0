/** What a rule is: a question about a message, what the answer weighs, and a sentence for people. */
import type { Facts } from "./facts.ts";

export type Rule = {
  /** Stable: settings, headers and what was learned name it. */
  readonly name: string;
  /** In units of evidence (natural logarithm of odds): +1 makes spam 2.7 times as likely. Negative speaks for the message. */
  readonly weight: number;
  /** Why, in words a person understands. */
  readonly sentence: string;
  /** Whether it holds; a number between 0 and 1 (or above) says how much. */
  readonly holds: (facts: Facts) => boolean | number;
};

export type Hit = { readonly name: string; readonly weight: number; readonly sentence: string };

export const rule = (name: string, weight: number, sentence: string, holds: Rule["holds"]): Rule => ({
  name,
  weight,
  sentence,
  holds,
});

/** From the first phrase of a topic to the fourth, evidence grows ever more slowly. */
export const often = (count: number, from = 1): number =>
  count < from ? 0 : Math.min(1, Math.log2(count - from + 2) / 2);

/** What part of the whole; 0 of nothing. */
export const share = (part: number, whole: number): number => (whole <= 0 ? 0 : part / whole);
