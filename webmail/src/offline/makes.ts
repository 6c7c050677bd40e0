/** What calls make, by creation id: pure. */
import type { Call } from "../jmap/client.ts";
import type { Id } from "../jmap/types.ts";

export type Objects = { readonly [id: Id]: { readonly [name: string]: unknown } };

/** Email/import has a name of its own for it (RFC 8621 §4.8). */
export const makesIn = (method: string): "emails" | "create" => (method === "Email/import" ? "emails" : "create");
export const madeBy = ([method, args]: Call): Objects => (args[makesIn(method)] ?? {}) as Objects;
/** The call with other objects to make. */
export const making = ([method, args, id]: Call, made: Objects): Call => {
  const call = [method, { ...args, [makesIn(method)]: made }] as const;
  return id === undefined ? call : [...call, id];
};
export const isEmailMaking = ([method]: Call): boolean => method === "Email/set" || method === "Email/import";
