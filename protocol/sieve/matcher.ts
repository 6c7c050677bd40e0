/** Match types and comparators (RFC 5228 §2.7, RFC 5231, regex): whether one of the values is one of the keys. */
import { type Comparator, comparators, holds, type Relation, relations } from "./compare.ts";
import type { Arguments, Compiler, TagSpec } from "./compiler.ts";
import { type Glob, matchGlob, parseGlob } from "./glob.ts";
import { ScriptError } from "./mistake.ts";
import type { Argument } from "./parser.ts";
import { compileRegex, matchRegex, type Regex } from "./regex.ts";
import type { Run } from "./run.ts";

export const matchTags: { readonly [name: string]: TagSpec } = {
  comparator: { value: "string" },
  is: { group: "match" },
  contains: { group: "match" },
  matches: { group: "match" },
  regex: { group: "match", needs: "regex" },
  count: { group: "match", value: "string", needs: "relational" },
  value: { group: "match", value: "string", needs: "relational" },
};

/** Whether any of the values fits any of the keys. */
export type Matcher = (run: Run, values: readonly string[]) => boolean;

export function matcherOf(c: Compiler, args: Arguments, keys: Argument | undefined): Matcher {
  const comparator = comparatorOf(c, args);
  const type =
    (["contains", "matches", "regex", "count", "value"] as const).find((name) => args.tags.has(name)) ?? "is";
  switch (type) {
    case "is": {
      const folded = foldedKeys(c, keys, comparator.fold);
      return (run, values) => {
        if (values.length === 0) return false;
        const wanted = folded(run);
        for (const value of values) {
          run.spend(1 + (value.length >> 6));
          const fold = run.fold(comparator, value);
          for (const key of wanted) if (fold === key) return true;
        }
        return false;
      };
    }
    case "contains": {
      needSubstrings(comparator, args, type);
      const folded = foldedKeys(c, keys, comparator.fold);
      return (run, values) => {
        if (values.length === 0) return false;
        const wanted = folded(run);
        for (const value of values) {
          const fold = run.fold(comparator, value);
          for (const key of wanted) {
            run.spend(1 + (value.length >> 6));
            if (fold.includes(key)) return true;
          }
        }
        return false;
      };
    }
    case "matches": {
      needSubstrings(comparator, args, type);
      return globMatcher(c, keys, comparator);
    }
    case "regex": {
      needSubstrings(comparator, args, type);
      return regexMatcher(c, keys, comparator);
    }
    case "count":
    case "value":
      return relationMatcher(c, args, keys, comparator, type);
    default:
      return type satisfies never;
  }
}

function comparatorOf(c: Compiler, args: Arguments): Comparator {
  const argument = args.tags.get("comparator");
  if (argument === undefined) return comparators["i;ascii-casemap"]!;
  const name = c.fixed(argument, "the name of a comparator").toLowerCase();
  const comparator = Object.hasOwn(comparators, name) ? comparators[name] : undefined;
  if (comparator === undefined) throw new ScriptError(argument.at, `there is no comparator "${name}"`);
  c.need(`comparator-${name}`, argument.at, `the comparator ${name}`);
  return comparator;
}

function needSubstrings(comparator: Comparator, args: Arguments, type: string): void {
  if (!comparator.hasSubstrings)
    throw new ScriptError(args.tags.get(type)!.at, `the comparator ${comparator.name} cannot be used with :${type}`);
}

function foldedKeys(
  c: Compiler,
  keys: Argument | undefined,
  fold: (text: string) => string,
): (run: Run) => readonly string[] {
  const constants = c.constants(keys);
  if (constants !== undefined) {
    const folded = constants.map(fold);
    return () => folded;
  }
  const texts = c.texts(keys);
  return (run) => texts(run).map(fold);
}

/** What the match variables become; only with the variables extension (RFC 5229 §3.2). */
function remember(run: Run, text: string, whole: readonly [number, number], spans: readonly number[]): void {
  const match = [text.slice(whole[0], whole[1])];
  for (let i = 0; i < spans.length && match.length <= run.bounds.matchVariables; i += 2)
    match.push(spans[i]! < 0 ? "" : run.bounded(text.slice(spans[i], spans[i + 1])));
  match[0] = run.bounded(match[0]!);
  run.match = match;
}

function globMatcher(c: Compiler, keys: Argument | undefined, comparator: Comparator): Matcher {
  const fold = comparator.foldInPlace;
  const remembers = c.has("variables");
  const constants = c.constants(keys)?.map((key) => parseGlob(fold(key)));
  const texts = c.texts(keys);
  const globsOf = (run: Run): readonly Glob[] => constants ?? texts(run).map((key) => parseGlob(fold(key)));
  return (run, values) => {
    if (values.length === 0) return false;
    const globs = globsOf(run);
    for (const value of values) {
      const folded = fold(value);
      for (const glob of globs) {
        run.spend(1 + ((value.length * glob.length) >> 6));
        const spans = matchGlob(glob, folded);
        if (spans === undefined) continue;
        if (remembers) remember(run, value, [0, value.length], spans);
        return true;
      }
    }
    return false;
  };
}

function regexMatcher(c: Compiler, keys: Argument | undefined, comparator: Comparator): Matcher {
  const remembers = c.has("variables");
  const groups = remembers ? c.bounds.matchVariables : 0;
  const at = keys?.at ?? 0;
  const compile = (pattern: string): Regex => compileRegex(pattern, comparator.ignoresCase, c.bounds.regexSize, at);
  const constants = c.constants(keys)?.map(compile);
  for (const { program } of constants ?? []) c.countRegex(program.length, at);
  const compileNow = (run: Run, pattern: string): Regex => {
    const regex = compile(pattern);
    run.spend(regex.program.length);
    return regex;
  };
  const texts = c.texts(keys);
  return (run, values) => {
    if (values.length === 0) return false;
    const regexes = constants ?? texts(run).map((pattern) => compileNow(run, pattern));
    for (const value of values)
      for (const regex of regexes) {
        const found = matchRegex(regex, value, groups, (steps) => run.spend(steps));
        if (found === undefined) continue;
        if (remembers) remember(run, value, [found[0]!, found[1]!], found.slice(2));
        return true;
      }
    return false;
  };
}

function relationMatcher(
  c: Compiler,
  args: Arguments,
  keys: Argument | undefined,
  comparator: Comparator,
  type: "count" | "value",
): Matcher {
  const argument = args.tags.get(type)!;
  const relation = c.fixed(argument, `the relation of :${type}`).toLowerCase();
  if (!relations.has(relation))
    throw new ScriptError(argument.at, `"gt", "ge", "lt", "le", "eq" or "ne" was expected after :${type}`);
  const texts = c.texts(keys);
  // A count is a number whatever the comparator: "10" is more than "9".
  const order = type === "count" ? comparators["i;ascii-numeric"]!.order : comparator.order;
  return (run, values) => {
    const compared = type === "count" ? [String(values.length)] : values;
    for (const value of compared)
      for (const key of texts(run)) {
        run.spend(1 + (value.length >> 6));
        if (holds(relation as Relation, order(value, key))) return true;
      }
    return false;
  };
}
