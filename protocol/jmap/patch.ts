/** PatchObject (RFC 8620 §5.3): paths and their new values. */
import { escapePointer } from "./check.ts";
import { invalidProperties, isObject, type Json, type JsonObject, type SetError, setError } from "./types.ts";

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

/**
 * The patch without what says again how it is: RFC 8620 §5.3 lets a client send the whole object, with all that only the server
 * sets, as long as that is what the server has.
 */
export const withoutSame = (patch: JsonObject, current: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(patch).filter(([name, value]) => !Object.hasOwn(current, name) || !isSame(value, current[name])),
  ) as JsonObject;

/** Whatever the order of an object's names. */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((each, i) => isSame(each, other[i]));
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}

/** What a map from names to true becomes: what is added, what is taken away. */
export type MapPatch =
  | { readonly kind: "set"; readonly names: readonly string[] }
  | { readonly kind: "patch"; readonly add: readonly string[]; readonly remove: readonly string[] };

/**
 * Reads `property` (whole; null is its default, none) and `property/name` (single ones) of an update of a set such as keywords or mailboxIds.
 * A path that cannot be is invalidPatch, a value that cannot be invalidProperties (RFC 8620 §5.3).
 */
export function setPatch(patch: JsonObject, property: string): MapPatch | undefined | SetError {
  const prefix = `${property}/`;
  const whole = patch[property] === null ? {} : patch[property];
  const wrong = (why: string) => invalidProperties([property], why);
  if (whole !== undefined) {
    if (!isObject(whole)) return wrong(`${property}: expected an object.`);
    for (const [name, value] of Object.entries(whole))
      if (value !== true) return wrong(`${property}/${escapePointer(name)}: expected true.`);
    for (const path of Object.keys(patch))
      if (path.startsWith(prefix)) return setError("invalidPatch", `${path}: ${property} is replaced as a whole too.`);
    return { kind: "set", names: Object.keys(whole) };
  }
  const [add, remove]: [string[], string[]] = [[], []];
  for (const [path, value] of Object.entries(patch)) {
    if (!path.startsWith(prefix)) continue;
    const tokens = tokensOf(path);
    if (tokens.length !== 2 || tokens[1] === "") return setError("invalidPatch", `${path}: there is nothing deeper.`);
    if (value === true) add.push(tokens[1] as string);
    else if (value === null) remove.push(tokens[1] as string);
    else return wrong(`${path}: expected true or null.`);
  }
  return add.length + remove.length === 0 ? undefined : { kind: "patch", add, remove };
}
