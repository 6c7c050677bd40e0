/** What the thread for large bodies knows. */
import { countValues } from "../../protocol/json/values.ts";
import { sharedCopy } from "../store/shared-memory.ts";
import { parseBody } from "./body.ts";
import { type FieldProblem, type Kind, Problem } from "./problem.ts";
import type { Route } from "./route.ts";

export type TaskTypes = {
  /** A body as the schema of a route makes it; "much": it holds too many values, or they lie too deep. */
  readonly "read-body": {
    readonly args: {
      /** In `resources/`. */
      readonly file: string;
      readonly method: string;
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly maxValues: number;
      readonly maxDepth: number;
    };
    readonly result:
      | { readonly value: unknown }
      | "much"
      | {
          readonly kind: Kind;
          readonly detail: string;
          readonly errors: readonly FieldProblem[];
          readonly headers: { readonly [name: string]: string };
        };
  };
};

export const tasks: {
  readonly [N in keyof TaskTypes]: (args: TaskTypes[N]["args"]) => Promise<TaskTypes[N]["result"]>;
} = {
  "read-body": async ({ file, method, path, bytes, maxValues, maxDepth }) => {
    const { values, depth } = countValues(bytes, maxValues);
    if (values > maxValues || depth > maxDepth) return "much";
    const { routes } = (await import(`./resources/${file}`)) as { readonly routes: readonly Route[] };
    const route = routes.find((one) => one.method === method && one.path === path);
    if (route === undefined) throw new Error(`There is no ${method} ${path} in ${file}.`);
    const read = parseBody(route, bytes);
    if (!(read instanceof Problem)) return { value: shareFiles(read.value) };
    const { kind, detail, errors, headers } = read;
    return { kind, detail, errors, headers };
  },
};

/** Files in a value cross to the other thread without being copied. */
function shareFiles(value: unknown): unknown {
  if (value instanceof Uint8Array) return sharedCopy(value);
  if (Array.isArray(value)) return value.map(shareFiles);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shareFiles(one)]));
}
