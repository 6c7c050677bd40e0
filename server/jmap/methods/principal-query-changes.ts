import * as is from "../../../protocol/jmap/check.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { listChanges, queryChangesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { listObjects } from "../object-query.ts";
import { principalRules, principalsOf, principalsState } from "../principals.ts";

/** RFC 9670 §2.5. As for /changes: either nothing has changed, or the client asks anew. */
export const principalQueryChanges = method(principals, is.object(queryChangesArgs), async (args, call) => {
  const all = await principalsOf(call);
  const ids = listObjects(all, args.filter, args.sort, principalRules);
  if ("error" in ids) return ids;
  const state = principalsState(all);
  if (state !== args.sinceQueryState) return failed("cannotCalculateChanges");
  const listed = listChanges(ids, { created: [], updated: [], destroyed: [] }, args);
  if ("error" in listed) return listed;
  return { ok: { accountId: args.accountId, oldQueryState: state, newQueryState: state, ...listed.ok } };
});
