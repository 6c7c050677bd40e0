import * as is from "../../../protocol/jmap/check.ts";
import { getArgs, pick, pickProperties } from "../arguments.ts";
import { method } from "../call.ts";
import { vacation } from "../capabilities.ts";
import { isForCaller, notForCaller, showVacation, vacationId, vacationProperties } from "../vacation.ts";

/** RFC 8621 §8.1. */
export const vacationResponseGet = method(
  vacation,
  is.object(getArgs),
  async ({ accountId, ids, properties }, call, account) => {
    if (!isForCaller(call)) return notForCaller;
    const names = pickProperties(properties, vacationProperties);
    if ("error" in names) return names.error;
    const { store } = call.ports;
    const [response, { revision }] = await Promise.all([store.vacationResponse(account), store.sieveScripts(account)]);
    const isWanted = ids === undefined || ids.includes(vacationId);
    return {
      ok: {
        accountId,
        state: String(revision),
        list: isWanted ? [pick(showVacation(response), names)] : [],
        notFound: (ids ?? []).filter((id) => id !== vacationId),
      },
    };
  },
  "sending",
);
