/** The tokens of a script: RFC 5228 §8.1. */
import { ScriptError } from "./mistake.ts";

export type Token =
  | { readonly kind: "word" | "tag"; readonly text: string; readonly at: number }
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "string"; readonly text: string; readonly at: number }
  | { readonly kind: "mark"; readonly text: Mark; readonly at: number }
  | { readonly kind: "end"; readonly at: number };
export type Mark = "[" | "]" | "(" | ")" | "{" | "}" | "," | ";";

const marks: ReadonlySet<string> = new Set("[](){},;");
const factors: { readonly [letter: string]: number } = { k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/** Reads one token after another; throws a `ScriptError` where there is none. */
export class Lexer {
  readonly #source: string;
  #position = 0;

  constructor(source: string) {
    this.#source = source;
    // A byte order mark is not white space, but editors write it.
    if (source.charCodeAt(0) === 0xfeff) this.#position = 1;
    const nul = source.indexOf("\0");
    if (nul >= 0) throw new ScriptError(nul, "a NUL character is not allowed in a script");
  }

  next(): Token {
    this.#skipBlanks();
    const source = this.#source;
    const at = this.#position;
    if (at >= source.length) return { kind: "end", at };
    const char = source[at]!;
    if (marks.has(char)) {
      this.#position++;
      return { kind: "mark", text: char as Mark, at };
    }
    if (char === '"') return this.#quoted(at);
    if (char === ":") {
      const name = this.#word(at + 1);
      if (name === "") throw new ScriptError(at, "the name of a tagged argument was expected after the colon");
      this.#position = at + 1 + name.length;
      return { kind: "tag", text: name.toLowerCase(), at };
    }
    if (char >= "0" && char <= "9") return this.#number(at);
    const word = this.#word(at);
    if (word === "") throw new ScriptError(at, `${describeChar(char)} is not expected here`);
    this.#position = at + word.length;
    if (word.toLowerCase() === "text" && source[this.#position] === ":") return this.#multiline(at);
    return { kind: "word", text: word, at };
  }

  #skipBlanks(): void {
    const source = this.#source;
    for (;;) {
      const char = source.charCodeAt(this.#position);
      if (char === 32 || char === 9 || char === 13 || char === 10) this.#position++;
      else if (char === 35) {
        const end = source.indexOf("\n", this.#position);
        this.#position = end < 0 ? source.length : end + 1;
      } else if (char === 47 && source.charCodeAt(this.#position + 1) === 42) {
        const end = source.indexOf("*/", this.#position + 2);
        if (end < 0) throw new ScriptError(this.#position, "this comment has no end: */ was expected");
        this.#position = end + 2;
      } else return;
    }
  }

  #word(at: number): string {
    const source = this.#source;
    let end = at;
    while (end < source.length && isWordChar(source.charCodeAt(end), end > at)) end++;
    return source.slice(at, end);
  }

  #number(at: number): Token {
    const digits = /\d+/y;
    digits.lastIndex = at;
    const text = digits.exec(this.#source)![0];
    let value = Number(text);
    this.#position = at + text.length;
    const factor = factors[this.#source[this.#position]?.toLowerCase() ?? ""];
    if (factor !== undefined) {
      value *= factor;
      this.#position++;
    }
    if (isWordChar(this.#source.charCodeAt(this.#position), true))
      throw new ScriptError(this.#position, "a number may end with K, M or G and nothing else");
    if (!Number.isSafeInteger(value)) throw new ScriptError(at, "this number is too large");
    return { kind: "number", value, at };
  }

  /** RFC 5228 §2.4.2: a backslash makes the next character itself. */
  #quoted(at: number): Token {
    const source = this.#source;
    let text = "";
    let from = at + 1;
    for (let i = from; i < source.length; i++) {
      const code = source.charCodeAt(i);
      if (code === 34) {
        this.#position = i + 1;
        return { kind: "string", text: text + source.slice(from, i), at };
      }
      if (code === 92) {
        text += source.slice(from, i);
        from = ++i;
      }
    }
    throw new ScriptError(at, 'this string has no end: a closing " was expected');
  }

  /** `text:` up to a line that is a single dot; doubled dots at the start of a line are undone. */
  #multiline(at: number): Token {
    const source = this.#source;
    const opening = /:[ \t]*(?:#[^\n]*|\r)?\n/y;
    opening.lastIndex = this.#position;
    const opened = opening.exec(source);
    if (opened === null) throw new ScriptError(this.#position + 1, "the end of the line was expected after text:");
    let text = "";
    let line = opening.lastIndex;
    while (line < source.length) {
      const newline = source.indexOf("\n", line);
      const end = newline < 0 ? source.length : newline + 1;
      const whole = source.slice(line, end);
      if (/^\.\r?\n?$/.test(whole)) {
        this.#position = end;
        return { kind: "string", text, at };
      }
      text += whole.startsWith("..") ? whole.slice(1) : whole;
      line = end;
    }
    throw new ScriptError(at, "this text: has no end: a line with a single dot was expected");
  }
}

function isWordChar(code: number, inside: boolean): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || (inside && code >= 48 && code <= 57)
  );
}

function describeChar(char: string): string {
  return /^[!-~]$/.test(char)
    ? `"${char}"`
    : `the character U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A token in words, for messages. */
export function describe(token: Token): string {
  switch (token.kind) {
    case "end":
      return "the end of the script";
    case "tag":
      return `:${token.text}`;
    case "number":
      return `the number ${token.value}`;
    case "string":
      return "a string";
    default:
      return `"${token.text}"`;
  }
}
