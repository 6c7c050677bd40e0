/** RFC 5232: setflag, addflag, removeflag and the test hasflag. */
import type { CommandRule, Compiler, TestRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import { ScriptError } from "../mistake.ts";
import type { Argument, Command } from "../parser.ts";
import { next, type Run, type Step } from "../run.ts";

const maxFlags = 100;
const system: { readonly [lower: string]: string } = {
  "\\seen": "\\Seen",
  "\\answered": "\\Answered",
  "\\flagged": "\\Flagged",
  "\\deleted": "\\Deleted",
  "\\draft": "\\Draft",
};

/** Flags of a list: parted by blanks, each once whatever its case; what is no flag is left out (RFC 5232 §2). */
export function flagList(texts: readonly string[]): readonly string[] {
  const flags = new Map<string, string>();
  for (const text of texts)
    for (const flag of text.split(/[ \t\r\n]+/)) {
      const lower = flag.toLowerCase();
      const isKnown = Object.hasOwn(system, lower);
      // RFC 9051 §9: an atom, or a system flag.
      if (!isKnown && !/^[^\x00-\x20\x7f-\uffff(){%*"\\\]]{1,100}$/.test(flag)) continue;
      if (!flags.has(lower) && flags.size < maxFlags) flags.set(lower, isKnown ? system[lower]! : flag);
    }
  return [...flags.values()];
}

type Variable = {
  readonly read: (run: Run) => readonly string[];
  readonly write: (run: Run, flags: readonly string[]) => void;
};

const internal: Variable = {
  read: (run) => run.flags ?? run.world.flags,
  write: (run, flags) => {
    run.flags = flags;
  },
};

function variable(c: Compiler, argument: Argument | undefined): Variable {
  if (argument === undefined) return internal;
  // RFC 5232 §4: named ones only with the variables extension.
  c.need("variables", argument.at, "the name of a variable here");
  const name = c.fixed(argument, "the name of a variable");
  const read = c.reference(name.toLowerCase(), argument.at);
  const write = c.setter(name, argument.at);
  return { read: (run) => flagList([read(run)]), write: (run, flags) => write(run, flags.join(" ")) };
}

function changing(change: (known: readonly string[], given: readonly string[]) => readonly string[]): CommandRule {
  return {
    needs: "imap4flags",
    compile: (node: Command, c: Compiler): Step => {
      const args = c.take(node, { positional: ["string", "strings"], optional: 1 });
      const { read, write } = variable(c, args.positional[0]);
      const texts = c.texts(args.positional[1]);
      return (run) => {
        write(run, change(read(run), flagList(texts(run))));
        return next;
      };
    },
  };
}

export const flagCommands: { readonly [name: string]: CommandRule } = {
  setflag: changing((_, given) => given),
  addflag: changing((known, given) => flagList([...known, ...given])),
  removeflag: changing((known, given) => {
    const gone = new Set(given.map((flag) => flag.toLowerCase()));
    return known.filter((flag) => !gone.has(flag.toLowerCase()));
  }),
};

export const flagTests: { readonly [name: string]: TestRule } = {
  hasflag: {
    needs: "imap4flags",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["strings", "strings"], optional: 1 });
      const names = args.positional[0];
      const keys = args.positional[1];
      const variables = names === undefined ? [internal] : variablesOf(c, names);
      // Keys are lists of flags too; with :count and :value they are numbers and texts.
      const matches = matcherOf(c, args, keys === undefined ? undefined : splitKeys(c, keys, args.tags));
      return (run) => {
        const flags = variables.flatMap(({ read }) => read(run));
        return matches(run, flags);
      };
    },
  },
};

function variablesOf(c: Compiler, names: Argument): readonly Variable[] {
  if (names.kind !== "strings") throw new ScriptError(names.at, "the names of variables were expected");
  return names.values.map((_, index) =>
    variable(c, { ...names, values: [names.values[index]!], ats: [names.ats[index]!], isList: false }),
  );
}

/** "\\Seen \\Flagged" is two keys. */
function splitKeys(c: Compiler, keys: Argument, tags: ReadonlyMap<string, Argument>): Argument {
  if (keys.kind !== "strings" || tags.has("count") || tags.has("value") || c.constants(keys) === undefined) return keys;
  const parts = keys.values.flatMap((value, index) =>
    value.split(/ +/).map((part) => ({ value: part, at: keys.ats[index]! })),
  );
  return { ...keys, values: parts.map(({ value }) => value), ats: parts.map(({ at }) => at), isList: true };
}
