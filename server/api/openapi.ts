/** The OpenAPI 3.1 file, made from the schemas that check the requests. */
import type { z } from "zod";
import { type Json, jsonSchemaOf } from "./json-schema.ts";
import { codeOf, type Kind, kinds, titles } from "./problem.ts";
import { changes, refusalsOf, takesIfMatch, takesKeys } from "./refusals.ts";
import { page, type Route } from "./route.ts";

/** A schema in JSON Schema, its named parts moved to the components. */
function jsonSchema(schema: z.ZodType, io: "input" | "output", components: Json): Json {
  const { $defs, ...rest } = jsonSchemaOf(schema, io);
  for (const [name, definition] of Object.entries(($defs ?? {}) as Json)) components[name] ??= moved(definition);
  const { id, ...plain } = rest as Json & { readonly id?: string };
  if (typeof id !== "string") return moved(plain) as Json;
  components[id] ??= moved(plain);
  return { $ref: `#/components/schemas/${id}` };
}

function moved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(moved);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) =>
      name === "id" && typeof part === "string"
        ? []
        : [
            [
              name,
              name === "$ref" && typeof part === "string"
                ? part.replace("#/$defs/", "#/components/schemas/")
                : moved(part),
            ],
          ],
    ),
  );
}

const problemSchema = {
  type: "object",
  description: "RFC 9457. `errors` names each wrong field.",
  properties: {
    type: { type: "string" },
    code: { type: "string", description: "The kind of problem in one word: it does not change, as the sentences may." },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        properties: { detail: { type: "string" }, pointer: { type: "string" }, parameter: { type: "string" } },
        required: ["detail"],
      },
    },
  },
  required: ["type", "code", "title", "status", "detail"],
};

const whoText = {
  user: "Everybody, for what is their own.",
  domain: "Administrators of the domain, of its tenant and of the platform.",
  tenant: "Administrators of the tenant and of the platform.",
  platform: "Administrators of the platform.",
} as const;

export function openApi(routes: readonly Route[], version: string): Json {
  const components: Json = { Problem: problemSchema };
  const paths: { [path: string]: Json } = {};
  const refusals: Json = {};
  for (const one of routes) (paths[one.path] ??= {})[one.method.toLowerCase()] = operation(one, components, refusals);
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Angarium",
      version,
      description:
        "Everything the console and the command line can do. Errors are RFC 9457 problems. Lists come in pages: `next` is the cursor of the following one. POST, PUT, PATCH and DELETE take an Idempotency-Key; PUT, PATCH and DELETE an If-Match with the ETag of what was read.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/api/v1" }],
    security: [{ bearer: [] }, { basic: [] }, { session: [] }],
    tags: [...new Set(routes.map(({ area }) => area))].sort().map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A token of POST /accounts/{account}/tokens." },
        basic: { type: "http", scheme: "basic", description: "Name and password, over TLS." },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "angarium_session",
          description: "The session of POST /auth/login; writing needs the header X-Requested-With or the same origin.",
        },
      },
      schemas: components,
      responses: refusals,
    },
  };
}

const headersWith: { readonly [status: number]: { readonly [name: string]: string } } = {
  401: { "WWW-Authenticate": "The ways to say who asks." },
  429: { "Retry-After": "Seconds to wait." },
};

/** What a request may be refused with, by status; alike ones share an entry of the components. */
function refused(route: Route, shared: Json): Json {
  const byStatus = Map.groupBy(refusalsOf(route), (kind) => kinds[kind][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, found]) => {
      const all = found.toSorted();
      const name = [status, ...all].join(".");
      shared[name] ??= refusal(status, all);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

function refusal(status: number, all: readonly Kind[]): Json {
  const headers = Object.entries(headersWith[status] ?? {});
  const told = all.map((kind) => `\`${codeOf(kind)}\`: ${kinds[kind][1]}`);
  return {
    description: `${titles[status]}. ${told.join(" ")}`,
    ...(headers.length === 0
      ? {}
      : {
          headers: Object.fromEntries(
            headers.map(([name, description]) => [name, { description, schema: { type: "string" } }]),
          ),
        }),
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { code: { enum: all.map(codeOf) }, status: { const: status } } },
          ],
        },
      },
    },
  };
}

function operation(one: Route, components: Json, refusals: Json): Json {
  const parameters: Json[] = Object.entries(one.params).map(([name, { schema }]) => ({
    name,
    in: "path",
    required: true,
    schema: jsonSchema(schema, "input", components),
  }));
  for (const [name, schema] of Object.entries(one.query?.shape ?? {}) as [string, z.ZodType][]) {
    const json =
      name === "cursor" && schema === page.cursor ? { type: "string" } : jsonSchema(schema, "input", components);
    const { description, ...rest } = json as Json & { readonly description?: string };
    parameters.push({
      name,
      in: "query",
      required: false,
      ...(description === undefined ? {} : { description }),
      schema: rest,
    });
  }
  if (takesKeys(one))
    parameters.push({
      name: "Idempotency-Key",
      in: "header",
      required: false,
      description: "The same request with the same key is done once.",
      schema: { type: "string", maxLength: 200 },
    });
  if (takesIfMatch(one))
    parameters.push({
      name: "If-Match",
      in: "header",
      required: false,
      description: "The ETag of what was read: 412 where it has changed since.",
      schema: { type: "string" },
    });
  const content = (schema: z.ZodType, io: "input" | "output", type = "application/json"): Json => ({
    [type]: { schema: jsonSchema(schema, io, components) },
  });
  return {
    operationId: operationId(one),
    summary: one.summary,
    description: [one.description, one.who === undefined ? undefined : whoText[one.who]].filter(Boolean).join(" "),
    tags: [one.area],
    ...(one.who === undefined ? { security: [] } : {}),
    "x-scope": `${one.area}:${changes(one) ? "write" : "read"}`,
    "x-role": one.who ?? "nobody",
    // Without who may: for those who see it only where they may.
    ...(one.description === undefined ? {} : { "x-about": one.description }),
    parameters,
    ...(one.body === undefined
      ? one.takesBytes === true
        ? { requestBody: { required: true, content: { "application/octet-stream": {} } } }
        : {}
      : { requestBody: { required: !one.body.safeParse(undefined).success, content: content(one.body, "input") } }),
    responses: {
      [one.status]:
        one.answer === undefined
          ? { description: "Done." }
          : {
              description: one.summary,
              ...(one.status === 201 ? { headers: { Location: { schema: { type: "string" } } } } : {}),
              content: content(one.answer, "output", one.type),
            },
      ...(one.inPart === undefined || one.answer === undefined
        ? {}
        : { 200: { description: one.inPart, content: content(one.answer, "output", one.type) } }),
      ...refused(one, refusals),
    },
  };
}

/** "GET /accounts/{account}/tokens" is get-accounts-by-account-tokens. */
function operationId({ method, path }: Route): string {
  const words = path.split("/").flatMap((part) => (part.startsWith("{") ? ["by", part.slice(1, -1)] : [part]));
  return [method.toLowerCase(), ...words.filter((word) => word !== "")].join("-");
}
