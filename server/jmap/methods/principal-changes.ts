import { failed } from "../../../protocol/jmap/types.ts";
import { changesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { principalsOf, principalsState } from "../principals.ts";

/** RFC 9670 §2.2. Who was there before is not remembered: either nothing has changed, or the client asks anew. */
export const principalChanges = method(principals, changesArgs, async ({ accountId, sinceState }, call) => {
  const state = principalsState(await principalsOf(call));
  if (state !== sinceState) return failed("cannotCalculateChanges");
  const nothing = { created: [], updated: [], destroyed: [] };
  return { ok: { accountId, oldState: sinceState, newState: state, hasMoreChanges: false, ...nothing } };
});
