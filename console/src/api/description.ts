/** The OpenAPI file of this server: which requests there are, and the schemas that both sides check with. */
import { call } from "./call.ts";

export type Schema = {
  readonly type?: string | readonly string[];
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
  readonly description?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly writeOnly?: boolean;
};

export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly schema: Schema;
};

export type Operation = {
  readonly method: string;
  /** Below /api/v1. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  /** What it does beyond its summary, without who may. */
  readonly about: string | undefined;
  readonly area: string;
  readonly scope: string;
  readonly role: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
  readonly status: string;
  readonly answer: Schema | undefined;
  /** What it may be refused with: a sentence for each status. */
  readonly refusals: readonly { readonly status: string; readonly words: string }[];
};

type Media = { readonly [type: string]: { readonly schema?: Schema } };
type RawResponse = { readonly $ref?: string; readonly description?: string; readonly content?: Media };
type Raw = {
  readonly summary: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Media };
  readonly responses: { readonly [status: string]: RawResponse };
  readonly "x-scope"?: string;
  readonly "x-role"?: string;
  readonly "x-about"?: string;
};
type OpenApi = {
  readonly info: { readonly version: string };
  readonly paths: { readonly [path: string]: { readonly [method: string]: Raw } };
  readonly components: {
    readonly schemas: { readonly [name: string]: Schema };
    readonly responses: { readonly [name: string]: RawResponse };
  };
};

/** "#/components/responses/Busy" is Busy. */
const named = ($ref: string): string => $ref.slice($ref.lastIndexOf("/") + 1);
const schemaOf = (content: Media | undefined): Schema | undefined => Object.values(content ?? {})[0]?.schema;

export class Description {
  readonly version: string;
  readonly schemas: { readonly [name: string]: Schema };
  readonly operations: readonly Operation[];
  readonly #byName: ReadonlyMap<string, Operation>;

  constructor({ info, paths, components }: OpenApi) {
    this.version = info.version;
    this.schemas = components.schemas;
    this.operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, raw]) => {
        const [status = "", answer] = Object.entries(raw.responses).find(([code]) => code.startsWith("2")) ?? [];
        return {
          method: method.toUpperCase(),
          path,
          summary: raw.summary,
          description: raw.description ?? "",
          about: raw["x-about"],
          area: raw.tags?.[0] ?? "",
          scope: raw["x-scope"] ?? "",
          role: raw["x-role"] ?? "",
          parameters: raw.parameters ?? [],
          body: schemaOf(raw.requestBody?.content),
          status,
          answer: schemaOf(answer?.content),
          refusals: Object.entries(raw.responses)
            .filter(([code]) => code >= "4")
            .map(([code, { $ref, description }]) => ({
              status: code,
              words: ($ref === undefined ? description : components.responses[named($ref)]?.description) ?? "",
            })),
        };
      }),
    );
    this.#byName = new Map(this.operations.map((one) => [`${one.method} ${one.path}`, one]));
  }

  /** Parts of a path may have any names: "GET /accounts/{}" finds "/accounts/{account}". */
  find(method: string, path: string): Operation | undefined {
    const exact = this.#byName.get(`${method} ${path}`);
    if (exact !== undefined) return exact;
    const shape = path.replace(/\{\w*\}/g, "{}");
    return this.operations.find((one) => one.method === method && one.path.replace(/\{\w+\}/g, "{}") === shape);
  }

  /** A schema without its reference, and without the "or null" beside it. */
  plain(schema: Schema | undefined): Schema {
    if (schema === undefined) return {};
    if (schema.$ref !== undefined) {
      const { $ref, ...rest } = schema;
      return { ...this.plain(this.schemas[named($ref)]), ...rest };
    }
    const some = schema.anyOf?.filter(({ type }) => type !== "null");
    if (some?.length === 1) {
      const { anyOf: _, ...rest } = schema;
      return { ...this.plain(some[0]), ...rest };
    }
    return schema;
  }

  /** Whether null may stand there. */
  nullable(schema: Schema): boolean {
    const found = schema.$ref === undefined ? schema : this.plain(schema);
    return (
      found.anyOf?.some(({ type }) => type === "null") === true ||
      (Array.isArray(found.type) && (found.type as readonly string[]).includes("null"))
    );
  }

  /** What a page of a list has in it; undefined where the answer is no list. */
  itemOf(operation: Operation | undefined): Schema | undefined {
    const items = this.plain(operation?.answer).properties?.["items"];
    return items?.items === undefined ? undefined : this.plain(items.items);
  }
}

export const loadDescription = async (): Promise<Description> =>
  new Description(await call<OpenApi>("GET", "/openapi.json"));
