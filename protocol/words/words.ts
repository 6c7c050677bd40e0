/**
 * The words of a text as the search index knows them: folded, without accents, letters and digits only. Scripts that do not
 * part their words (Chinese, Japanese, Thai…) give pairs of neighbouring characters instead, so that every run is found.
 */
import { foldText } from "../mime/fold.ts";

/** Longer words are cut: what follows is no language. */
export const maxWordChars = 32;
/** Runs longer than this are codes and base64, not words: they are left out. */
const maxRunChars = 80;

const runs = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu;
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー]/u;
const unspacedRuns =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{M}ー]+/gu;
const accents = /[\u0300-\u036f]/g;
const ascii = /^[\x00-\x7f]*$/;

/** Without case and accents: how words are compared. */
export const foldWords = (text: string): string =>
  ascii.test(text) ? text.toLowerCase() : foldText(text).normalize("NFD").replace(accents, "").normalize("NFC");

/** Calls `take` with every word, in order, repeated ones too; it answers false to end. */
export function eachWord(text: string, take: (word: string) => boolean): void {
  if (ascii.test(text)) {
    eachAsciiRun(text.toLowerCase(), take);
    return;
  }
  const folded = foldWords(text);
  for (const [run] of folded.matchAll(runs)) {
    if (!unspaced.test(run)) {
      if (!takeRun(run, take)) return;
      continue;
    }
    let at = 0;
    for (const found of run.matchAll(unspacedRuns)) {
      if (found.index > at && !takeRun(run.slice(at, found.index), take)) return;
      for (const pair of pairsOf(found[0])) if (!take(pair)) return;
      at = found.index + found[0].length;
    }
    if (at < run.length && !takeRun(run.slice(at), take)) return;
  }
}

/** The same as the expressions find, for nearly all text there is, without an object for each word. */
function eachAsciiRun(text: string, take: (word: string) => boolean): void {
  for (let at = 0, from = 0; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : 0;
    if ((code >= 97 && code <= 122) || (code >= 48 && code <= 57)) continue;
    if (at > from && !takeRun(text.slice(from, at), take)) return;
    from = at + 1;
  }
}

function takeRun(run: string, take: (word: string) => boolean): boolean {
  return run.length > maxRunChars || take(run.length > maxWordChars ? run.slice(0, maxWordChars) : run);
}

/** "東京都" → 東京, 京都, 都: the last one alone, so that each character begins a word. */
function* pairsOf(run: string): Generator<string> {
  const characters = [...run];
  for (let at = 0; at < characters.length; at++)
    yield at + 1 < characters.length ? characters[at]! + characters[at + 1]! : characters[at]!;
}

export type AskedWord = {
  readonly word: string;
  /** What begins so is meant too. */
  readonly prefix: boolean;
};

/** Words that one question may have; more are left out. */
export const maxAskedWords = 32;

/** The words of what a person typed: all of them must be there, the last letters of each may be missing. */
export function askedWords(text: string): readonly AskedWord[] {
  const asked = new Map<string, AskedWord>();
  const put = (word: string, prefix: boolean): boolean => {
    if (!asked.has(word)) asked.set(word, { word, prefix });
    return asked.size < maxAskedWords;
  };
  eachWord(text, (word) => {
    const isPair = unspaced.test(word) && [...word].length === 2;
    return put(word, !isPair);
  });
  const all = [...asked.values()];
  // Of a run "東京都" the last character alone is the beginning of what follows it in the text: it says nothing more.
  return all.length > 1 ? all.filter(({ word }) => !(unspaced.test(word) && [...word].length === 1)) : all;
}
