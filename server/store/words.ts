/**
 * The index of words: which emails of an account a word is in. It follows behind deliveries; `indexedUpTo` tells how far it
 * has come, and what is newer must be looked at by other means. Deleted emails may still be named: the caller's business.
 */

import type { Places } from "../../protocol/words/postings.ts";
import type { AskedWord } from "../../protocol/words/words.ts";
import type { AccountId, EmailId } from "./store.ts";

/** All words of a group must be in one of its places; all groups must hold. */
export type WordGroup = { readonly words: readonly AskedWord[]; readonly places: Places };

export type WordsFound = {
  /** Ascending. */
  readonly emails: readonly EmailId[];
  /** How well each fits: rare words, and words in the subject, weigh more. Empty where nobody asked. */
  readonly scores: readonly number[];
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

/** Some words of a segment. */
export type WordRows = readonly (readonly [word: string, postings: Uint8Array])[];

export type WordsSize = {
  readonly words: number;
  readonly indexBytes: number;
  readonly emails: number;
  readonly segments: number;
};

export interface WordsReader {
  /** Accounts with emails that are not in the index yet, and how many those may be. */
  wordsDue(limit: number): Promise<readonly { readonly account: AccountId; readonly waiting: number }[]>;
  /** The next emails after `after` (undefined: where the index ends), bounded in number and bytes. */
  wordsInput(account: AccountId, after: EmailId | undefined, max: number): Promise<IndexInput>;
  /** `scored`: with scores, for a list in the order of what fits best. */
  findWords(account: AccountId, groups: readonly WordGroup[], scored: boolean): Promise<WordsFound>;
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
    emails: number,
  ): Promise<"done" | "late">;
  /** Moves some words of small segments into a larger one; undefined where nothing is to be done. */
  wordsMerge(account: AccountId): Promise<"more" | "done">;
  /** Forgets the index of an account: it is made anew. */
  wordsForget(account: AccountId): Promise<void>;
}

export const wordsReads = ["wordsDue", "wordsSize"] as const satisfies readonly (keyof WordsReader)[];
/** Those that may take long: they stand in a line of their own. */
export const wordsQueries = ["wordsInput", "findWords"] as const satisfies readonly (keyof WordsReader)[];
export const wordsWrites = [
  "wordsLay",
  "wordsJoin",
  "wordsMerge",
  "wordsForget",
] as const satisfies readonly (keyof WordsWriter)[];
