/**
 * Ids of several accounts beside each other: pure. Ids are unique within an account only (RFC 8620 §1.2), so that those of another's account
 * bear its id before them, "A2~M7", everywhere in the page: "~" is in no Id. Those of one's own stand as they are.
 */
import type { Id } from "./types.ts";

const apart = "~";

/** The account of an id; undefined: one's own. */
export function accountOf(id: Id): Id | undefined {
  const at = id.indexOf(apart);
  return at < 0 ? undefined : id.slice(0, at);
}

/** The id as the server knows it. */
export const bareId = (id: Id): Id => id.slice(id.indexOf(apart) + 1);

export const idIn = (account: Id | undefined, id: Id): Id => (account === undefined ? id : account + apart + id);

type Json = unknown;
type JsonObject = { readonly [name: string]: Json };
/** What people wrote, not ids: it may look like one. */
const written = new Set(["bodyValues", "subject", "name", "text", "body", "from", "to", "cc", "bcc", "email", "value"]);
const anId = /^([A-Za-z\d_-]+)~([A-Za-z\d_-]+)$/;
const inPath = /(^|\/)([A-Za-z\d_-]+)~([A-Za-z\d_-]+)$/;

/** Arguments with bare ids, and the accounts that were found before them. */
export function bareArguments(
  args: JsonObject,
  known: ReadonlySet<Id>,
): { readonly args: JsonObject; readonly accounts: ReadonlySet<Id> } {
  const accounts = new Set<Id>();
  const bare = (pattern: RegExp, text: string): string =>
    text.replace(pattern, (whole, ...found: string[]) => {
      const [before, account, id] = pattern === inPath ? found : ["", ...found];
      if (account === undefined || !known.has(account)) return whole;
      accounts.add(account);
      return `${before}${id}`;
    });
  const walk = (value: Json): Json => {
    if (typeof value === "string") return value.includes(apart) ? bare(anId, value) : value;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name.includes(apart) ? bare(inPath, name) : name,
        written.has(name) ? one : walk(one),
      ]),
    );
  };
  return { args: walk(args) as JsonObject, accounts };
}

const oneId = new Set(["id", "blobId", "threadId", "parentId", "emailId"]);
const manyIds = new Set(["ids", "emailIds", "destroyed", "removed", "notFound"]);
const byId = new Set(["mailboxIds", "updated", "notUpdated", "notDestroyed"]);

/** An answer of another's account: its ids bear the account. */
export function answerIn(account: Id, answer: JsonObject): JsonObject {
  const walk = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => {
        if (written.has(name)) return [name, one];
        if (oneId.has(name) && typeof one === "string") return [name, idIn(account, one)];
        if (manyIds.has(name) && Array.isArray(one)) return [name, one.map((id) => idIn(account, String(id)))];
        if (byId.has(name) && typeof one === "object" && one !== null)
          return [name, Object.fromEntries(Object.entries(one).map(([id, each]) => [idIn(account, id), walk(each)]))];
        return [name, walk(one)];
      }),
    );
  };
  return walk(answer) as JsonObject;
}
