/** From the text of a TOML file to a checked value, or to all its mistakes at once, each with its line. */
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { keyLines } from "./toml-lines.ts";

export type Mistake = { readonly line: number | undefined; readonly key: string; readonly message: string };
export type ReadToml<T> =
  | { readonly kind: "ok"; readonly value: T }
  /** `raw` is what could be read at all. */
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[]; readonly raw?: unknown };

/** Never throws for what a person may have written. */
export function readToml<Schema extends z.ZodType>(text: string, schema: Schema): ReadToml<z.infer<Schema>> {
  let raw: unknown;
  try {
    raw = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "");
    return { kind: "mistakes", mistakes: [{ line: error.line, key: "", message: `not readable as TOML: ${message}` }] };
  }
  return checkValue(raw, schema, keyLines(text));
}

/** The same of a value that no file holds: its mistakes have no lines. */
export function checkValue<Schema extends z.ZodType>(
  raw: unknown,
  schema: Schema,
  lineOf: ReturnType<typeof keyLines> = () => undefined,
): ReadToml<z.infer<Schema>> {
  const result = schema.safeParse(raw, { error: wordsFor });
  if (result.success) return { kind: "ok", value: result.data };
  const mistakes = result.error.issues.flatMap((issue) => mistakesOf(issue, lineOf));
  mistakes.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  return { kind: "mistakes", mistakes, raw };
}

function mistakesOf(issue: z.core.$ZodIssue, lineOf: ReturnType<typeof keyLines>): readonly Mistake[] {
  const path = issue.path.filter((part) => typeof part !== "symbol");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const full = [...path, key];
      return { line: lineOf(full), key: full.join("."), message: "there is no such setting" };
    });
  // What is missing has no line of its own: that of what it is missing in.
  const place = issue.message === missing ? path.slice(0, -1) : path;
  return [{ line: lineOf(place), key: path.join("."), message: issue.message }];
}

const missing = "this is missing";

const kindWords: { readonly [type: string]: string } = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
};

/** What follows on the name of a setting; a schema's own words go before these. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? missing : `must be ${kindWords[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "too_small":
      return issue.origin === "number"
        ? `must be ${issue.inclusive === false ? "above" : "at least"} ${issue.minimum}`
        : `must have at least ${issue.minimum} ${issue.origin === "string" ? "characters" : "entries"}`;
    case "too_big":
      return issue.origin === "number"
        ? `must be ${issue.inclusive === false ? "below" : "at most"} ${issue.maximum}`
        : `must have at most ${issue.maximum} ${issue.origin === "string" ? "characters" : "entries"}`;
    default:
      return undefined;
  }
}

/** "angarium.toml:12: imap.maxSessions: must be a number"; "line 12: …" where the name of the file is not known. */
export function describeMistake(file: string | undefined, { line, key, message }: Mistake): string {
  const place =
    file === undefined ? line !== undefined && `line ${line}` : line === undefined ? file : `${file}:${line}`;
  return [place, key, message].filter((part) => part !== false && part !== "").join(": ");
}
