/** PatchObject (RFC 8620 §5.3): paths and their new values. */
import { escapePointer } from "./check.ts";
import { invalidProperties, isObject, type Json, type JsonObject, type SetError, setError } from "./types.ts";

export type Patched = { readonly ok: JsonObject } | { readonly path: string; readonly why: string };

/** Levels of a path; nothing that is patched lies deeper. */
const maxPathTokens = 100;

/** One more than a path may have says that it is too deep. */
const tokensOf = (path: string): string[] =>
  path.split("/", maxPathTokens + 1).map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** What a patch does to an object: a new value for a property (null takes it away), or what is done within it. */
type Step = { readonly path: string; readonly value: Json } | { readonly path: string; readonly within: Steps };
type Steps = Map<string, Step>;

/** The object after the patch. Null takes a property away (its default then holds). */
export function applyPatch(before: JsonObject, patch: JsonObject): Patched {
  const steps = stepsOf(patch);
  return "why" in steps ? steps : apply(before, steps);
}

function stepsOf(patch: JsonObject): Steps | Exclude<Patched, { ok: unknown }> {
  const all: Steps = new Map();
  // In order, a path that is the beginning of another comes before all that begin with it.
  for (const path of Object.keys(patch).sort()) {
    const tokens = tokensOf(path);
    if (tokens.length > maxPathTokens) return { path: path.slice(0, 200), why: "it is too deep." };
    const last = tokens.pop()!;
    let steps = all;
    for (const token of tokens) {
      let step = steps.get(token);
      if (step === undefined) steps.set(token, (step = { path, within: new Map() }));
      if ("value" in step) return { path, why: `"${step.path}" is patched too.` };
      steps = step.within;
    }
    const other = steps.get(last);
    if (other !== undefined) return { path, why: `"${other.path}" is patched too.` };
    steps.set(last, { path, value: patch[path] as Json });
  }
  return all;
}

/** Each object that something is done to is made anew once. */
function apply(object: JsonObject, steps: Steps): Patched {
  const after = new Map(Object.entries(object));
  for (const [name, step] of steps) {
    if ("value" in step) {
      if (step.value === null) after.delete(name);
      else after.set(name, step.value);
      continue;
    }
    const { path, within } = step;
    if (!after.has(name)) return { path, why: `there is no "${name}".` };
    const inner = after.get(name);
    if (Array.isArray(inner)) return { path, why: `"${name}" is an array, which is replaced whole.` };
    if (!isObject(inner)) return { path, why: `"${name}" is no object.` };
    const put = apply(inner as JsonObject, within);
    if ("why" in put) return put;
    after.set(name, put.ok);
  }
  return { ok: Object.fromEntries(after) };
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
