import * as is from "../../../protocol/jmap/check.ts";
import { getArgs, pick, pickProperties } from "../arguments.ts";
import { method } from "../call.ts";
import { quota } from "../capabilities.ts";
import { quotaProperties, quotasOf } from "../quota.ts";

/** RFC 9425 §5.1. */
export const quotaGet = method(quota, is.object(getArgs), async ({ accountId, ids, properties }, call) => {
  const names = pickProperties(properties, quotaProperties);
  if ("error" in names) return names.error;
  const { quotas, state } = await quotasOf(call);
  const found = quotas.filter((one) => ids === undefined || ids.includes(one["id"] as string));
  const there = new Set(found.map((one) => one["id"]));
  return {
    ok: {
      accountId,
      state,
      list: found.map((one) => pick(one, names)),
      notFound: [...new Set(ids)].filter((id) => !there.has(id)),
    },
  };
});
