/**
 * The index of words: which emails of an account a word is in. It follows behind deliveries; `indexedUpTo` tells how far it
 * has come, and what is newer must be looked at by other means. Deleted emails may still be named: the caller's business.
 */

import type { DictionaryBlock } from "../../protocol/words/dictionary.ts";
import type { GramFilters, GramKind } from "../../protocol/words/grams.ts";
import type { Places } from "../../protocol/words/postings.ts";
import type { AskedWord } from "../../protocol/words/words.ts";
import type { AccountId, EmailId } from "./ids.ts";

/** All words of a group must be in one of its places; all groups must hold. */
export type WordGroup = { readonly words: readonly AskedWord[]; readonly places: Places };

export type WordsFound = {
  /** Ascending. */
  readonly emails: readonly EmailId[];
  /** How well each fits: rare words, and words in the subject, weigh more. */
  readonly scores: ArrayLike<number>;
  /** Emails up to this one are in the index. */
  readonly indexedUpTo: EmailId;
  /** A beginning stood for more words than are looked at: there may be more. */
  readonly cut: boolean;
};

export type IndexInput = {
  readonly messages: readonly { readonly email: EmailId; readonly bytes: Uint8Array }[];
  /** Where this began. */
  readonly after: EmailId;
  /** Where to go on: emails up to this one have been given, or are gone. */
  readonly upTo: EmailId;
  readonly more: boolean;
};

/** Some blocks of a segment (`protocol/words/dictionary.ts`), each named by its first word. */
export type WordRows = readonly DictionaryBlock[];

/** For exact search: emails with the filters of their grams (`protocol/words/grams.ts`). */
export type EmailGrams = readonly (readonly [email: EmailId, ...filters: GramFilters])[];

/** What a portion of mail brings to the index. */
export type WordsPortion = { readonly emails: number; readonly words: number; readonly grams: EmailGrams };

/** Filters of one kind and size of some emails, turned round (`protocol/words/gram-block.ts`). */
export type NextGrams = {
  /** From 1, one after the other. */
  readonly block: number;
  readonly kind: GramKind;
  readonly size: number;
  readonly upTo: EmailId;
  readonly emails: Uint8Array;
  readonly chunks: readonly Uint8Array[];
};

export type WordsSize = {
  readonly words: number;
  readonly indexBytes: number;
  /** Of the filters for exact search. */
  readonly gramBytes: number;
  readonly emails: number;
  readonly segments: number;
};

export interface WordsReader {
  /** Accounts with emails that are not in the index yet, and how many those may be. */
  wordsDue(limit: number): Promise<readonly { readonly account: AccountId; readonly waiting: number }[]>;
  /** The next emails after `after` (undefined: where the index ends), bounded in number and bytes. */
  wordsInput(account: AccountId, after: EmailId | undefined, max: number): Promise<IndexInput>;
  /** All emails with the words, and how well they fit. */
  findWords(account: AccountId, groups: readonly WordGroup[]): Promise<WordsFound>;
  /** The next block of filters; undefined while there are not emails enough for one. */
  nextGrams(account: AccountId): Promise<NextGrams | undefined>;
  wordsSize(account: AccountId): Promise<WordsSize>;
}

export interface WordsWriter {
  /** Some rows of a segment that nobody reads yet; answers its number: 0 begins one. */
  wordsLay(account: AccountId, segment: number, rows: WordRows): Promise<number>;
  /** From now on the segment is read: it holds what the index lacked up to `upTo`. A second indexer that came first wins. */
  wordsJoin(
    account: AccountId,
    segment: number,
    after: EmailId,
    upTo: EmailId,
    portion: WordsPortion,
  ): Promise<"done" | "late">;
  gramsLay(account: AccountId, next: NextGrams): Promise<"done" | "late">;
  /** One step: moves some words of small segments into a larger one, or drops some of what has moved. */
  wordsMerge(account: AccountId): Promise<"more" | "done">;
  /** Forgets the index of an account: it is made anew. */
  wordsForget(account: AccountId): Promise<void>;
}

export const wordsReads = ["wordsDue", "wordsSize"] as const satisfies readonly (keyof WordsReader)[];
/** Those that may take long: they stand in a line of their own. */
export const wordsQueries = ["wordsInput", "findWords", "nextGrams"] as const satisfies readonly (keyof WordsReader)[];
export const wordsWrites = [
  "wordsLay",
  "wordsJoin",
  "wordsMerge",
  "gramsLay",
  "wordsForget",
] as const satisfies readonly (keyof WordsWriter)[];
