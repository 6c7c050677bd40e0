/** Content-Type and Content-Disposition: a value and its parameters (RFC 2045 §5.1, RFC 2183), with RFC 2231 undone. */
import { Buffer } from "node:buffer";
import { decodeByteString, decodeCharset } from "../charset.ts";
import { decodeWords, hexValue } from "./encoded-word.ts";

/** Parameters of one field that are looked at. */
export const maxParameters = 200;
/** Parts of one RFC 2231 continuation that are joined. */
export const maxContinuations = 100;

export type Parameter = {
  /** Lower case. After `joinContinuations`, "name*" means that the value is `charset'language'percent-encoded`. */
  readonly name: string;
  /** Byte string, quoting undone. */
  readonly value: string;
};

export type ContentType = {
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  /** As they stand in the field, in order. */
  readonly parameters: readonly Parameter[];
};

/** RFC 2045 §5.2. */
export const plainText: ContentType = {
  type: "text",
  subtype: "plain",
  parameters: [{ name: "charset", value: "us-ascii" }],
};

/** Reads an unfolded Content-Type value; undefined where there is no "type/subtype" in it. */
export function parseContentType(value: string): ContentType | undefined {
  const usual = /^([\w+.-]+)\/([\w+.-]+)(?:; ?charset="?([\w.:-]+)"?)?$/.exec(value);
  if (usual !== null)
    return {
      type: usual[1]!.toLowerCase(),
      subtype: usual[2]!.toLowerCase(),
      parameters: usual[3] === undefined ? [] : [{ name: "charset", value: usual[3] }],
    };
  const parsed = parseParameterized(value);
  const slash = parsed.value.indexOf("/");
  if (slash <= 0 || slash === parsed.value.length - 1) return undefined;
  return {
    type: parsed.value.slice(0, slash),
    subtype: parsed.value.slice(slash + 1),
    parameters: parsed.parameters,
  };
}

/** Reads "token; name=value; …": the token lower case and without blanks, comments skipped. Missing semicolons and quotes are forgiven. */
export function parseParameterized(value: string): { readonly value: string; readonly parameters: Parameter[] } {
  const lastQuote = value.lastIndexOf('"');
  let i = 0;
  let head = "";
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code === 59) break;
    if (code === 40) i = skipComment(value, i);
    else {
      if (code > 32) head += value[i];
      i++;
    }
  }
  // "text/plain charset=x": the semicolon is missing.
  const equals = value.indexOf("=");
  if (equals >= 0 && equals < i) {
    let name = equals;
    while (name > 0 && value.charCodeAt(name - 1) > 32) name--;
    if (name > 0) {
      head = withoutBlanks(value.slice(0, name));
      i = name;
    }
  }
  const parameters: Parameter[] = [];
  while (i < value.length && parameters.length < maxParameters) {
    const code = value.charCodeAt(i);
    if (code === 59 || code <= 32) {
      i++;
      continue;
    }
    if (code === 40) {
      i = skipComment(value, i);
      continue;
    }
    const nameStart = i;
    while (i < value.length && value.charCodeAt(i) !== 61 && value.charCodeAt(i) !== 59) i++;
    if (value.charCodeAt(i) !== 61) continue; // A name without "=": not a parameter.
    const name = lowerAscii(withoutBlanks(value.slice(nameStart, i)));
    i = valueStart(value, i + 1);
    let text: string;
    if (value.charCodeAt(i) === 34 && i < lastQuote) {
      const quoted = readQuoted(value, i);
      text = quoted.text;
      i = quoted.end;
      // Junk between the closing quote and the next semicolon.
      while (i < value.length && value.charCodeAt(i) <= 32) i++;
    } else {
      if (value.charCodeAt(i) === 34) i++;
      const start = i;
      i = unquotedEnd(value, start);
      text = value.slice(start, i).trimEnd();
    }
    if (name !== "") parameters.push({ name, value: text });
  }
  return { value: lowerAscii(head), parameters };
}

/** Lower case for ASCII only: the bytes of 8-bit text are no letters. */
function lowerAscii(text: string): string {
  return /[\x80-\xff]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

/** Past blanks and comments; "(1).pdf" is no comment but a file name that should have been quoted. */
function valueStart(value: string, from: number): number {
  let i = from;
  for (;;) {
    while (value.charCodeAt(i) <= 32) i++;
    if (value.charCodeAt(i) !== 40) return i;
    const end = skipComment(value, i);
    if (!(value.charCodeAt(end) <= 32)) return i;
    i = end;
  }
}

const nextParameter = /[ \t]+[\w*%-]+ ?=/y;

/** Unquoted values may hold blanks ("name=my file.pdf") unless another parameter or a comment follows them. */
function unquotedEnd(value: string, start: number): number {
  const isWord = value.startsWith("=?", start);
  let i = start;
  while (i < value.length) {
    const code = value.charCodeAt(i);
    if (code === 59) break;
    if (code <= 32 && i > start) {
      if (value.charCodeAt(i + 1) === 40) break;
      nextParameter.lastIndex = i;
      if (!isWord && value.charCodeAt(i - 1) > 32 && nextParameter.test(value)) break;
    }
    i++;
  }
  return i;
}

function withoutBlanks(text: string): string {
  return text.replace(/\([^()]*\)|[\x00-\x20]+/g, "");
}

function skipComment(value: string, start: number): number {
  let depth = 0;
  let i = start;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 40) depth++;
    else if (code === 41 && --depth === 0) return i + 1;
  }
  return i;
}

function readQuoted(value: string, start: number): { readonly text: string; readonly end: number } {
  let text = "";
  let from = start + 1;
  let i = from;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 34) break;
    // Windows paths in file names are not quoted pairs.
    if (code === 92 && (value.charCodeAt(i + 1) === 34 || value.charCodeAt(i + 1) === 92)) {
      text += value.slice(from, i);
      from = ++i;
    }
  }
  return { text: text + value.slice(from, i), end: i + 1 };
}

type Segment = { readonly index: number; readonly extended: boolean; readonly value: string };

/**
 * Puts RFC 2231 §3 continuations together: "name*0*", "name*1" become one "name*" (where a piece is percent-encoded) or
 * "name". Everything else stays, in order.
 */
export function joinContinuations(parameters: readonly Parameter[]): readonly Parameter[] {
  if (!parameters.some((parameter) => parameter.name.includes("*"))) return parameters;
  const segments = new Map<string, Segment[]>();
  const out: (Parameter | string)[] = [];
  for (const parameter of parameters) {
    const match = /^([^*]+)\*(\d{1,4})(\*?)$/.exec(parameter.name);
    if (match === null) {
      out.push(parameter);
      continue;
    }
    const name = match[1]!;
    let list = segments.get(name);
    if (list === undefined) {
      segments.set(name, (list = []));
      out.push(name);
    }
    list.push({ index: Number(match[2]), extended: match[3] === "*", value: parameter.value });
  }
  return out.map((entry) => (typeof entry === "string" ? joined(entry, segments.get(entry)!) : entry));
}

function joined(name: string, segments: readonly Segment[]): Parameter {
  const sorted = segments.toSorted((a, b) => a.index - b.index).slice(0, maxContinuations);
  if (!sorted.some((segment) => segment.extended))
    return { name, value: sorted.map((segment) => segment.value).join("") };
  const first = sorted[0]!;
  const prefix = first.extended && /^[^']*'[^']*'/.test(first.value) ? "" : "''";
  const text = sorted.map((segment) => (segment.extended ? segment.value : percentEncode(segment.value))).join("");
  return { name: `${name}*`, value: prefix + text };
}

function percentEncode(value: string): string {
  return value.replace(/[^A-Za-z0-9.!#$&+^_`{}|~-]/g, (char) => {
    const hex = char.charCodeAt(0).toString(16).toUpperCase();
    return hex.length < 2 ? `%0${hex}` : `%${hex}`;
  });
}

/** The parameter called `name` (lower case) in Unicode: RFC 2231 undone, and the encoded words that real mail puts there. */
export function parameterText(parameters: readonly Parameter[], name: string): string | undefined {
  let plain: string | undefined;
  for (const parameter of joinContinuations(parameters)) {
    if (parameter.name === `${name}*`) return decodeExtended(parameter.value);
    if (parameter.name === name) plain ??= parameter.value;
  }
  return plain === undefined ? undefined : decodeWords(plain);
}

/** RFC 2231 §4: charset'language'percent-encoded. */
function decodeExtended(value: string): string {
  const match = /^([^']*)'[^']*'/.exec(value);
  const text = match === null ? value : value.slice(match[0].length);
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 37) {
      const high = hexValue(text.charCodeAt(i + 1));
      const low = hexValue(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        code = (high << 4) | low;
        i += 2;
      }
    }
    bytes[length++] = code;
  }
  const decoded = bytes.subarray(0, length);
  const label = match?.[1] ?? "";
  const unicode = label === "" ? decodeByteString(decoded.toString("latin1")) : decodeCharset(decoded, label);
  return unicode.replace(/[\r\n\0]+/g, " ");
}
