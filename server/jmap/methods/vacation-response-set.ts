import * as is from "../../../protocol/jmap/check.ts";
import { applyPatch } from "../../../protocol/jmap/patch.ts";
import { failed, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import type { AccountId } from "../../store/store.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { type Answer, type Call, method } from "../call.ts";
import { vacation } from "../capabilities.ts";
import { isForCaller, notForCaller, readVacation, showVacation, vacationId } from "../vacation.ts";

const shape = is.object(setArgs);

/** RFC 8621 §8.2: there is one, which can neither be made nor destroyed. */
export const vacationResponseSet = method(vacation, shape, set, "sending");

async function set(args: is.Of<typeof shape>, call: Call, account: AccountId): Promise<Answer> {
  if (!isForCaller(call)) return notForCaller;
  const refusal = tooManyToSet(args, call);
  if (refusal !== undefined) return refusal;
  const { store } = call.ports;
  const [before, { revision }] = await Promise.all([store.vacationResponse(account), store.sieveScripts(account)]);
  if (args.ifInState !== undefined && args.ifInState !== String(revision)) return failed("stateMismatch");
  const updated: { [id: string]: null } = {};
  const notUpdated: { [id: string]: SetError } = {};
  const singleton = (why: string) => setError("singleton", why);
  for (const [id, patch] of Object.entries(args.update ?? {})) {
    if (id !== vacationId) {
      notUpdated[id] = setError("notFound");
      continue;
    }
    const patched = applyPatch(showVacation(before), patch as JsonObject);
    const read =
      "why" in patched ? setError("invalidPatch", `${patched.path}: ${patched.why}`) : readVacation(patched.ok);
    if ("type" in read) {
      notUpdated[id] = read;
      continue;
    }
    await store.putVacationResponse(account, read.vacation);
    updated[id] = null;
  }
  return {
    ok: {
      accountId: args.accountId,
      oldState: String(revision),
      newState: String((await store.sieveScripts(account)).revision),
      created: {},
      updated,
      destroyed: [],
      notCreated: Object.fromEntries(
        Object.keys(args.create ?? {}).map((id) => [id, singleton("There is one vacation answer: update it.")]),
      ),
      notUpdated,
      notDestroyed: Object.fromEntries(
        (args.destroy ?? []).map((id) => [id, singleton("The vacation answer stays: disable it.")]),
      ),
    },
  };
}
