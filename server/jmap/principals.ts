/** Principals (RFC 9670 §2): the people of one's own domain, and those who share mailboxes with one. */
import { createHash } from "node:crypto";
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import { accountsOf, principalId, sharedWith } from "./accounts.ts";
import type { Call } from "./call.ts";
import { property, type QueryRules } from "./object-query.ts";

export const principalProperties: readonly string[] = [
  "id",
  "type",
  "name",
  "description",
  "email",
  "timeZone",
  "capabilities",
  "accounts",
];

type Listed = readonly { readonly id: string; readonly data: JsonObject }[];
const digestOf = (value: unknown): string =>
  createHash("sha1").update(JSON.stringify(value)).digest("base64url").slice(0, 16);

/** States that are remembered, with who was there: the newest of all accounts, for as long as the server runs. */
const maxStates = 500;
/** Longer lists of people are not remembered: their clients ask anew. */
const maxRemembered = 10_000;
const remembered = new Map<string, ReadonlyMap<string, string>>();

/** A state that is another one whenever somebody has come, gone or changed. */
export function principalsState(all: Listed): string {
  const state = digestOf(all.map(({ data }) => data));
  if (all.length > maxRemembered) return state;
  const known = remembered.get(state) ?? new Map(all.map(({ id, data }) => [id, digestOf(data)]));
  // To the end of the line.
  remembered.delete(state);
  remembered.set(state, known);
  if (remembered.size > maxStates) remembered.delete(remembered.keys().next().value as string);
  return state;
}

/** Who has come, changed and gone since a state; undefined where that is not remembered. */
export function principalsSince(since: string, all: Listed) {
  const before = remembered.get(since);
  if (before === undefined) return undefined;
  const ids = new Set(all.map(({ id }) => id));
  return {
    created: all.filter(({ id }) => !before.has(id)).map(({ id }) => id),
    updated: all.filter(({ id, data }) => before.has(id) && before.get(id) !== digestOf(data)).map(({ id }) => id),
    destroyed: [...before.keys()].filter((id) => !ids.has(id)),
  };
}

const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);

export async function principalsOf(call: Call): Promise<readonly { readonly id: string; readonly data: JsonObject }[]> {
  const own = domainOf(call.account.name);
  const { store, settings } = call.ports;
  const [accounts, shared] = await Promise.all([store.accounts(), sharedWith(call.ports, call.account)]);
  const seen = accountsOf(settings, call.account, shared);
  return accounts
    .filter(({ id, name, disabled }) => !disabled && (domainOf(name) === own || Object.hasOwn(seen, idOf("A", id))))
    .map((account) => {
      const id = principalId(account);
      const accountId = idOf("A", account.id);
      return {
        id,
        data: {
          id,
          type: "individual",
          name: account.displayName === "" ? account.name : account.displayName,
          description: null,
          email: account.name,
          timeZone: null,
          capabilities: {},
          accounts: seen[accountId] === undefined ? null : { [accountId]: seen[accountId] },
        },
      };
    });
}

export const principalRules: QueryRules = {
  condition: (name, value) => {
    if (name === "accountIds")
      return Array.isArray(value)
        ? (one) => value.some((id) => Object.hasOwn((property(one, "accounts") as object | null) ?? {}, String(id)))
        : "wrong";
    if (typeof value !== "string")
      return ["email", "name", "text", "type", "timeZone"].includes(name) ? "wrong" : undefined;
    const needle = value.toLowerCase();
    const has = (one: { readonly data: unknown }, own: string) =>
      String((one.data as JsonObject)[own] ?? "")
        .toLowerCase()
        .includes(needle);
    switch (name) {
      case "email":
      case "name":
        return (one) => has(one, name);
      case "text":
        return (one) => has(one, "email") || has(one, "name");
      case "type":
      case "timeZone":
        return (one) => property(one, name) === value;
      default:
        return undefined;
    }
  },
  sortKey: (name) =>
    name === "name" || name === "email" ? (one) => String(property(one, name)).toLowerCase() : undefined,
  defaultSort: [{ property: "name", isAscending: true, collation: undefined, keyword: undefined }],
};
