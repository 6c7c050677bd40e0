/** RFC 5229: set and string; RFC 5435 §6 :encodeurl; regex :quoteregex. */
import { Buffer } from "node:buffer";
import type { CommandRule, TestRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import { ScriptError } from "../mistake.ts";
import { next } from "../run.ts";

type Modifier = {
  /** Higher ones are applied first; two of one precedence exclude each other. */
  readonly precedence: number;
  readonly needs?: string;
  readonly apply: (value: string) => string;
};

const firstChanged = (value: string, change: (char: string) => string): string => {
  const [first = ""] = value;
  return change(first) + value.slice(first.length);
};

const modifiers: { readonly [name: string]: Modifier } = {
  lower: { precedence: 40, apply: (value) => value.toLowerCase() },
  upper: { precedence: 40, apply: (value) => value.toUpperCase() },
  lowerfirst: { precedence: 30, apply: (value) => firstChanged(value, (char) => char.toLowerCase()) },
  upperfirst: { precedence: 30, apply: (value) => firstChanged(value, (char) => char.toUpperCase()) },
  quotewildcard: { precedence: 20, apply: (value) => value.replace(/[*?\\]/g, "\\$&") },
  quoteregex: { precedence: 20, needs: "regex", apply: (value) => value.replace(/[.^$|*+?()[\]{}\\]/g, "\\$&") },
  encodeurl: { precedence: 15, needs: "enotify", apply: encodeUrl },
  length: { precedence: 10, apply: (value) => String([...value].length) },
};

/** What set and extracttext do to a value on its way. */
export const modifierTags = Object.fromEntries(
  Object.entries(modifiers).map(([name, { precedence, needs }]) => [
    name,
    { group: `modifier ${precedence}`, ...(needs === undefined ? {} : { needs }) },
  ]),
);

export function modifierOf(tags: ReadonlyMap<string, unknown>): (value: string) => string {
  const chain = Object.entries(modifiers)
    .filter(([name]) => tags.has(name))
    .map(([, modifier]) => modifier)
    .toSorted((a, b) => b.precedence - a.precedence);
  return (value) => chain.reduce((text, { apply }) => apply(text), value);
}

/** RFC 3986 §2.3: everything but unreserved characters. */
function encodeUrl(value: string): string {
  let out = "";
  for (const byte of Buffer.from(value)) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9._~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}

export const variableCommands: { readonly [name: string]: CommandRule } = {
  set: {
    needs: "variables",
    compile: (node, c) => {
      const args = c.take(node, { tags: modifierTags, positional: ["string", "string"] });
      const name = args.positional[0];
      const raw = name?.kind === "strings" ? name.values[0]! : "";
      if (raw.includes("${")) throw new ScriptError(name!.at, "the name of a variable cannot hold variables");
      const write = c.setter(c.fixed(name, "the name of a variable"), name!.at);
      const value = c.text(args.positional[1]);
      const modify = modifierOf(args.tags);
      return (run) => {
        write(run, modify(value(run)));
        return next;
      };
    },
  },
};

export const variableTests: { readonly [name: string]: TestRule } = {
  string: {
    needs: "variables",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["strings", "strings"] });
      const texts = c.texts(args.positional[0]);
      const counts = args.tags.has("count");
      const matches = matcherOf(c, args, args.positional[1]);
      // RFC 5229 §5: a :count leaves out empty strings.
      return (run) => matches(run, counts ? texts(run).filter((text) => text !== "") : texts(run));
    },
  },
};
