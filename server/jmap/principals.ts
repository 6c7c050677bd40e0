/** Principals (RFC 9670): the people of one's own domain, by whom an address is found. Nothing is shared between them here. */
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { Account } from "../store/store.ts";
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
export const principalId = (account: Pick<Account, "id">): string => `P${account.id}`;

const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);

export async function principalsOf(call: Call): Promise<readonly { readonly id: string; readonly data: JsonObject }[]> {
  const own = domainOf(call.account.name);
  const accounts = await call.ports.store.accounts();
  return accounts
    .filter(({ name, disabled }) => !disabled && domainOf(name) === own)
    .map((account) => {
      const id = principalId(account);
      const isMe = account.id === call.account.id;
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
          accounts: isMe ? { [idOf("A", account.id)]: {} } : null,
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
