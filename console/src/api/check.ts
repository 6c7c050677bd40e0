/** Checks what is written in a form with the server's own schema, before anything is sent. */
import type { FormField } from "../parts/forms.ts";
import { bytes, duration } from "../say.ts";
import type { Description, Schema } from "./description.ts";
import { schemaErrors } from "./schema-errors.ts";

/** Sentences by the name of the field; empty: nothing is wrong. */
export type Faults = { readonly [name: string]: string };

export function faultsOf(
  schema: Schema,
  description: Description,
  value: { readonly [name: string]: unknown },
  fields: readonly FormField[],
): Faults {
  const errors = schemaErrors(description.plain(schema), description.schemas, value);
  const faults: { [name: string]: string } = {};
  for (const { keyword, instanceLocation, error } of errors) {
    const missing = keyword === "required" ? /"([^"]+)"/.exec(error)?.[1] : undefined;
    const field = fieldAt(missing === undefined ? instanceLocation : `${instanceLocation}/${missing}`, fields);
    if (field === undefined) continue;
    const { name } = field;
    const told = fault(keyword, name, field, error);
    // The deepest finding comes first and says most.
    if (told !== undefined) faults[name] ??= told;
  }
  return faults;
}

/** The field that a pointer such as "#/limits/maxDomains" leads to or into. */
export const fieldAt = (pointer: string, fields: readonly FormField[]): FormField | undefined =>
  fields.find(({ name }) => pointer === `#/${name}` || pointer.startsWith(`#/${name}/`));

const said = (name: string, value: number): string =>
  /bytes$/i.test(name) ? bytes(value) : /Ms$/.test(name) ? duration(value) : String(value);

function fault(keyword: string, name: string, { schema, kind }: FormField, error: string): string | undefined {
  switch (keyword) {
    case "required":
      return "Write something here.";
    case "minLength":
      return schema.minLength === 1 ? "Write something here." : `Write at least ${schema.minLength} characters.`;
    case "maxLength":
      return `Write at most ${schema.maxLength} characters.`;
    case "minimum":
    case "exclusiveMinimum":
      return `The least is ${said(name, schema.minimum ?? 0)}.`;
    case "maximum":
      return `The most is ${said(name, schema.maximum ?? 0)}.`;
    case "enum":
    case "const":
      return `Choose one of ${(schema.enum ?? []).join(", ")}.`;
    case "pattern":
    case "format":
      return schema.format === "date-time"
        ? "Write a date and a time."
        : `This has the wrong form. ${schema.description ?? ""}`.trim();
    case "type":
      if (kind === "pairs") return "Write a name, a colon and its value in each line.";
      if (/bytes$/i.test(name)) return "Write a size, such as 5 GB.";
      if (/Ms$/.test(name)) return "Write a time, such as 15 minutes.";
      return schema.type === "integer" ? "Write a whole number." : "This has the wrong form.";
    case "properties":
    case "items":
    case "anyOf":
    case "$ref":
    case "additionalProperties":
    case "false":
      return undefined;
    default:
      return error;
  }
}
