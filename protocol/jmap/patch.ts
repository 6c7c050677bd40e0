/** PatchObject (RFC 8620 §5.3): paths and their new values. */
import { escapePointer } from "./check.ts";
import { isObject, type Json, type JsonObject } from "./types.ts";

export type Patched = { readonly ok: JsonObject } | { readonly path: string; readonly why: string };

const tokensOf = (path: string): readonly string[] =>
  path.split("/").map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The object after the patch. Null takes a property away (its default then holds). */
export function applyPatch(before: JsonObject, patch: JsonObject): Patched {
  const paths = Object.keys(patch).sort();
  // In order, a path that is the beginning of another comes before all that begin with it.
  const all = new Set(paths);
  for (const path of paths)
    for (let cut = path.indexOf("/"); cut >= 0; cut = path.indexOf("/", cut + 1))
      if (all.has(path.slice(0, cut))) return { path, why: `"${path.slice(0, cut)}" is patched too.` };
  let after: JsonObject = before;
  for (const path of paths) {
    const put = set(after, tokensOf(path), 0, patch[path] as Json);
    if (typeof put === "string") return { path, why: put };
    after = put;
  }
  return { ok: after };
}

function set(object: JsonObject, tokens: readonly string[], at: number, value: Json): JsonObject | string {
  const name = tokens[at] as string;
  if (at === tokens.length - 1) {
    if (value === null) {
      const { [name]: _, ...rest } = object;
      return rest;
    }
    return { ...object, [name]: value };
  }
  if (!Object.hasOwn(object, name)) return `there is no "${name}".`;
  const inner = object[name];
  if (Array.isArray(inner)) return `"${name}" is an array, which is replaced whole.`;
  if (!isObject(inner)) return `"${name}" is no object.`;
  const put = set(inner as JsonObject, tokens, at + 1, value);
  return typeof put === "string" ? put : { ...object, [name]: put };
}

/** The top-level properties that a patch touches. */
export const patchedProperties = (patch: JsonObject): ReadonlySet<string> =>
  new Set(Object.keys(patch).map((path) => tokensOf(path)[0] as string));

/** What a map from names to true becomes: what is added, what is taken away; a sentence where the patch is wrong. */
export type MapPatch =
  | { readonly kind: "set"; readonly names: readonly string[] }
  | { readonly kind: "patch"; readonly add: readonly string[]; readonly remove: readonly string[] };

/** Reads `property` (whole) and `property/name` (single ones) of an update of a set such as keywords or mailboxIds. */
export function setPatch(patch: JsonObject, property: string): MapPatch | undefined | string {
  const prefix = `${property}/`;
  const whole = patch[property];
  if (whole !== undefined) {
    if (!isObject(whole)) return `${property}: expected an object.`;
    for (const [name, value] of Object.entries(whole))
      if (value !== true) return `${property}/${escapePointer(name)}: expected true.`;
    for (const path of Object.keys(patch))
      if (path.startsWith(prefix)) return `${path}: ${property} is replaced as a whole too.`;
    return { kind: "set", names: Object.keys(whole) };
  }
  const [add, remove]: [string[], string[]] = [[], []];
  for (const [path, value] of Object.entries(patch)) {
    if (!path.startsWith(prefix)) continue;
    const tokens = tokensOf(path);
    if (tokens.length !== 2 || tokens[1] === "") return `${path}: there is nothing deeper.`;
    if (value === true) add.push(tokens[1] as string);
    else if (value === null) remove.push(tokens[1] as string);
    else return `${path}: expected true or null.`;
  }
  return add.length + remove.length === 0 ? undefined : { kind: "patch", add, remove };
}
