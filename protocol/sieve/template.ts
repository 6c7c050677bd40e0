/** Strings of a script: RFC 5228 §2.4.2.4 encoded characters, and RFC 5229 variables in them. */
import { Buffer } from "node:buffer";
import { ScriptError } from "./mistake.ts";
import type { Run } from "./run.ts";

/** A string's value in a run. */
export type Text = (run: Run) => string;

export type Piece = string | { readonly match: number } | { readonly variable: string; readonly namespace: string };

/** RFC 5228 §2.4.2.4: `${hex: 40 41}` is octets of UTF-8, `${unicode: 263A}` is characters. What looks otherwise stays. */
export function decodeCharacters(text: string, at: number): string {
  if (!text.includes("${")) return text;
  return text.replace(
    /\$\{(hex|unicode):((?:[ \t\r\n]*[0-9a-f]+)(?:[ \t\r\n]+[0-9a-f]+)*)[ \t\r\n]*\}/gi,
    (whole, kind: string, digits: string) => {
      const codes = digits.trim().split(/[ \t\r\n]+/);
      if (kind.toLowerCase() === "hex") {
        if (codes.some((code) => code.length > 2)) return whole;
        return Buffer.from(codes.map((code) => Number.parseInt(code, 16))).toString("utf8");
      }
      return codes
        .map((code) => {
          const value = Number.parseInt(code, 16);
          if (!(value <= 0x10ffff) || (value >= 0xd800 && value <= 0xdfff))
            throw new ScriptError(at, `\${unicode:${code}} is no Unicode character`);
          return String.fromCodePoint(value);
        })
        .join("");
    },
  );
}

/** RFC 5229 §3: the pieces of a string; what is no reference stays as it is. */
export function splitVariables(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const found of text.matchAll(/\$\{(?:(\d+)|((?:[a-z_]\w*\.)*)([a-z_]\w*|\d+))\}/gi)) {
    if (found.index > from) pieces.push(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[1] !== undefined) pieces.push({ match: Number(found[1]) });
    else pieces.push({ variable: found[3]!.toLowerCase(), namespace: found[2]!.slice(0, -1).toLowerCase() });
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}
