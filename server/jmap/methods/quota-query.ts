import * as is from "../../../protocol/jmap/check.ts";
import { page, queryArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { quota } from "../capabilities.ts";
import { quotasOf } from "../quota.ts";
import { listQuotas } from "../quota-query.ts";

/** RFC 9425 §5.3. */
export const quotaQuery = method(quota, is.object(queryArgs), async (args, call) => {
  const { quotas, state } = await quotasOf(call);
  const ids = await listQuotas(quotas, args);
  if ("error" in ids) return ids;
  const paged = page(ids, args, call.ports.settings.maxObjectsInGet);
  if ("error" in paged) return paged;
  return { ok: { accountId: args.accountId, queryState: state, canCalculateChanges: true, ...paged.ok } };
});
