/** Arguments that are taken from earlier answers: RFC 8620 §3.7. */
import { failed, type Invocation, isObject, type Json, type JsonObject, type MethodResult } from "./types.ts";

/** Values that one reference may give: an answer that is copied again and again would grow without end. */
export const maxReferenceValues = 100_000;
/** Characters of texts and names that all references of one call give: copies of copies would grow without end. */
export const maxReferenceChars = 2_000_000;
const maxReferenceDepth = 1000;

/** The arguments with every "#name" replaced, or the error. `responses`: what has been answered so far. */
export function resolveReferences(args: JsonObject, responses: readonly Invocation[]): MethodResult {
  const names = Object.keys(args).filter((name) => name.startsWith("#"));
  if (names.length === 0) return { ok: args };
  const resolved: { [name: string]: Json } = {};
  const room = { values: maxReferenceValues, chars: maxReferenceChars };
  for (const [name, value] of Object.entries(args)) if (!name.startsWith("#")) resolved[name] = value;
  for (const name of names) {
    const plain = name.slice(1);
    if (Object.hasOwn(resolved, plain))
      return failed("invalidArguments", `/${plain} and /#${plain} cannot both be given.`, { arguments: [plain] });
    const value = resolve(args[name] as Json, responses);
    if (typeof value === "string") return failed("invalidResultReference", `/${name}: ${value}`);
    if (!fits(value.ok, room, maxReferenceDepth))
      return failed(
        "invalidResultReference",
        `/${name}: the references of this call lead to more than can be answered.`,
      );
    resolved[plain] = value.ok;
  }
  return { ok: resolved };
}

/** Whether there is room for it. What is shared in memory counts wherever it stands: as JSON it is written out each time. */
function fits(value: Json, room: { values: number; chars: number }, depth: number): boolean {
  if (--room.values < 0 || depth < 0) return false;
  if (typeof value === "string") return (room.chars -= value.length) >= 0;
  if (Array.isArray(value)) return (value as readonly Json[]).every((one) => fits(one, room, depth - 1));
  if (!isObject(value)) return true;
  return Object.entries(value).every(
    ([name, one]) => (room.chars -= name.length) >= 0 && fits(one as Json, room, depth - 1),
  );
}

/** The value, or a sentence about why there is none. */
function resolve(reference: Json, responses: readonly Invocation[]): { readonly ok: Json } | string {
  if (!isObject(reference)) return "a ResultReference is an object.";
  const { resultOf, name, path } = reference as JsonObject;
  if (typeof resultOf !== "string" || typeof name !== "string" || typeof path !== "string")
    return "a ResultReference has resultOf, name and path, which are strings.";
  const response = responses.find(([, , callId]) => callId === resultOf);
  if (response === undefined) return `there is no answer yet with the call id "${resultOf}".`;
  if (response[0] !== name) return `the answer to "${resultOf}" is ${response[0]}, not ${name}.`;
  return evaluate(response[1], path);
}

/** A JSON pointer (RFC 6901) in which "*" goes through an array. */
export function evaluate(value: Json, pointer: string): { readonly ok: Json } | string {
  if (pointer === "") return { ok: value };
  if (!pointer.startsWith("/")) return "a path begins with a slash.";
  const tokens = pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  const budget = { left: maxReferenceValues };
  return walk(value, tokens, 0, budget);
}

function walk(
  value: Json,
  tokens: readonly string[],
  at: number,
  budget: { left: number },
): { readonly ok: Json } | string {
  if (--budget.left < 0) return `the path leads to more than ${maxReferenceValues} values.`;
  const token = tokens[at];
  if (token === undefined) return { ok: value };
  if (Array.isArray(value)) {
    if (token === "*") {
      const all: Json[] = [];
      for (const each of value as readonly Json[]) {
        const found = walk(each, tokens, at + 1, budget);
        if (typeof found === "string") return found;
        // What is an array in its turn is laid flat.
        if (Array.isArray(found.ok)) {
          budget.left -= found.ok.length;
          if (budget.left < 0) return `the path leads to more than ${maxReferenceValues} values.`;
          for (const inner of found.ok as readonly Json[]) all.push(inner);
        } else all.push(found.ok);
      }
      return { ok: all };
    }
    if (!/^(?:0|[1-9]\d*)$/.test(token)) return `"${token}" is no index of an array.`;
    const item = (value as readonly Json[])[Number(token)];
    return item === undefined ? `the array has no item ${token}.` : walk(item, tokens, at + 1, budget);
  }
  if (!isObject(value)) return `"${token}" is looked for in something that is neither object nor array.`;
  if (!Object.hasOwn(value, token)) return `there is no property "${token}".`;
  return walk((value as JsonObject)[token] as Json, tokens, at + 1, budget);
}
