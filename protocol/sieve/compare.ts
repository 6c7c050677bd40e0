/** Comparators (RFC 4790 §9, RFC 5051): how two texts are equal, in order, and one within the other. */
import { Buffer } from "node:buffer";

export type Comparator = {
  readonly name: string;
  /** Texts that are equal have one folded form. */
  readonly fold: (text: string) => string;
  /** The same unit by unit, so that offsets in it are offsets in the text: for wildcards. */
  readonly foldInPlace: (text: string) => string;
  /** Below, at or above zero. */
  readonly order: (a: string, b: string) => number;
  /** Has a substring operation. */
  readonly hasSubstrings: boolean;
  readonly ignoresCase: boolean;
};

const same = (text: string): string => text;
const inOrder = (a: string, b: string): number => {
  if (a === b) return 0;
  // By octets of UTF-8: code points, not units of UTF-16.
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
};

/** ASCII letters only; `toLowerCase` is that where the text is ASCII. */
function foldAscii(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text.toLowerCase();
}

/** RFC 5051 §2: title case of each character, then compatibility decomposition. */
function foldUnicode(text: string): string {
  return text.toUpperCase().normalize("NFKD");
}

function foldUnicodeInPlace(text: string): string {
  const folded = text.toUpperCase();
  if (folded.length === text.length) return folded;
  let out = "";
  for (const char of text) {
    const upper = char.toUpperCase();
    out += upper.length === char.length ? upper : char;
  }
  return out;
}

/** RFC 4790 §9.1: the digits at the start; a text without any is the largest of all. Of any length. */
function digitsOf(text: string): string | undefined {
  const digits = /^\d+/.exec(text)?.[0];
  return digits?.replace(/^0+(?=\d)/, "");
}

function numericOrder(a: string, b: string): number {
  const [left, right] = [digitsOf(a), digitsOf(b)];
  if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

export const comparators: { readonly [name: string]: Comparator } = {
  "i;octet": {
    name: "i;octet",
    fold: same,
    foldInPlace: same,
    order: inOrder,
    hasSubstrings: true,
    ignoresCase: false,
  },
  "i;ascii-casemap": {
    name: "i;ascii-casemap",
    fold: foldAscii,
    foldInPlace: foldAscii,
    order: (a, b) => inOrder(foldAscii(a), foldAscii(b)),
    hasSubstrings: true,
    ignoresCase: true,
  },
  "i;ascii-numeric": {
    name: "i;ascii-numeric",
    fold: (text) => digitsOf(text) ?? "",
    foldInPlace: same,
    order: numericOrder,
    hasSubstrings: false,
    ignoresCase: false,
  },
  "i;unicode-casemap": {
    name: "i;unicode-casemap",
    fold: foldUnicode,
    foldInPlace: foldUnicodeInPlace,
    order: (a, b) => inOrder(foldUnicode(a), foldUnicode(b)),
    hasSubstrings: true,
    ignoresCase: true,
  },
};

export type Relation = "gt" | "ge" | "lt" | "le" | "eq" | "ne";
export const relations: ReadonlySet<string> = new Set(["gt", "ge", "lt", "le", "eq", "ne"]);

export function holds(relation: Relation, order: number): boolean {
  switch (relation) {
    case "gt":
      return order > 0;
    case "ge":
      return order >= 0;
    case "lt":
      return order < 0;
    case "le":
      return order <= 0;
    case "eq":
      return order === 0;
    case "ne":
      return order !== 0;
    default:
      return relation satisfies never;
  }
}
