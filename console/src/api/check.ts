/** Checks what is written in a form with the server's own schema, before anything is sent. */
import { type Schema as JsonSchema, Validator } from "@cfworker/json-schema";
import type { Description, Schema } from "./description.ts";

/** Sentences by the name of the field; empty: nothing is wrong. */
export type Faults = { readonly [name: string]: string };

export function faultsOf(
  schema: Schema,
  description: Description,
  value: { readonly [name: string]: unknown },
): Faults {
  const whole = { ...description.plain(schema), components: { schemas: description.schemas } };
  const { valid, errors } = new Validator(whole as JsonSchema, "2020-12", false).validate(value);
  const faults: { [name: string]: string } = {};
  if (valid) return faults;
  const properties = description.plain(schema).properties ?? {};
  for (const { keyword, instanceLocation, error } of errors) {
    const missing = keyword === "required" ? /"([^"]+)"/.exec(error)?.[1] : undefined;
    const name = missing ?? instanceLocation.split("/")[1];
    if (name === undefined || name === "" || properties[name] === undefined) continue;
    const said = fault(keyword, description.plain(properties[name]), error);
    // The deepest finding comes first and says most.
    if (said !== undefined) faults[name] ??= said;
  }
  return faults;
}

function fault(keyword: string, schema: Schema, error: string): string | undefined {
  switch (keyword) {
    case "required":
      return "Write something here.";
    case "minLength":
      return schema.minLength === 1 ? "Write something here." : `Write at least ${schema.minLength} characters.`;
    case "maxLength":
      return `Write at most ${schema.maxLength} characters.`;
    case "minimum":
    case "exclusiveMinimum":
      return `The least is ${schema.minimum ?? 0}.`;
    case "maximum":
      return `The most is ${schema.maximum}.`;
    case "enum":
    case "const":
      return `Choose one of ${(schema.enum ?? []).join(", ")}.`;
    case "pattern":
    case "format":
      return schema.format === "date-time"
        ? "Write a date and a time."
        : `This has the wrong form. ${schema.description ?? ""}`.trim();
    case "type":
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
