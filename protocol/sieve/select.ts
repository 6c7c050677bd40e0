/** Which field values a test looks at: by name, by index (RFC 5260 §6), in the message or its parts (RFC 5703 §4). */
import { parameterText, parseParameterized } from "../mime/fields/parameters.ts";
import type { Part } from "../mime/parse.ts";
import { partsOf } from "../mime/searchable.ts";
import type { Arguments, Compiler, TagSpec } from "./compiler.ts";
import { ScriptError } from "./mistake.ts";
import type { Run } from "./run.ts";

export const indexTags: { readonly [name: string]: TagSpec } = {
  index: { value: "number", needs: "index" },
  last: { needs: "index" },
};

export const mimeTags: { readonly [name: string]: TagSpec } = {
  mime: { needs: "mime" },
  anychild: { needs: "mime" },
  type: { needs: "mime", group: "mimeopts" },
  subtype: { needs: "mime", group: "mimeopts" },
  contenttype: { needs: "mime", group: "mimeopts" },
  param: { needs: "mime", group: "mimeopts", value: "strings" },
};

/** Values of the fields with this name. */
export type Select = (run: Run, key: string) => readonly string[];

/** `decoded`: in Unicode; otherwise byte strings, whose addresses or dates are read first. */
export function selectorOf(c: Compiler, args: Arguments, decoded: boolean): Select {
  const pick = pickerOf(args);
  const option = optionOf(c, args);
  const isMime = args.tags.has("mime");
  const anyChild = args.tags.has("anychild");
  if (!isMime && (anyChild || option !== undefined))
    throw new ScriptError(args.at, ":anychild and the options of :mime stand with :mime only");
  const read = (run: Run, key: string, part: Part | undefined): readonly string[] => {
    if (decoded && option === undefined) return pick(run.message.values(key, part));
    const values = pick(run.message.fields(key, part).map(({ value }) => value));
    return option === undefined ? values : values.flatMap((value) => option(run, key, value));
  };
  if (!isMime) return (run, key) => read(run, key, undefined);
  if (!anyChild) return (run, key) => read(run, key, run.part);
  return (run, key) => {
    const values: string[] = [];
    const top = run.part ?? run.message.root();
    for (const part of partsOf(top)) {
      run.spend(1);
      values.push(...read(run, key, part));
    }
    return values;
  };
}

/** RFC 5260 §6: one of several fields of a name. */
function pickerOf(args: Arguments): (values: readonly string[]) => readonly string[] {
  const index = args.tags.get("index");
  const last = args.tags.has("last");
  if (index === undefined) {
    if (last) throw new ScriptError(args.at, ":last stands with :index only");
    return (values) => values;
  }
  if (index.kind !== "number" || index.value < 1) throw new ScriptError(index.at, ":index counts from 1");
  const { value } = index;
  return (values) => {
    const found = last ? values.at(-value) : values[value - 1];
    return found === undefined ? [] : [found];
  };
}

type Option = (run: Run, key: string, value: string) => readonly string[];

/** RFC 5703 §4.1: parts of a structured MIME field. */
function optionOf(c: Compiler, args: Arguments): Option | undefined {
  const typeOf = (value: string): string => parseParameterized(value).value;
  const half =
    (index: number): Option =>
    (_, key, value) => {
      const [type = "", subtype = ""] = typeOf(value).split("/");
      if (key === "content-type") return [[type, subtype][index]!];
      return index === 0 ? [type] : [];
    };
  if (args.tags.has("type")) return half(0);
  if (args.tags.has("subtype")) return half(1);
  if (args.tags.has("contenttype")) return (_, __, value) => [typeOf(value)];
  const names = args.tags.get("param");
  if (names === undefined) return undefined;
  const texts = c.texts(names);
  return (run, _, value) => {
    const { parameters } = parseParameterized(value);
    return texts(run).flatMap((name) => {
      const found = parameterText(parameters, name.toLowerCase());
      return found === undefined ? [] : [found];
    });
  };
}
