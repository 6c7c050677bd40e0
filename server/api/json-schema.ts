import { z } from "zod";

export type Json = { [name: string]: unknown };

/** A schema as JSON Schema writes it: of what is asked for, or of what is answered. */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): Json {
  const made = z.toJSONSchema(schema, { io, unrepresentable: "any", target: "draft-2020-12", override });
  const { $schema: _, ...rest } = made as Json;
  return rest;
}

/** Where a schema says itself what it takes, before that is read into something else, what it becomes does not stand beside that. */
function override({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: object }): void {
  const said = z.globalRegistry.get(zodSchema);
  if (said?.["anyOf"] === undefined && said?.["type"] === undefined) return;
  for (const name of Object.keys(jsonSchema)) if (!(name in said)) delete (jsonSchema as Json)[name];
}
