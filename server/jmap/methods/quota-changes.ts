import { parseState } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { changesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { quota } from "../capabilities.ts";
import { quotasOf } from "../quota.ts";

/** RFC 9425 §5.2: what is used may have changed with the mail. */
export const quotaChanges = method(quota, changesArgs, async ({ accountId, sinceState }, call) => {
  if (parseState(sinceState) === undefined) return failed("cannotCalculateChanges");
  const { quotas, state } = await quotasOf(call);
  const updated = state === sinceState ? [] : quotas.map((one) => one["id"] as string);
  return {
    ok: {
      accountId,
      oldState: sinceState,
      newState: state,
      hasMoreChanges: false,
      created: [],
      updated,
      destroyed: [],
      updatedProperties: ["used"],
    },
  };
});
