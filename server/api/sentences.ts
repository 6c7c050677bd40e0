/** What a schema finds wrong, in sentences that say what to do; a schema's own words go before these. */
import type { z } from "zod";

const kindWords: { readonly [type: string]: string } = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object with fields",
  record: "an object with fields",
  null: "null",
};

const counted: { readonly [origin: string]: string } = { string: "characters", array: "entries", set: "entries" };

/** For `safeParse(value, { error: sentenceOf })`. */
export function sentenceOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "This must be there.";
      if (Number.isNaN(issue.input)) return "Write a number.";
      return `This must be ${kindWord(issue.expected)}.`;
    case "too_small":
      return bound(issue.origin, issue.minimum, issue.inclusive !== false, "least");
    case "too_big":
      return bound(issue.origin, issue.maximum, issue.inclusive !== false, "most");
    case "invalid_value":
      return `This must be ${oneOf(issue.values.map((value: unknown) => JSON.stringify(value)))}.`;
    case "invalid_format":
      return formatWords[issue.format] ?? "This has the wrong form.";
    case "invalid_key":
      return "This is no name of a field here.";
    case "not_multiple_of":
      return `This must be a multiple of ${issue.divisor}.`;
    case "unrecognized_keys":
      return "There is no such field.";
    case "invalid_union":
      return issue.input === undefined ? "This must be there." : unionSentence(issue.errors);
    default:
      return "This has the wrong form.";
  }
}

/** Whether it says that the whole value is of another kind (a text, not a list). */
export const isOtherKind = ({ code, path }: Pick<z.core.$ZodIssue, "code" | "path">): boolean =>
  code === "invalid_type" && path.length === 0;

/** Of a value that has none of several forms. */
function unionSentence(errors: readonly (readonly z.core.$ZodIssue[])[]): string {
  const kinds = errors.map((issues) => issues.find(isOtherKind));
  if (kinds.includes(undefined)) return "This has the wrong form.";
  const words = new Set(kinds.map((one) => (one as z.core.$ZodIssueInvalidType).expected).map(kindWord));
  return `This must be ${[...words].join(", or ")}.`;
}

const kindWord = (expected: string): string => kindWords[expected] ?? `of the type ${expected}`;

const formatWords: { readonly [format: string]: string } = {
  email: "Write an address like anna@example.org.",
  url: "Write a URL like https://example.org/.",
  datetime: "Write a time in UTC like 2026-01-31T12:00:00Z.",
  date: "Write a day like 2026-01-31.",
  base64: "This must be Base64.",
  ipv4: "Write an IP address.",
  ipv6: "Write an IP address.",
};

function bound(origin: string, limit: number | bigint, inclusive: boolean, which: "least" | "most"): string {
  const what = counted[origin];
  if (what === undefined) {
    if (inclusive) return `The ${which} is ${limit}.`;
    return `This must be ${which === "least" ? "more" : "less"} than ${limit}.`;
  }
  if (which === "least" && Number(limit) === 1) return "This must not be empty.";
  return `At ${which} ${limit} ${what}.`;
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? (values[0] ?? "") : `one of ${values.join(", ")}`;
