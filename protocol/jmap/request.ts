/** A request as it comes (RFC 8620 §3.3), with the problems of §3.6.1. */
import { countValues } from "../json/values.ts";
import { Mismatch } from "./check.ts";
import { notIJson } from "./i-json.ts";
import { type Invocation, isObject, type JmapRequest, type JsonObject, type Problem } from "./types.ts";

export type RequestLimits = { readonly maxCallsInRequest: number; readonly maxSizeRequest: number };

/** Objects and arrays within each other. */
export const maxJsonDepth = 100;
/** Values and names of a request: each costs far more than its bytes. */
export const maxJsonValues = 250_000;
/** Names of one object: of more the reader makes another kind of object, which takes ten times as long. */
export const maxJsonNames = 10_000;
const callIdChars = 1000;

const problem = (kind: "notJSON" | "notRequest" | "unknownCapability" | "limit"): string =>
  `urn:ietf:params:jmap:error:${kind}`;

export const limitProblem = (limit: string, detail: string, status = 400): Problem => ({
  type: problem("limit"),
  status,
  detail,
  limit,
});
const notRequest = (pointer: string, expected: string): Problem => ({
  type: problem("notRequest"),
  status: 400,
  detail: `${pointer === "" ? "The request" : pointer}: expected ${expected}.`,
  pointer,
});

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** I-JSON (RFC 7493): UTF-8, with no more in it than `maxJsonValues`, `maxJsonNames` and `maxJsonDepth` say. Others may have their turn between the steps. */
export function* readingJson(bytes: Uint8Array): Generator<undefined, { readonly value: unknown } | Problem> {
  const notJson = (detail: string): Problem => ({ type: problem("notJSON"), status: 400, detail });
  const { values, depth, names } = countValues(bytes, maxJsonValues);
  if (values > maxJsonValues || names > maxJsonNames)
    return limitProblem(
      "maxSizeRequest",
      `A request may hold ${maxJsonValues} values, and an object ${maxJsonNames} names: send what you have in several requests.`,
      413,
    );
  if (depth > maxJsonDepth) return notJson(`The request has more than ${maxJsonDepth} levels of arrays and objects.`);
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    const why = yield* notIJson(text);
    return why === undefined ? { value } : notJson(`The request is not JSON: ${why}`);
  } catch (error) {
    return notJson(`The request is not JSON: ${error instanceof SyntaxError ? error.message : "It is not UTF-8."}`);
  }
}

/** The same at once, for what is small. */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | Problem {
  const reading = readingJson(bytes);
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
  }
}

/** The request in a JSON value. `knows` tells which capabilities there are. */
export function readRequest(
  value: unknown,
  limits: RequestLimits,
  knows: (capability: string) => boolean,
): JmapRequest | Problem {
  if (!isObject(value)) return notRequest("", "an object");
  const { using, methodCalls, createdIds } = value;
  if (!Array.isArray(using)) return notRequest("/using", "an array of capabilities");
  for (const [i, capability] of using.entries()) {
    if (typeof capability !== "string") return notRequest(`/using/${i}`, "a string");
    if (!knows(capability))
      return {
        type: problem("unknownCapability"),
        status: 400,
        detail: `/using/${i}: this server does not know the capability "${capability.slice(0, 200)}".`,
        pointer: `/using/${i}`,
      };
  }
  if (!Array.isArray(methodCalls)) return notRequest("/methodCalls", "an array of method calls");
  if (methodCalls.length > limits.maxCallsInRequest)
    return limitProblem(
      "maxCallsInRequest",
      `A request may have ${limits.maxCallsInRequest} method calls; this one has ${methodCalls.length}.`,
    );
  const calls: Invocation[] = [];
  for (const [i, call] of methodCalls.entries()) {
    const checked = readCall(call, `/methodCalls/${i}`);
    if (checked instanceof Mismatch) return notRequest(checked.pointer, checked.expected);
    calls.push(checked);
  }
  const created = readCreated(createdIds);
  if (created instanceof Mismatch) return notRequest(created.pointer, created.expected);
  return { using: using as string[], methodCalls: calls, createdIds: created };
}

function readCall(call: unknown, pointer: string): Invocation | Mismatch {
  if (!Array.isArray(call) || call.length !== 3)
    return new Mismatch(pointer, "an array of a method's name, its arguments, and a call id");
  const [name, args, callId] = call as readonly unknown[];
  if (typeof name !== "string" || name.length > callIdChars)
    return new Mismatch(`${pointer}/0`, "the name of a method");
  if (!isObject(args)) return new Mismatch(`${pointer}/1`, "an object");
  if (typeof callId !== "string" || callId.length > callIdChars) return new Mismatch(`${pointer}/2`, "a string");
  return [name, args as JsonObject, callId];
}

function readCreated(value: unknown): { [creationId: string]: string } | undefined | Mismatch {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) return new Mismatch("/createdIds", "an object");
  const ids: { [creationId: string]: string } = {};
  for (const [creation, id] of Object.entries(value)) {
    if (typeof id !== "string") return new Mismatch(`/createdIds/${creation}`, "an id");
    ids[creation] = id;
  }
  return ids;
}
