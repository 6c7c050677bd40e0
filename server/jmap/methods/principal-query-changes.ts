import * as is from "../../../protocol/jmap/check.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { listChanges, queryChangesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { listObjects } from "../object-query.ts";
import { principalRules, principalsOf, principalsSince, principalsState } from "../principals.ts";

/** RFC 9670 §2.5. */
export const principalQueryChanges = method(principals, is.object(queryChangesArgs), async (args, call) => {
  const all = await principalsOf(call);
  const ids = await listObjects(all, args.filter, args.sort, principalRules);
  if ("error" in ids) return ids;
  const state = principalsState(all);
  const changes = principalsSince(args.sinceQueryState, all);
  if (changes === undefined) return failed("cannotCalculateChanges");
  const listed = listChanges(ids, changes, args);
  if ("error" in listed) return listed;
  const { accountId, sinceQueryState } = args;
  return { ok: { accountId, oldQueryState: sinceQueryState, newQueryState: state, ...listed.ok } };
});
