/** BODYSTRUCTURE without its extension data is BODY (RFC 9051 §7.5.2): one is kept, the other is cut out of it. */

/** The non-extensible form of a BODYSTRUCTURE as `MessageFacts.structure` holds it; a byte string, like what it is given. One walk. */
export function basicStructure(structure: string): string {
  const reader = new StructureReader(structure);
  reader.body();
  return reader.out + structure.slice(reader.copied, reader.at);
}

const OPEN = 0x28;
const CLOSE = 0x29;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/** Fields before the extension data: type, subtype, parameters, id, description, encoding, octets. */
const basicFields = 7;

class StructureReader {
  readonly #text: string;
  at = 0;
  /** What is kept so far, and up to where it was taken from the text. */
  out = "";
  copied = 0;

  constructor(text: string) {
    this.#text = text;
  }

  body(): void {
    this.at++;
    if (this.#text.charCodeAt(this.at) === OPEN) {
      while (this.#text.charCodeAt(this.at) === OPEN) this.body();
      this.at = this.#elementEnd(this.at + 1);
    } else this.#single();
    this.#cutToEnd();
  }

  #single(): void {
    const start = this.at;
    for (let field = 0; field < basicFields; field++) {
      if (field > 0) this.at++;
      this.at = this.#elementEnd(this.at);
    }
    const kind = /^"?([^" ]*)"? "?([^" )]*)/.exec(this.#text.slice(start, start + 40));
    const type = kind?.[1]?.toUpperCase();
    const subtype = kind?.[2]?.toUpperCase();
    if (type === "TEXT") this.at = this.#elementEnd(this.at + 1);
    else if (type === "MESSAGE" && (subtype === "RFC822" || subtype === "GLOBAL")) {
      this.at = this.#elementEnd(this.at + 1) + 1;
      this.body();
      this.at = this.#elementEnd(this.at + 1);
    }
  }

  /** From here to the parenthesis that closes this body is extension data. */
  #cutToEnd(): void {
    const from = this.at;
    while (this.#text.charCodeAt(this.at) === SPACE) this.at = this.#elementEnd(this.at + 1);
    if (this.at > from) {
      this.out += this.#text.slice(this.copied, from);
      this.copied = this.at;
    }
    this.at++;
  }

  /** Just behind a list, a quoted string, a literal or an atom. */
  #elementEnd(start: number): number {
    const text = this.#text;
    let depth = 0;
    let at = start;
    do {
      const code = text.charCodeAt(at);
      if (code === OPEN) {
        depth++;
        at++;
      } else if (code === CLOSE) {
        if (depth === 0) return at;
        depth--;
        at++;
      } else if (code === SPACE) {
        if (depth === 0) return at;
        at++;
      } else if (code === QUOTE) at = this.#quotedEnd(at + 1);
      else if (code === BRACE) at = this.#literalEnd(at);
      else {
        at++;
        for (let next = text.charCodeAt(at); at < text.length && next !== SPACE && next !== OPEN && next !== CLOSE; ) {
          next = text.charCodeAt(++at);
        }
      }
    } while (depth > 0 && at < text.length);
    return at;
  }

  #quotedEnd(start: number): number {
    let at = start;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) return at + 1;
      if (code === BACKSLASH) at++;
    }
    return at;
  }

  #literalEnd(start: number): number {
    const end = this.#text.indexOf("}", start);
    return end < 0 ? this.#text.length : end + 3 + Number.parseInt(this.#text.slice(start + 1, end), 10);
  }
}
