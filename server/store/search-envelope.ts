/** Reads what is needed of a kept ENVELOPE (RFC 9051 §7.5.2, a byte string): its strings and the first address of a list. */

import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";

export type EnvelopeAddress = {
  /** Byte strings; undefined for NIL. */
  readonly name: string | undefined;
  readonly mailbox: string | undefined;
  readonly host: string | undefined;
};

const fieldsBefore = { from: 2, to: 5, cc: 6 } as const;

/** The Date field as it stands, or undefined. */
export function envelopeDate(envelope: string): string | undefined {
  const reader = new EnvelopeReader(envelope);
  return reader.take("(") ? reader.string() : undefined;
}

/** The first entry of an address list: a mailbox, or the start of a group (no host). Undefined where the list is NIL or the envelope is none. */
export function firstAddress(envelope: string, field: keyof typeof fieldsBefore): EnvelopeAddress | undefined {
  const reader = new EnvelopeReader(envelope);
  if (!reader.take("(")) return undefined;
  for (let i = 0; i < fieldsBefore[field]; i++) {
    reader.skip();
    if (!reader.take(" ")) return undefined;
  }
  if (!reader.take("(") || !reader.take("(")) return undefined;
  const name = reader.string();
  reader.take(" ");
  reader.string(); // The source route.
  reader.take(" ");
  const mailbox = reader.string();
  reader.take(" ");
  return { name, mailbox, host: reader.string() };
}

/** RFC 5957 §3: the decoded name, else the address; of a group its name; "" for none. */
export function shownName(address: EnvelopeAddress | undefined): string {
  if (address === undefined) return "";
  if (address.name !== undefined && address.name !== "") return decodeWords(address.name);
  const { mailbox = "", host } = address;
  return decodeWords(host === undefined || host === "" ? mailbox : `${mailbox}@${host}`);
}

class EnvelopeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  /** A string, or undefined for NIL and for what is neither. */
  string(): string | undefined {
    const start = this.#at;
    if (this.#text[start] === '"') {
      this.#at = this.#endOfQuoted();
      const inside = this.#text.slice(start + 1, this.#at - 1);
      return inside.includes("\\") ? inside.replace(/\\(.)/gs, "$1") : inside;
    }
    if (this.#text[start] === "{") {
      const from = this.#startOfLiteral();
      if (from === undefined) return undefined;
      return this.#text.slice(from, this.#at);
    }
    if (this.#text.startsWith("NIL", start)) this.#at += 3;
    return undefined;
  }

  /** Passes over a string, NIL or a whole list. */
  skip(): void {
    let depth = 0;
    do {
      const char = this.#text[this.#at];
      if (char === undefined) return;
      if (char === '"') this.#at = this.#endOfQuoted();
      else if (char === "{") {
        if (this.#startOfLiteral() === undefined) this.#at += 1;
      } else {
        if (char === "(") depth += 1;
        else if (char === ")") depth -= 1;
        this.#at += char === "N" && this.#text.startsWith("NIL", this.#at) ? 3 : 1;
      }
    } while (depth > 0);
  }

  #endOfQuoted(): number {
    let at = this.#at + 1;
    for (;;) {
      const quote = this.#text.indexOf('"', at);
      if (quote < 0) return this.#text.length;
      let backslashes = 0;
      while (this.#text[quote - 1 - backslashes] === "\\") backslashes += 1;
      if (backslashes % 2 === 0) return quote + 1;
      at = quote + 1;
    }
  }

  /** Where the literal's bytes start; moves to their end. */
  #startOfLiteral(): number | undefined {
    const close = this.#text.indexOf("}\r\n", this.#at);
    const size = close < 0 ? Number.NaN : Number(this.#text.slice(this.#at + 1, close));
    if (!Number.isSafeInteger(size) || size < 0) return undefined;
    this.#at = Math.min(close + 3 + size, this.#text.length);
    return close + 3;
  }
}
