import * as is from "../../../protocol/jmap/check.ts";
import { failed, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { method } from "../call.ts";
import { principals } from "../capabilities.ts";
import { principalsOf, principalsState } from "../principals.ts";

const forbidden = setError("forbidden", "Administrators make people and change them.");

/** RFC 9670 §2.3: a server may refuse all of it. */
export const principalSet = method(principals, is.object(setArgs), async (args, call) => {
  const refusal = tooManyToSet(args, call);
  if (refusal !== undefined) return refusal;
  const state = principalsState(await principalsOf(call));
  if (args.ifInState !== undefined && args.ifInState !== state) return failed("stateMismatch");
  const all = (ids: readonly string[]): { [id: string]: SetError } =>
    Object.fromEntries(ids.map((id) => [id, forbidden]));
  return {
    ok: {
      accountId: args.accountId,
      oldState: state,
      newState: state,
      created: null,
      updated: null,
      destroyed: null,
      notCreated: all(Object.keys(args.create ?? {})),
      notUpdated: all(Object.keys(args.update ?? {})),
      notDestroyed: all(args.destroy ?? []),
    },
  };
});
