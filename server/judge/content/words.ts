/**
 * Text to words, as the filter reads it: lower case, tricks undone and counted. Words are hashes: nothing is kept of the
 * text itself, and no string is made per word.
 */
import { finish, seed, step } from "./hash.ts";

/** Words of one message that are looked at; of a longer text the beginning and the end. */
export const maxWords = 3000;
const maxWordChars = 28;

/** How a text is written, apart from what it says. */
export type Writing = {
  /** Hashes of the words in order. */
  readonly words: Uint32Array;
  /** Invisible characters within or between words. */
  readonly zeroWidth: number;
  /** Words that mix letters of Latin with look-alikes of Cyrillic or Greek. */
  readonly mixedWords: number;
  /** Letters of mathematical or full-width alphabets. */
  readonly fancy: number;
  /** Words with digits between letters. */
  readonly leet: number;
  /** Words in capitals of four letters or more. */
  readonly shouted: number;
  /** Single letters with blanks between them: "v i a g r a". */
  readonly spaced: number;
  /** Long words without sense: digits and letters in turn, or hardly a vowel. */
  readonly gibberish: number;
  readonly letters: number;
  readonly exclamations: number;
  readonly money: number;
  /** Letters per script. */
  readonly scripts: { readonly [name in Script]: number };
  readonly emoji: number;
};

export type Script = "latin" | "accented" | "cyrillic" | "greek" | "hebrew" | "arabic" | "thai" | "cjk" | "other";

/** Cyrillic, Greek and others that look like ASCII letters. */
export const lookAlikes = new Map<number, number>();
for (const [ascii, others] of Object.entries({
  a: "аαɑ",
  b: "Ьв",
  c: "сϲ",
  d: "ԁ",
  e: "еє",
  g: "ɡ",
  h: "һн",
  i: "іιı",
  j: "ј",
  k: "κк",
  l: "ӏ",
  m: "м",
  n: "ո",
  o: "оοօ",
  p: "рρ",
  q: "ԛ",
  r: "г",
  s: "ѕ",
  t: "тτ",
  u: "υս",
  v: "ν",
  w: "ԝω",
  x: "хχ",
  y: "уγү",
  z: "ᴢ",
}))
  for (const other of others) {
    lookAlikes.set(other.charCodeAt(0), ascii.charCodeAt(0));
    const upper = other.toUpperCase();
    if (upper.length === 1) lookAlikes.set(upper.charCodeAt(0), ascii.charCodeAt(0));
  }

/** Reads `text`; at most `limit` words. */
export function readWords(text: string, limit: number = maxWords): Writing {
  const fancy = /[\ufb00-\ufb06\uff01-\uff5e]|\ud835/.test(text)
    ? (text.match(/[\uff21-\uff5a]|\ud835/g)?.length ?? 0)
    : -1;
  // Only what is there pays: most mail is ASCII.
  return new Reader(limit, Math.max(0, fancy)).read(fancy < 0 ? text : text.normalize("NFKC"));
}

export function isZeroWidth(code: number): boolean {
  return (
    code === 0xad ||
    code === 0x34f ||
    code === 0x180e ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x2064) ||
    code === 0xfeff
  );
}

class Reader {
  readonly #words: Uint32Array;
  readonly #limit: number;
  #count = 0;
  #zeroWidth = 0;
  #mixedWords = 0;
  readonly #fancy: number;
  #leet = 0;
  #shouted = 0;
  #spaced = 0;
  #gibberish = 0;
  #letters = 0;
  #exclamations = 0;
  #money = 0;
  #emoji = 0;
  readonly #scripts = { latin: 0, accented: 0, cyrillic: 0, greek: 0, hebrew: 0, arabic: 0, thai: 0, cjk: 0, other: 0 };
  #singles = 0;

  constructor(limit: number, fancy: number) {
    this.#fancy = fancy;
    this.#limit = limit;
    this.#words = new Uint32Array(limit);
  }

  read(text: string): Writing {
    const length = text.length;
    let at = 0;
    // Of a very long text the words at its beginning: `limit` words lie within this many characters in any real language.
    const end = Math.min(length, this.#limit * 40);
    while (at < end && this.#count < this.#limit) {
      const code = text.charCodeAt(at);
      if (isWordCode(code)) {
        at = this.#word(text, at, end);
        // The address of a page is no words.
        if (text.charCodeAt(at) === 58 && text.startsWith("://", at)) at = blankAfter(text, at, end);
      } else {
        if (code === 33) this.#exclamations++;
        else if (code >= 128) at += this.#symbol(text, at, code);
        at++;
      }
    }
    const scripts = this.#scripts;
    return {
      words: this.#words.subarray(0, this.#count),
      zeroWidth: this.#zeroWidth,
      mixedWords: this.#mixedWords,
      fancy: this.#fancy,
      leet: this.#leet,
      shouted: this.#shouted,
      spaced: this.#spaced,
      gibberish: this.#gibberish,
      letters: this.#letters,
      exclamations: this.#exclamations,
      money: this.#money,
      scripts,
      emoji: this.#emoji,
    };
  }

  #push(hash: number): void {
    if (this.#count < this.#limit) this.#words[this.#count++] = finish(hash);
  }

  /** A character beyond ASCII that is no part of a word; answers how many more units it takes. */
  #symbol(text: string, at: number, code: number): number {
    if (isZeroWidth(code)) this.#zeroWidth++;
    else if (code === 0x20ac || code === 0xa3 || code === 0xa5) this.#money++;
    else if (code >= 0xd800 && code <= 0xdbff) {
      const low = text.charCodeAt(at + 1);
      if (code >= 0xd83c && code <= 0xd83e) {
        this.#emoji++;
        this.#push(step(step(seed ^ 0x656d6f, code), low));
      } else if (code >= 0xd840) {
        this.#scripts.cjk++;
      }
      return low >= 0xdc00 && low <= 0xdfff ? 1 : 0;
    } else if (code >= 0x2600 && code <= 0x27bf) {
      this.#emoji++;
      this.#push(step(seed ^ 0x656d6f, code));
    }
    return 0;
  }

  /** One word from `at`; answers where it ends. */
  #word(text: string, from: number, end: number): number {
    let hash = seed;
    let letters = 0;
    let capitals = 0;
    let digits = 0;
    let turns = 0;
    let lastDigit = false;
    let vowels = 0;
    let chars = 0;
    let alike = 0;
    let latin = 0;
    let foreign = 0;
    let money = false;
    let percent = false;
    let at = from;
    for (; at < end; at++) {
      let code = text.charCodeAt(at);
      if (code < 128) {
        if (code >= 65 && code <= 90) {
          capitals++;
          code |= 0x20;
        }
        if (code >= 97 && code <= 122) {
          letters++;
          latin++;
          if (code === 97 || code === 101 || code === 105 || code === 111 || code === 117 || code === 121) vowels++;
          if (lastDigit) turns++;
          lastDigit = false;
        } else if (code >= 48 && code <= 57) {
          digits++;
          if (!lastDigit && chars > 0) turns++;
          lastDigit = true;
          if (letters === 0) code = 35; // Numbers are their length.
        } else if (code === 36) money = true;
        else if (code === 37) percent = true;
        else if (
          code === 39 ||
          code === 45 ||
          code === 46 ||
          code === 95 ||
          code === 44 ||
          code === 64 ||
          code === 38
        ) {
          // Within a word only: "don't", "e-mail", "3.50", "a@b".
          const next = at + 1 < end ? text.charCodeAt(at + 1) : 32;
          if (chars === 0 || !isWordCode(next)) break;
          if ((code === 46 || code === 44 || code === 38) && !(next >= 48 && next <= 57) && !lastDigit) {
            if (code !== 46 || !isAsciiLetter(next)) break;
          }
          if (code === 45 && letters > 0) {
            // "word-word" is two words, as it is without the hyphen.
            break;
          }
        } else break;
      } else {
        if (isZeroWidth(code)) {
          this.#zeroWidth++;
          continue;
        }
        if (code === 0x2019) code = 39;
        const script = scriptOf(code);
        if (script === undefined) break;
        if (script === "cjk") {
          if (chars > 0) break;
          return this.#cjk(text, at, end);
        }
        letters++;
        if (script === "accented") {
          latin++;
          this.#scripts.accented++;
          code = lowerAccented(code);
          vowels++;
        } else {
          this.#scripts[script]++;
          foreign++;
          const ascii = lookAlikes.get(code);
          if (ascii !== undefined) alike++;
          if (code >= 0x410 && code <= 0x42f) code += 0x20;
        }
      }
      chars++;
      if (chars <= maxWordChars) hash = step(hash, code);
    }
    if (at === from) return from + 1;
    if (chars === 0) return at;
    this.#letters += letters;
    this.#scripts.latin += latin;
    if (money) this.#money++;
    if (alike > 0 && latin > 0 && foreign === alike) {
      this.#mixedWords++;
      hash = this.#folded(text, from, at);
    }
    if (letters >= 4 && capitals >= letters - 1 && latin === letters) this.#shouted++;
    if (letters > 1 && digits > 0 && turns >= 2 && chars <= 14 && letters > digits) this.#leet++;
    if (letters === 1 && chars === 1) {
      if (++this.#singles >= 4) this.#spaced++;
    } else this.#singles = 0;
    if (chars > maxWordChars) {
      if (turns >= 4 || (latin === letters && vowels * 6 < letters)) this.#gibberish++;
      hash = step(seed ^ 0x6c6f6e67, Math.min(6, chars >> 4));
    } else if (chars >= 9 && latin === letters && (turns >= 4 || (digits === 0 && vowels * 7 < letters)))
      this.#gibberish++;
    if (percent && digits > 0) this.#push(step(hash, 37));
    else this.#push(hash);
    return at;
  }

  /** The word with its look-alikes as the Latin letters that they pretend to be. */
  #folded(text: string, from: number, to: number): number {
    let hash = seed;
    for (let at = from; at < to; at++) {
      const code = text.charCodeAt(at);
      if (isZeroWidth(code)) continue;
      const ascii = lookAlikes.get(code) ?? code;
      hash = step(hash, ascii >= 65 && ascii <= 90 ? ascii | 0x20 : ascii);
    }
    return hash;
  }

  /** Writing without blanks: pairs of neighbours. */
  #cjk(text: string, from: number, end: number): number {
    let at = from;
    let last = 0;
    for (; at < end && this.#count < this.#limit; at++) {
      const code = text.charCodeAt(at);
      if (code < 128 || scriptOf(code) !== "cjk") break;
      this.#letters++;
      this.#scripts.cjk++;
      if (last !== 0) this.#push(step(step(seed, last), code));
      last = code;
    }
    if (at === from + 1) this.#push(step(seed, last));
    return at;
  }
}

function blankAfter(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && text.charCodeAt(at) > 32 && text.charCodeAt(at) !== 62) at++;
  return at;
}

function isAsciiLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 97 && lower <= 122;
}

function isWordCode(code: number): boolean {
  if (code < 128) return isAsciiLetter(code) || (code >= 48 && code <= 57) || code === 36;
  return !isZeroWidth(code) && scriptOf(code) !== undefined;
}

function scriptOf(code: number): Exclude<Script, "latin"> | undefined {
  if (code < 0xc0) return code === 0xaa || code === 0xba ? "accented" : undefined;
  if (code < 0x250) return code === 0xd7 || code === 0xf7 ? undefined : "accented";
  if (code < 0x300) return "other";
  if (code < 0x370) return "other";
  if (code < 0x400) return "greek";
  if (code < 0x530) return "cyrillic";
  if (code < 0x590) return "other";
  if (code < 0x600) return "hebrew";
  if (code < 0x780) return "arabic";
  if (code < 0xe00) return "other";
  if (code < 0xe80) return "thai";
  if (code < 0x1e00) return "other";
  if (code < 0x1f00) return "accented";
  if (code < 0x2000) return "greek";
  if (code < 0x3040) return undefined;
  if (code < 0xa000) return code >= 0x3200 && code < 0x3400 ? undefined : "cjk";
  if (code >= 0xac00 && code < 0xd7b0) return "cjk";
  if (code >= 0xf900 && code < 0xfb00) return "cjk";
  if (code >= 0xfb50 && code < 0xfe00) return "arabic";
  if (code >= 0xfe70 && code < 0xfeff) return "arabic";
  return undefined;
}

function lowerAccented(code: number): number {
  if (code >= 0xc0 && code <= 0xde) return code | 0x20;
  if (code >= 0x100 && code < 0x180) return code | 1;
  return code;
}
