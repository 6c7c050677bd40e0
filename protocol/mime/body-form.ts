/** IMAP BODY (without extension data, RFC 9051 §7.5.2) out of the stored BODYSTRUCTURE text. */

/** The non-extensible form of a BODYSTRUCTURE made by `structureOf`. Linear; nesting is bounded by that of the tree. */
export function bodyWithoutExtensions(structure: string): string {
  return new Reader(structure).body();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Reads one body with its parentheses; answers it without extension data. */
  body(): string {
    this.#at++; // (
    let out = "(";
    if (this.#text.charCodeAt(this.#at) === 40) {
      while (this.#text.charCodeAt(this.#at) === 40) out += this.body();
      out += ` ${this.#next()}`;
    } else {
      const type = this.#next();
      const subtype = this.#next();
      out += `${type} ${subtype}`;
      for (let i = 0; i < 5; i++) out += ` ${this.#next()}`; // parameters, id, description, encoding, octets
      if (type === '"message"' && (subtype === '"rfc822"' || subtype === '"global"')) {
        out += ` ${this.#next()}`; // envelope
        this.#at++;
        out += ` ${this.body()} ${this.#next()}`;
      } else if (type === '"text"') out += ` ${this.#next()}`;
    }
    while (this.#at < this.#text.length && this.#text.charCodeAt(this.#at) !== 41) this.#next();
    this.#at++; // )
    return `${out})`;
  }

  /** Reads one value (atom, string, literal, list), passing over the blank before it. */
  #next(): string {
    if (this.#text.charCodeAt(this.#at) === 32) this.#at++;
    const start = this.#at;
    let depth = 0;
    do {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 40) {
        depth++;
        this.#at++;
      } else if (code === 41) {
        depth--;
        this.#at++;
      } else if (code === 32) this.#at++;
      else this.#scalar(code);
    } while (depth > 0 && this.#at < this.#text.length);
    return this.#text.slice(start, this.#at);
  }

  #scalar(code: number): void {
    const text = this.#text;
    if (code === 34) {
      let i = this.#at + 1;
      while (i < text.length && text.charCodeAt(i) !== 34) i += text.charCodeAt(i) === 92 ? 2 : 1;
      this.#at = i + 1;
    } else if (code === 123) {
      const close = text.indexOf("}", this.#at);
      this.#at = close + 3 + Number(text.slice(this.#at + 1, close));
    } else {
      let i = this.#at;
      while (i < text.length && text.charCodeAt(i) !== 32 && text.charCodeAt(i) !== 41) i++;
      this.#at = i;
    }
  }
}
