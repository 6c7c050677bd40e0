import * as is from "../../../protocol/jmap/check.ts";
import { page, queryArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { sieve } from "../capabilities.ts";
import { listObjects, property, type QueryRules } from "../object-query.ts";
import { scriptId, showScript } from "../sieve-scripts.ts";

const rules: QueryRules = {
  condition: (name, value) => {
    if (name === "name")
      return typeof value === "string" ? (one) => String(property(one, "name")).includes(value) : "wrong";
    if (name === "isActive") return typeof value === "boolean" ? (one) => property(one, "isActive") === value : "wrong";
    return undefined;
  },
  sortKey: (name) => {
    if (name === "name") return (one) => String(property(one, "name")).toLowerCase();
    return name === "isActive" ? (one) => (property(one, "isActive") === true ? 1 : 0) : undefined;
  },
  defaultSort: [{ property: "name", isAscending: true, collation: undefined, keyword: undefined }],
};

/** RFC 9661 §2.3. */
export const sieveScriptQuery = method(sieve, is.object(queryArgs), async (args, call, account) => {
  const { scripts, revision } = await call.ports.store.sieveScripts(account);
  const objects = scripts.map((script) => ({ id: scriptId(script.id), data: showScript(script) }));
  const ids = await listObjects(objects, args.filter, args.sort, rules);
  if ("error" in ids) return ids;
  const paged = page(ids, args, call.ports.settings.maxObjectsInGet);
  if ("error" in paged) return paged;
  return { ok: { accountId: args.accountId, queryState: String(revision), canCalculateChanges: false, ...paged.ok } };
});
