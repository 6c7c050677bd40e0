import * as is from "../../../protocol/jmap/check.ts";
import { parseState } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { listChanges, queryChangesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { quota } from "../capabilities.ts";
import { quotasOf } from "../quota.ts";
import { listQuotas } from "../quota-query.ts";

/** RFC 9425 §5.4. */
export const quotaQueryChanges = method(quota, is.object(queryChangesArgs), async (args, call) => {
  if (parseState(args.sinceQueryState) === undefined) return failed("cannotCalculateChanges");
  const { quotas, state } = await quotasOf(call);
  const ids = await listQuotas(quotas, args);
  if ("error" in ids) return ids;
  const updated = state === args.sinceQueryState ? [] : ids;
  const listed = listChanges(ids, { created: [], updated, destroyed: [] }, args);
  if ("error" in listed) return listed;
  return { ok: { accountId: args.accountId, oldQueryState: args.sinceQueryState, newQueryState: state, ...listed.ok } };
});
