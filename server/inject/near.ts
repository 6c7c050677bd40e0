/** Whether two emails say the same but for plain words (names, dates, numbers): then what is thought of one holds for the other. Pure. */

/** Characters that one text may have and the other not, on either side. */
export const maxPlainChars = 200;
/** Characters that must be alike after a difference, or all that is left. */
const anchorChars = 8;
/** Ends of words that one difference may have. */
const maxEnds = 12;
const strange = /[<>@\r\n]|:\/\/|\b(?:https?|data|javascript|mailto):|\bwww\.|[a-z]\.[a-z]{2}|GTUBE/i;

/** Nothing that could make spam of a letter: no markup, no address, no place on the web. */
export const isPlainText = (text: string): boolean => !strange.test(text);

/** The texts are alike but for plain words, at most `maxPlainChars` of them. A difference takes in the whole of the words that it is in. */
export function sameButForWords(known: string, text: string): boolean {
  let [i, j, more, less] = [0, 0, 0, 0];
  for (;;) {
    const least = j;
    while (i < known.length && j < text.length && known.charCodeAt(i) === text.charCodeAt(j)) {
      i++;
      j++;
    }
    if (i === known.length && j === text.length) return true;
    let back = 0;
    while (j - back > least && !isEnd(text.charCodeAt(j - back - 1))) back++;
    // What is put in between two words brings a blank along.
    while (j - back > least && text.charCodeAt(j - back - 1) === 32) back++;
    i -= back;
    j -= back;
    const next = meetAgain(known, i, text, j);
    if (next === undefined) return false;
    const [without, put] = [known.slice(i, next[0]), text.slice(j, next[1])];
    less += without.length;
    more += put.length;
    if (less > maxPlainChars || more > maxPlainChars || !isPlainText(without) || !isPlainText(put)) return false;
    [i, j] = next;
  }
}

/** Where both go on alike, after as few words as may be. */
function meetAgain(known: string, i: number, text: string, j: number): readonly [number, number] | undefined {
  const ends = endsOf(known, i);
  const others = endsOf(text, j);
  for (let sum = 0; sum < ends.length + others.length - 1; sum++)
    for (let at = Math.max(0, sum - others.length + 1); at <= sum && at < ends.length; at++) {
      const [one, other] = [ends[at]!, others[sum - at]!];
      if ((one > i || other > j) && alike(known, one, text, other)) return [one, other];
    }
  return undefined;
}

/** Where words end from `from` on, and that place itself. */
function endsOf(text: string, from: number): readonly number[] {
  const ends = [from];
  const last = Math.min(text.length, from + maxPlainChars);
  for (let at = from + 1; at <= last && ends.length <= maxEnds; at++)
    if (at === text.length || isEnd(text.charCodeAt(at))) ends.push(at);
  return ends;
}

function alike(known: string, i: number, text: string, j: number): boolean {
  const [left, right] = [known.length - i, text.length - j];
  if (left !== right && (left < anchorChars || right < anchorChars)) return false;
  for (let at = 0; at < anchorChars && at < left; at++)
    if (known.charCodeAt(i + at) !== text.charCodeAt(j + at)) return false;
  return true;
}

const endCodes = new Uint8Array(128);
for (const char of " \t\r\n<>\"'=/,;()?&#") endCodes[char.charCodeAt(0)] = 1;
const isEnd = (code: number): boolean => code < 128 && endCodes[code] === 1;
