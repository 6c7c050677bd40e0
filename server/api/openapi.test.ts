/** The OpenAPI file by the judgement of somebody else: the schema of OpenAPI 3.1, and references that lead somewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { loadRoutes } from "./load.ts";
import { openApi } from "./openapi.ts";

type Json = { [name: string]: Json };
const routes = (await loadRoutes()).all;
const written = (): Json => JSON.parse(JSON.stringify(openApi(routes, "1.2.3"))) as Json;

async function faults(document: Json): Promise<unknown> {
  const validator = new Validator();
  const found = await validator.validate(document);
  assert.equal(validator.version, "3.1");
  return found.valid ? undefined : found.errors;
}

test("it is valid OpenAPI 3.1, and the validator sees what is not", async () => {
  assert.equal(await faults(written()), undefined);
  const broken = written();
  const [path = ""] = Object.keys(broken["paths"]!);
  broken["paths"]![path]!["get"] = { responses: 7 } as unknown as Json;
  assert.notEqual(await faults(broken), undefined);
});

test("every reference leads somewhere, every place in a path has its parameter, every operation a name of its own", () => {
  const document = written();
  const references = new Set<string>();
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (name === "$ref" && typeof part === "string") references.add(part);
      walk(part);
    }
  };
  walk(document);
  assert.ok(references.size > 20);
  for (const reference of references) {
    let at: Json | undefined = document;
    for (const name of reference.slice(2).split("/")) at = at?.[name];
    assert.ok(reference.startsWith("#/") && at !== undefined, reference);
  }
  const names = new Set<string>();
  let operations = 0;
  for (const [path, item] of Object.entries(document["paths"]!))
    for (const [method, about] of Object.entries(item)) {
      const { parameters = [], operationId } = about as unknown as {
        readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
        readonly operationId: string;
      };
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const said = parameters.filter((one) => one.in === "path" && one.required === true).map(({ name }) => name);
      assert.deepEqual(said.sort(), wanted.sort(), `${method} ${path}`);
      names.add(operationId);
      operations++;
    }
  assert.equal(names.size, operations);
  assert.equal(operations, routes.length);
});
