/** A form as strings and booleans, and the JSON that it stands for. */
import type { Description, Schema } from "../api/description.ts";
import { bytes, duration, localTime, readBytes, readDuration } from "../say.ts";

export type Kind =
  | "text"
  | "number"
  | "bytes"
  | "duration"
  | "choice"
  | "several"
  | "yesno"
  | "lines"
  | "time"
  | "password"
  | "json"
  | "rows"
  | "long";
export type FormField = {
  readonly name: string;
  readonly kind: Kind;
  readonly hint: string | undefined;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly choices: readonly string[];
  readonly usual: unknown;
  /** kind rows: the fields of each; the whole is written as JSON. */
  readonly columns: readonly FormField[];
};
export type Written = { [name: string]: string | boolean };

export function fieldsOf(description: Description, body: Schema | undefined): readonly FormField[] {
  const whole = description.plain(body);
  const properties = whole.properties ?? {};
  return Object.entries(properties).map(([name, raw]) => {
    const schema = description.plain(raw);
    const kind = kindOf(name, schema, description);
    return {
      name,
      kind,
      hint: raw.description ?? schema.description,
      required: whole.required?.includes(name) === true && schema.default === undefined,
      nullable: description.nullable(raw),
      choices: (schema.enum ?? description.plain(schema.items).enum ?? []).map(String),
      usual: raw.default ?? schema.default,
      columns: kind === "rows" ? fieldsOf(description, description.plain(schema.items)) : [],
    };
  });
}

function kindOf(name: string, schema: Schema, description: Description): Kind {
  const type = Array.isArray(schema.type)
    ? (schema.type as readonly string[]).find((one) => one !== "null")
    : schema.type;
  if (schema.enum !== undefined) return "choice";
  if (type === "boolean") return "yesno";
  if (type === "integer" || type === "number")
    return /bytes$/i.test(name) ? "bytes" : /Ms$/.test(name) ? "duration" : "number";
  if (type === "array") {
    const items = description.plain(schema.items);
    if (items.enum !== undefined) return "several";
    return items.type === "string" ? "lines" : isFlat(items, description) ? "rows" : "json";
  }
  if (type === "object") return "json";
  if (schema.format === "date-time") return "time";
  if (/password|secret/i.test(name)) return "password";
  return /^(text|note|reason|description|script|csv|footer|body)$/i.test(name) ? "long" : "text";
}

/** Whether it is an object of texts, choices and yes or no alone. */
function isFlat({ properties }: Schema, description: Description): boolean {
  const kinds = Object.entries(properties ?? {}).map(([name, one]) =>
    kindOf(name, description.plain(one), description),
  );
  return kinds.length > 0 && kinds.every((kind) => ["text", "choice", "yesno", "password"].includes(kind));
}

/** What the form shows at first. */
export function written(fields: readonly FormField[], values: { readonly [name: string]: unknown }): Written {
  return Object.fromEntries(fields.map((field) => [field.name, shown(field, values[field.name] ?? field.usual)]));
}
function shown({ kind }: FormField, value: unknown): string | boolean {
  if (kind === "yesno") return value === true;
  if (value === undefined || value === null) return "";
  if (kind === "bytes") return Number(value) === 0 ? "0" : bytes(Number(value));
  if (kind === "duration") return Number(value) === 0 ? "0" : duration(Number(value));
  if (kind === "lines" || kind === "several") return (value as readonly string[]).join("\n");
  if (kind === "json" || kind === "rows") return JSON.stringify(value, null, 2);
  if (kind === "time") return localTime(String(value));
  return String(value);
}

/** The body to send: what was left empty and may be left out is; what was not touched where `before` is given too. */
export function bodyOf(
  fields: readonly FormField[],
  now: Written,
  before: Written | undefined,
): { readonly [name: string]: unknown } {
  const body: { [name: string]: unknown } = {};
  for (const field of fields) {
    const value = now[field.name];
    if (before !== undefined && value === before[field.name]) continue;
    const read = meant(field, value ?? "");
    if (read !== undefined) body[field.name] = read;
    else if (before !== undefined && field.nullable) body[field.name] = null;
    else if (before !== undefined && field.kind === "text") body[field.name] = "";
  }
  return body;
}
function meant({ kind }: FormField, value: string | boolean): unknown {
  if (typeof value === "boolean") return value;
  const text = kind === "password" || kind === "long" ? value : value.trim();
  if (kind === "lines" || kind === "several") {
    const lines = text.split(/[\n,]/).map((line) => line.trim());
    return text === "" ? undefined : lines.filter(Boolean);
  }
  if (text === "") return undefined;
  switch (kind) {
    case "number":
      return Number.isNaN(Number(text)) ? text : Number(text);
    case "bytes":
      return readBytes(text) ?? text;
    case "duration":
      return readDuration(text) ?? text;
    case "time":
      return new Date(text).toISOString();
    case "json":
    case "rows":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    default:
      return text;
  }
}

/** A list as lines, with one more choice or one less; in the order of `choices`. */
export function toggled(lines: string, choice: string, choices: readonly string[]): string {
  const chosen = new Set(lines.split("\n"));
  if (!chosen.delete(choice)) chosen.add(choice);
  return choices.filter((one) => chosen.has(one)).join("\n");
}
