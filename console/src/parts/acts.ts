/** What can be done about one thing: the requests of the API whose path begins with its own. */
import type { Row } from "../api/call.ts";
import type { Description, Operation } from "../api/description.ts";
import type { Resource } from "../resources.ts";
import { label } from "../say.ts";

export type ActKind = "change" | "delete" | "other";
export type ActOn = {
  readonly kind: ActKind;
  readonly operation: Operation;
  readonly title: string;
  /** Whether there is anything to be done about this one. */
  readonly when: (row: Row) => boolean;
  /** It is not there any more afterwards. */
  readonly ends: boolean;
};

/** The parameter that names the thing in paths: "account" of "/accounts/{account}". */
export function itemPath(
  api: Description,
  { path }: Resource,
): { readonly path: string; readonly param: string } | undefined {
  for (const operation of api.operations) {
    const rest = operation.path.startsWith(`${path}/{`) ? operation.path.slice(path.length) : undefined;
    const param = /^\/\{(\w+)\}(?:\/|$)/.exec(rest ?? "")?.[1];
    if (param !== undefined) return { path: `${path}/{${param}}`, param };
  }
  return undefined;
}

export function actsOn(
  api: Description,
  resource: Resource,
  allowed: (method: string, path: string) => boolean,
): readonly ActOn[] {
  const item = itemPath(api, resource);
  if (item === undefined) return [];
  const found: ActOn[] = [];
  const add = (kind: ActKind, operation: Operation, verb: string): void => {
    const { title = label(verb), when = () => true, ends = kind === "delete" } = resource.acts?.[verb] ?? {};
    found.push({ kind, operation, title, when, ends });
  };
  for (const operation of api.operations) {
    const { method, path } = operation;
    if (!allowed(method, path)) continue;
    if (path === item.path && method === "PATCH") add("change", operation, "change");
    else if (path === item.path && method === "DELETE") add("delete", operation, "delete");
    else if (method === "POST" && path.startsWith(`${item.path}/`)) {
      const verb = path.slice(item.path.length + 1);
      // Below it a list of its own: that one has its own way to add.
      if (
        !verb.includes("/") &&
        !verb.includes("{") &&
        !resource.without?.includes(verb) &&
        api.find("GET", path) === undefined
      )
        add("other", operation, verb);
    }
  }
  const order: readonly ActKind[] = ["change", "other", "delete"];
  return found.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}
