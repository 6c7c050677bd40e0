/** What app passwords and tokens are good for. */
import type { Scope } from "../store/security-store.ts";

/** Words of the API's tokens that stand for all mail. */
const allMail: ReadonlySet<string> = new Set(["mail", "mail:write", "*", "*:write"]);

/** Whether these scopes are good for a protocol; none are good for everything. "api" has scopes of its own, by area. */
export function permits(scopes: readonly string[] | undefined, wanted: Scope): boolean {
  if (scopes === undefined || scopes.includes(wanted)) return true;
  return wanted !== "api" && scopes.some((one) => allMail.has(one));
}
