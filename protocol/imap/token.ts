/**
 * The words of RFC 9051 §9, read from one command. Every reader answers undefined where the text is something else, and notes why in
 * `refusal`; nothing is read twice and nothing calls itself without a bound.
 */

import type { ResultRange } from "./command.ts";
import { decodeUtf8, readMailboxName } from "./mailbox-name.ts";
import type { CommandInput } from "./reader.ts";
import { parseSet, type SequenceSet } from "./set.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

// RFC 9051 §9: ATOM-CHAR, ASTRING-CHAR, list-char.
const atom = /[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+/y;
const astringAtom = /[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const listAtom = /[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const setText = /[0-9:,*$]+/y;
const digits = /[0-9]+/y;
const word = /[A-Za-z0-9.+-]+/y;
const marker = /\{\d+\+?\}/y;
const quotedEnd = /["\\\0\r\n]/g;

/** RFC 9051 §9 `number`: 32 bits without sign. */
const maxNumber = 0xffff_ffff;

export class Cursor {
  readonly text: string;
  readonly #literals: CommandInput["literals"];
  #literal = 0;
  at = 0;
  /** RFC 6855, RFC 9051: the client has enabled UTF-8. */
  readonly utf8: boolean;
  /** Why the command is refused: the first reason counts. */
  refusal: { readonly status: "BAD" | "NO"; readonly text: string } | undefined;
  /** The result was to be saved: RFC 5182. */
  saves = false;

  constructor(input: CommandInput, at: number, utf8: boolean) {
    this.text = input.text;
    this.#literals = input.literals;
    this.at = at;
    this.utf8 = utf8;
  }

  fail(text: string, status: "BAD" | "NO" = "BAD"): undefined {
    this.refusal ??= { status, text };
    return undefined;
  }

  /** Nothing is left. Clients that end a line with a space are forgiven. */
  get done(): boolean {
    let at = this.at;
    while (this.text.charCodeAt(at) === SPACE) at++;
    return at >= this.text.length;
  }

  /** The next character, NaN at the end. */
  get next(): number {
    return this.text.charCodeAt(this.at);
  }

  /** Takes one character if it is next. */
  take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  /** Takes exactly this, or refuses the command. */
  expect(character: string): boolean {
    if (this.take(character)) return true;
    this.fail(character === " " ? "Missing argument" : `Expected ${character}`);
    return false;
  }

  space(): boolean {
    return this.expect(" ");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found[0];
  }

  atom(): string | undefined {
    return this.#match(atom) ?? this.fail("Expected an atom");
  }

  /** A keyword of the grammar, in capitals: letters, digits, "." "+" "-". */
  word(): string | undefined {
    return this.#match(word)?.toUpperCase() ?? this.fail("Expected a word");
  }

  /** The keyword that is next, without taking it. */
  peekWord(): string | undefined {
    word.lastIndex = this.at;
    return word.exec(this.text)?.[0].toUpperCase();
  }

  number(): number | undefined {
    const text = this.#match(digits);
    if (text === undefined) return this.fail("Expected a number");
    const value = Number(text);
    return text.length > 10 || value > maxNumber ? this.fail("Number is too large") : value;
  }

  nzNumber(): number | undefined {
    const value = this.number();
    return value === 0 ? this.fail("Zero is not allowed here") : value;
  }

  /** A mod-sequence, size or other number of up to 63 bits; what a double cannot hold becomes the largest it can. */
  number63(): number | undefined {
    const text = this.#match(digits);
    if (text === undefined) return this.fail("Expected a number");
    if (text.length > 19 || (text.length === 19 && text > "9223372036854775807"))
      return this.fail("Number is too large");
    return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  }

  /** A sequence set; `plain` is one without "*" and "$". */
  set(plain = false): SequenceSet | undefined {
    const text = this.#match(setText);
    return (text === undefined ? undefined : parseSet(text, plain)) ?? this.fail("Invalid sequence set");
  }

  /** RFC 9394 §3.1 `partial-range`: "1:100", or "-1:-100" from the last one backwards; either end may come first. */
  resultRange(): ResultRange | undefined {
    const fromEnd = this.take("-");
    const one = this.nzNumber();
    if (one === undefined || !this.expect(":") || (fromEnd && !this.expect("-"))) return undefined;
    const other = this.nzNumber();
    if (other === undefined) return undefined;
    return { first: Math.min(one, other), last: Math.max(one, other), fromEnd };
  }

  /** Is a quoted string or a literal next? */
  get atString(): boolean {
    const code = this.next;
    return code === QUOTE || code === BRACE;
  }

  /** Quoted string or literal, as a byte string. */
  string(): string | undefined {
    if (this.next === QUOTE) return this.#quoted();
    if (this.next === BRACE) {
      const bytes = this.literal();
      if (bytes === undefined) return undefined;
      return bytes.includes(0) ? this.fail("NUL is not allowed in a string") : bytes.toString("latin1");
    }
    return this.fail("Expected a string");
  }

  astring(): string | undefined {
    return this.atString ? this.string() : (this.#match(astringAtom) ?? this.fail("Expected a string"));
  }

  /** LIST's pattern: an astring whose atom may hold wildcards. */
  listString(): string | undefined {
    return this.atString ? this.string() : (this.#match(listAtom) ?? this.fail("Expected a mailbox pattern"));
  }

  /** A string that means text: Unicode. */
  textString(): string | undefined {
    const bytes = this.astring();
    return bytes === undefined ? undefined : (decodeUtf8(bytes) ?? this.fail("Text is not valid UTF-8"));
  }

  /** `null` for NIL. */
  nstring(): string | null | undefined {
    if (this.atString) return this.string();
    const text = this.#match(astringAtom);
    return text?.toUpperCase() === "NIL" ? null : this.fail("Expected a string or NIL");
  }

  #quoted(): string | undefined {
    const { text } = this;
    let out = "";
    let from = this.at + 1;
    for (;;) {
      quotedEnd.lastIndex = from;
      const found = quotedEnd.exec(text);
      if (found === null) return this.fail("Quoted string has no end");
      const code = text.charCodeAt(found.index);
      out += text.slice(from, found.index);
      if (code === QUOTE) {
        this.at = found.index + 1;
        return out;
      }
      const escaped = text.charCodeAt(found.index + 1);
      if (code !== BACKSLASH || (escaped !== QUOTE && escaped !== BACKSLASH)) {
        return this.fail("Character is not allowed in a quoted string");
      }
      out += text[found.index + 1];
      from = found.index + 2;
    }
  }

  /** The bytes of a literal, NUL included. */
  literal(): Buffer | undefined {
    const literal = this.#literals[this.#literal];
    marker.lastIndex = this.at;
    // The reader has said where the literals are: a marker anywhere else is none.
    if (literal === undefined || !marker.test(this.text) || marker.lastIndex !== literal.at) {
      return this.fail("Expected a literal");
    }
    this.#literal++;
    this.at = literal.at;
    return literal.bytes;
  }

  mailbox(): string | undefined {
    const wire = this.astring();
    if (wire === undefined) return undefined;
    return readMailboxName(wire, this.utf8) ?? this.fail("[CANNOT] Not a valid mailbox name", "NO");
  }

  /** `(` items separated by one space `)`; each call of `item` reads one and answers false to refuse. Bounded by `limit`. */
  list(limit: number, item: () => boolean, mayBeEmpty = false): boolean {
    if (!this.expect("(")) return false;
    if (this.take(")")) {
      if (!mayBeEmpty) this.fail("Empty list");
      return mayBeEmpty;
    }
    for (let count = 0; ; count++) {
      if (count === limit) {
        this.fail("List is too long");
        return false;
      }
      if (!item()) return false;
      if (this.take(")")) return true;
      if (!this.space()) return false;
    }
  }
}
