import { failed } from "../../../protocol/jmap/types.ts";
import { changesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { principalsOf, principalsSince, principalsState } from "../principals.ts";

/** RFC 9670 §2.2: all at once, or the client asks anew. */
export const principalChanges = method(principals, changesArgs, async ({ accountId, sinceState, maxChanges }, call) => {
  const all = await principalsOf(call);
  const newState = principalsState(all);
  const changes = principalsSince(sinceState, all);
  if (changes === undefined) return failed("cannotCalculateChanges");
  const count = changes.created.length + changes.updated.length + changes.destroyed.length;
  if (maxChanges !== undefined && count > maxChanges) return failed("cannotCalculateChanges");
  return { ok: { accountId, oldState: sinceState, newState, hasMoreChanges: false, ...changes } };
});
