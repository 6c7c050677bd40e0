import * as is from "../../../protocol/jmap/check.ts";
import { page, queryArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { listObjects } from "../object-query.ts";
import { principalRules, principalsOf, principalsState } from "../principals.ts";

/** RFC 9670 §2.4. */
export const principalQuery = method(principals, is.object(queryArgs), async (args, call) => {
  const all = await principalsOf(call);
  const ids = await listObjects(all, args.filter, args.sort, principalRules);
  if ("error" in ids) return ids;
  const paged = page(ids, args, call.ports.settings.maxObjectsInGet);
  if ("error" in paged) return paged;
  return {
    ok: { accountId: args.accountId, queryState: principalsState(all), canCalculateChanges: true, ...paged.ok },
  };
});
