import * as is from "../../../protocol/jmap/check.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { getArgs, pick, pickProperties, tooManyToGet } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { principalProperties, principalsOf, principalsState } from "../principals.ts";

/** RFC 9670 §2.1. */
export const principalGet = method(principals, is.object(getArgs), async ({ accountId, ids, properties }, call) => {
  const names = pickProperties(properties, principalProperties);
  if ("error" in names) return names.error;
  const refusal = tooManyToGet(ids, call);
  if (refusal !== undefined) return refusal;
  const all = await principalsOf(call);
  const found = all.filter(({ id }) => ids === undefined || ids.includes(id));
  if (found.length > call.ports.settings.maxObjectsInGet) return failed("requestTooLarge");
  const there = new Set(found.map(({ id }) => id));
  return {
    ok: {
      accountId,
      state: principalsState(all),
      list: found.map(({ data }) => pick(data, names)),
      notFound: [...new Set(ids)].filter((id) => !there.has(id)),
    },
  };
});
