/** Holds what a server is asked and answers against its own OpenAPI file: whatever happens in any test, the file says that it may. */
import assert from "node:assert/strict";
import { schemaErrors } from "../console/src/api/schema-errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: an OpenAPI file.
type Json = any;
type Answer = { readonly status: number; readonly body: unknown };

const descriptions: { [origin: string]: Promise<Description> } = {};

/** Fails where the file does not describe this request, or this answer. */
export async function isDescribed(
  origin: string,
  method: string,
  path: string,
  sent: unknown,
  answer: Answer,
): Promise<void> {
  descriptions[origin] ??= fetch(`${origin}/api/v1/openapi.json`)
    .then((got) => got.json() as Promise<Json>)
    .then((file) => new Description(file));
  (await descriptions[origin]).check(method, path, sent, answer);
}

class Description {
  readonly #file: Json;
  /** Paths by their number of parts; what is spelled out goes before what is open. */
  readonly #paths: ReadonlyMap<number, readonly (readonly string[])[]>;

  constructor(file: Json) {
    this.#file = file;
    const all = Object.keys(file.paths).map((path) => path.split("/"));
    const opens = (parts: readonly string[]): number => parts.filter((part) => part[0] === "{").length;
    this.#paths = Map.groupBy(
      all.sort((one, other) => opens(one) - opens(other)),
      (parts) => parts.length,
    );
  }

  check(method: string, path: string, sent: unknown, { status, body }: Answer): void {
    const operation = this.#operation(method.toLowerCase(), path);
    if (operation === undefined) return;
    const told = `${method} ${path} (${status})`;
    const response = this.#resolved(operation.responses[status]);
    if (status === 304) return;
    assert.ok(response !== undefined, `${told} is not described: ${JSON.stringify(body)}`);
    const answered = response.content?.[status < 400 ? "application/json" : "application/problem+json"]?.schema;
    if (answered !== undefined) this.#fits(answered, body, `${told}: the answer`);
    const asked = operation.requestBody?.content["application/json"]?.schema;
    if (status < 300 && sent !== undefined && asked !== undefined)
      this.#fits(asked, JSON.parse(JSON.stringify(sent)), `${told}: the body`);
  }

  #operation(method: string, path: string): Json {
    const parts = path.split("?", 1)[0]!.split("/");
    const fits = this.#paths
      .get(parts.length)
      ?.filter((wanted) => wanted.every((part, at) => part[0] === "{" || part === parts[at]))
      .find((wanted) => method in this.#file.paths[wanted.join("/")]);
    return fits === undefined ? undefined : this.#file.paths[fits.join("/")][method];
  }

  #resolved(response: Json): Json {
    return response?.$ref === undefined ? response : this.#file.components.responses[response.$ref.split("/").at(-1)];
  }

  #fits(schema: Json, value: unknown, what: string): void {
    const errors = schemaErrors(schema, this.#file.components.schemas, value);
    const said = errors.slice(0, 3).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
    assert.deepEqual(said, [], `${what} is not as described: ${JSON.stringify(value).slice(0, 2000)}`);
  }
}
