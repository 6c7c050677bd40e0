/** A form as strings and booleans, and the JSON that it stands for. An object's fields stand beside the others, under its name: "limits/maxDomains". */
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
  | "pairs"
  | "rows"
  | "long";
/** The object that a field is in. */
export type Group = {
  readonly name: string;
  readonly hint: string | undefined;
  /** It is there with all that it must have, or not at all: whoever changes something of it sends the rest too. */
  readonly whole: boolean;
};
export type FormField = {
  readonly name: string;
  readonly group: Group | undefined;
  readonly schema: Schema;
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
  return Object.entries(whole.properties ?? {}).flatMap(([name, raw]): readonly FormField[] => {
    const schema = oneForm(description.plain(raw), description);
    if (schema.properties !== undefined) {
      const hint = raw.description ?? schema.description;
      const group: Group = { name, hint, whole: (schema.required ?? []).length > 0 };
      // Whoever leaves all of it empty leaves it out: what it must have is said when something of it is there.
      return fieldsOf(description, raw).map((one) => ({ ...one, name: `${name}/${one.name}`, group, required: false }));
    }
    const kind = kindOf(name, schema, description);
    // What no field can hold is for programs.
    if (kind === undefined) return [];
    const field: FormField = {
      name,
      group: undefined,
      schema,
      kind,
      // Programs write UTC, people what their own clock shows.
      hint:
        kind === "time" && schema.description === (raw.description ?? schema.description)
          ? undefined
          : (raw.description ?? schema.description),
      required: whole.required?.includes(name) === true && schema.default === undefined,
      nullable: description.nullable(raw),
      choices: (schema.enum ?? description.plain(schema.items).enum ?? []).map(String),
      usual: raw.default ?? schema.default,
      columns: kind === "rows" ? fieldsOf(description, description.plain(schema.items)) : [],
    };
    return [field];
  });
}

/** What takes several forms is written in the one that is a text, or else in the first. */
function oneForm(schema: Schema, description: Description): Schema {
  const forms = (schema.anyOf ?? []).map((one) => description.plain(one));
  return forms.find(({ type }) => type === "string") ?? forms[0] ?? schema;
}

function kindOf(name: string, schema: Schema, description: Description): Kind | undefined {
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
    return items.type === "string" ? "lines" : isFlat(items, description) ? "rows" : undefined;
  }
  if (type === "object") return "pairs";
  if (schema.format === "date-time") return "time";
  if (/password|secret/i.test(name)) return "password";
  return /^(text|note|reason|description|script|csv|footer|body|html)$/i.test(name) ? "long" : "text";
}

/** Whether it is an object of texts, choices and yes or no alone. */
function isFlat({ properties }: Schema, description: Description): boolean {
  const kinds = Object.entries(properties ?? {}).map(([name, one]) =>
    kindOf(name, description.plain(one), description),
  );
  return (
    kinds.length > 0 &&
    kinds.every((kind) => kind !== undefined && ["text", "choice", "yesno", "password"].includes(kind))
  );
}

/** What the form shows at first. */
export function written(fields: readonly FormField[], values: { readonly [name: string]: unknown }): Written {
  return Object.fromEntries(
    fields.map((field) => [field.name, shown(field, within(values, field.name) ?? field.usual)]),
  );
}
/** "limits/maxDomains" of `{limits: {maxDomains: 3}}`. */
function within(values: unknown, name: string): unknown {
  return name
    .split("/")
    .reduce<unknown>((at, part) => (at as { readonly [name: string]: unknown } | null | undefined)?.[part], values);
}

function shown({ kind }: FormField, value: unknown): string | boolean {
  if (kind === "yesno") return value === true;
  if (value === undefined || value === null) return "";
  if (kind === "bytes") return Number(value) === 0 ? "0" : bytes(Number(value));
  if (kind === "duration") return Number(value) === 0 ? "0" : duration(Number(value));
  if (kind === "lines" || kind === "several") return (value as readonly string[]).join("\n");
  if (kind === "rows") return JSON.stringify(value, null, 2);
  if (kind === "pairs")
    return Object.entries(value as object)
      .map(([name, one]) => `${name}: ${one}`)
      .join("\n");
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
  const isChanged = ({ name, group }: FormField): boolean =>
    now[name] !== before?.[name] ||
    (group?.whole === true && fields.some((one) => one.group === group && now[one.name] !== before?.[one.name]));
  for (const field of fields) {
    const value = now[field.name];
    if (before !== undefined && !isChanged(field)) continue;
    // What nobody has ticked in an object that may be left out says nothing.
    if (before === undefined && field.group !== undefined && value === false) continue;
    const read = meant(field, value ?? "");
    if (read !== undefined) put(body, field.name, read);
    else if (before !== undefined && field.nullable) put(body, field.name, null);
    else if (before !== undefined && field.kind === "pairs") put(body, field.name, {});
    else if (before !== undefined && field.kind === "text") put(body, field.name, "");
  }
  return body;
}
function put(body: { [name: string]: unknown }, name: string, value: unknown): void {
  const slash = name.indexOf("/");
  if (slash < 0) body[name] = value;
  else put((body[name.slice(0, slash)] ??= {}) as { [name: string]: unknown }, name.slice(slash + 1), value);
}

/** "gmail: 5000" in each line; a text where one has no colon. */
function readPairs(text: string, { additionalProperties: of }: Schema): unknown {
  const pairs: [string, unknown][] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const colon = line.indexOf(":");
    if (colon < 1) return text;
    const value = line.slice(colon + 1).trim();
    const number = typeof of === "object" && (of.type === "integer" || of.type === "number");
    pairs.push([line.slice(0, colon).trim(), number && !Number.isNaN(Number(value)) ? Number(value) : value]);
  }
  return Object.fromEntries(pairs);
}

function meant({ kind, schema }: FormField, value: string | boolean): unknown {
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
    case "rows":
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
    case "pairs":
      return readPairs(text, schema);
    default:
      return text;
  }
}

/** Fields in the order of the form, those of one object together. */
export function runsOf(fields: readonly FormField[]): readonly (readonly [FormField, ...FormField[]])[] {
  const runs: [FormField, ...FormField[]][] = [];
  for (const field of fields) {
    const last = runs.at(-1);
    if (last !== undefined && field.group !== undefined && last[0].group === field.group) last.push(field);
    else runs.push([field]);
  }
  return runs;
}

/** A list as lines, with one more choice or one less; in the order of `choices`. */
export function toggled(lines: string, choice: string, choices: readonly string[]): string {
  const chosen = new Set(lines.split("\n"));
  if (!chosen.delete(choice)) chosen.add(choice);
  return choices.filter((one) => chosen.has(one)).join("\n");
}
