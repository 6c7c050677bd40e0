/** Filters and sorts of Quota/query: RFC 9425 §5.3. */
import type { JsonObject } from "../../protocol/jmap/types.ts";
import { listObjects, property, type QueryRules } from "./object-query.ts";

const quotaRules: QueryRules = {
  condition: (name, value) => {
    switch (name) {
      case "name":
        return typeof value === "string" ? (one) => String(property(one, "name")).includes(value) : "wrong";
      case "scope":
      case "resourceType":
        return typeof value === "string" ? (one) => property(one, name) === value : "wrong";
      case "type":
        return typeof value === "string"
          ? (one) => (property(one, "types") as readonly string[]).includes(value)
          : "wrong";
      default:
        return undefined;
    }
  },
  sortKey: (name) => (name === "name" || name === "used" ? (one) => property(one, name) as string | number : undefined),
  defaultSort: [{ property: "name", isAscending: true, collation: undefined, keyword: undefined }],
};

/** Ids of the quotas that are asked for, in order. */
export const listQuotas = (
  quotas: readonly JsonObject[],
  {
    filter,
    sort,
  }: { readonly filter?: Parameters<typeof listObjects>[1]; readonly sort?: Parameters<typeof listObjects>[2] },
): ReturnType<typeof listObjects> =>
  listObjects(
    quotas.map((data) => ({ id: data["id"] as string, data })),
    filter,
    sort,
    quotaRules,
  );
