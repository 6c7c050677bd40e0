/** Which domains an administrator sees, as SQL. */
import type { Within } from "../hosting.ts";

/** A condition on a column that holds a domain's name; its parameter is always `$1`. */
export function inside(within: Within, column: string): { readonly sql: string; readonly param: string } {
  switch (within.kind) {
    case "all":
      return { sql: "CAST($1 AS TEXT) IS NOT NULL", param: "" };
    case "tenant":
      return {
        sql: `${column} IN (SELECT name FROM domains WHERE tenant = CAST($1 AS BIGINT))`,
        param: String(within.tenant),
      };
    case "domains":
      return { sql: `${column} IN {texts $1}`, param: JSON.stringify(within.names) };
    default:
      return within satisfies never;
  }
}
