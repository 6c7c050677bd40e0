import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";

/** What a schema of the OpenAPI file, which may refer to those it shares with others, finds wrong: the deepest first. */
export function schemaErrors(
  schema: object,
  schemas: { readonly [name: string]: unknown },
  value: unknown,
): readonly OutputUnit[] {
  const whole = { ...schema, components: { schemas } } as unknown as Schema;
  const { valid, errors } = new Validator(whole, "2020-12", false).validate(value);
  return valid ? [] : errors;
}
