/** Header fields for mail we write: folded lines, encoded words, addresses. Nothing a caller passes can end a line. */
import { Buffer } from "node:buffer";

/** RFC 5322 §2.1.1. */
const maxLine = 78;
/** RFC 2047 §2 allows 75; shorter ones fit on the first line behind the name of the field. */
const maxEncodedWord = 55;

/** A mailbox to write: `address` is "local@domain" as SMTP has it, `name` what people see. */
export type NamedAddress = { readonly name?: string; readonly address: string };

/** A field with free text, folded; non-ASCII words as encoded words, or as they are where `utf8` (RFC 6532). */
export function textField(name: string, text: string, utf8 = false): string {
  return foldedField(name, textWords(clean(text), utf8));
}

/** A field with an address list. */
export function addressField(name: string, addresses: readonly NamedAddress[], utf8 = false): string {
  return foldedField(name, addressWords(addresses, utf8));
}

/** A field with groups (RFC 5322 §3.4); a group without a name is only its addresses. */
export function groupField(
  name: string,
  groups: readonly { readonly name: string | undefined; readonly addresses: readonly NamedAddress[] }[],
  utf8 = false,
): string {
  const words: string[] = [];
  for (const [i, group] of groups.entries()) {
    const inside = addressWords(group.addresses, utf8);
    const own =
      group.name === undefined
        ? inside
        : [...endWith(phrase(clean(group.name).trim(), utf8), ":"), ...endWith(inside, ";")];
    words.push(...(i < groups.length - 1 && own.length > 0 ? endWith(own, ",") : own));
  }
  return foldedField(name, words);
}

function endWith(words: readonly string[], end: string): string[] {
  return words.length === 0 ? [end] : [...words.slice(0, -1), `${words.at(-1)}${end}`];
}

function addressWords(addresses: readonly NamedAddress[], utf8: boolean): string[] {
  const words: string[] = [];
  for (const [i, { name: shown, address }] of addresses.entries()) {
    const comma = i < addresses.length - 1 ? "," : "";
    const spec = clean(address).replace(/[\s<>]/g, "");
    const display = clean(shown ?? "").trim();
    if (display === "") words.push(`<${spec}>${comma}`);
    else words.push(...phrase(display, utf8), `<${spec}>${comma}`);
  }
  return words;
}

/** A field whose value has its syntax already; folded between words that a single blank parts. */
export function rawField(name: string, value: string): string {
  return foldedField(name, clean(value).split(" "));
}

/** "; name=value" of a MIME field: a token, a quoted string, or RFC 2231 where it is not ASCII or too long for a line. */
export function parameter(name: string, value: string): string {
  const text = clean(value);
  if (/^[A-Za-z0-9!#$&+.^_`{}|~-]+$/.test(text) && text.length < 60) return `; ${name}=${text}`;
  if (/^[\x20-\x7e]*$/.test(text) && text.length < 60) return `; ${name}="${text.replace(/["\\]/g, "\\$&")}"`;
  const encoded: string[] = [];
  for (const byte of Buffer.from(text, "utf8")) {
    const char = String.fromCharCode(byte);
    encoded.push(
      /[A-Za-z0-9!#$&+.^_`{}|~-]/.test(char) ? char : `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`,
    );
  }
  const pieces: string[] = ["utf-8''"];
  for (const char of encoded) {
    const last = pieces.length - 1;
    if (pieces[last]!.length + char.length > 55) pieces.push(char);
    else pieces[last] += char;
  }
  if (pieces.length === 1) return `; ${name}*=${pieces[0]}`;
  return pieces.map((piece, i) => `; ${name}*${i}*=${piece}`).join("");
}

function clean(text: string): string {
  return text.toWellFormed().replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " ");
}

/** RFC 5322 §3.2.5: atoms, a quoted string, or encoded words. */
function phrase(text: string, utf8: boolean): string[] {
  if (!isPlain(text, utf8)) return encodedWords(text);
  if (/^[^\x00-\x20"(),.:;<>@[\\\]]+(?: [^\x00-\x20"(),.:;<>@[\\\]]+)*$/.test(text)) return text.split(" ");
  return `"${text.replace(/["\\]/g, "\\$&")}"`.split(" ");
}

function isPlain(text: string, utf8: boolean): boolean {
  return !text.includes("=?") && (utf8 || /^[\x20-\x7e\t]*$/.test(text));
}

/** Words of free text; a run of words that need encoding becomes one run of encoded words, its blanks inside. */
function textWords(text: string, utf8: boolean): string[] {
  const out: string[] = [];
  let run: string[] = [];
  const flush = (): void => {
    if (run.length > 0) out.push(...encodedWords(run.join(" ")));
    run = [];
  };
  for (const word of text.split(" ")) {
    // A word too long for any line is encoded too: only encoded words can be parted (RFC 5322 §2.1.1: 998).
    if (!isPlain(word, utf8) || word.length > 900) run.push(word);
    else {
      flush();
      out.push(word);
    }
  }
  flush();
  return out;
}

/** RFC 2047 in UTF-8: the shorter of B and Q, never splitting a character. */
function encodedWords(text: string): string[] {
  const bytes = Buffer.byteLength(text, "utf8");
  const ascii = text.replace(/[^A-Za-z0-9 ]/g, "").length;
  const useB = (bytes - ascii) * 2 > ascii;
  const room = maxEncodedWord - "=?utf-8?q??=".length;
  const words: string[] = [];
  let piece = "";
  let length = 0;
  for (const char of text) {
    const coded = useB ? char : encodeQ(char);
    const size = useB ? Buffer.byteLength(char, "utf8") : coded.length;
    if (length + size > (useB ? Math.floor(room / 4) * 3 : room) && piece !== "") {
      words.push(piece);
      piece = "";
      length = 0;
    }
    piece += coded;
    length += size;
  }
  if (piece !== "") words.push(piece);
  return words.map((word) =>
    useB ? `=?utf-8?b?${Buffer.from(word, "utf8").toString("base64")}?=` : `=?utf-8?q?${word}?=`,
  );
}

/** RFC 2047 §5 (3): what is safe in a phrase is safe everywhere. */
function encodeQ(char: string): string {
  if (/^[A-Za-z0-9!*+/-]$/.test(char)) return char;
  if (char === " ") return "_";
  let out = "";
  for (const byte of Buffer.from(char, "utf8")) out += `=${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`;
  return out;
}

function foldedField(name: string, words: readonly string[]): string {
  let out = "";
  let line = `${name}:`;
  let begun = false;
  for (const word of words) {
    if (begun && word !== "" && line.length + 1 + word.length > maxLine && /\S/.test(line)) {
      out += `${line}\r\n`;
      line = ` ${word}`;
    } else line += ` ${word}`;
    begun = true;
  }
  return `${out}${line.trimEnd() || " "}\r\n`;
}
