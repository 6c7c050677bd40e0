import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { readableEmails } from "../access.ts";
import { getArgs, pick, pickProperties, tooManyToGet } from "../arguments.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";

/** RFC 8621 §3.1. */
export const threadGet = method(
  mail,
  is.object(getArgs),
  async ({ accountId, ids, properties }, call, account) => {
    const names = pickProperties(properties, ["id", "emailIds"]);
    if ("error" in names) return names.error;
    if (ids === undefined)
      return failed("requestTooLarge", "There are too many threads: ask for those you need by their ids.");
    const refusal = tooManyToGet(ids, call);
    if (refusal !== undefined) return refusal;
    const { threads, state } = await call.ports.store.threadEmails(
      account,
      ids.flatMap((id) => numberOf("T", id) ?? []),
    );
    const readable = call.access.own
      ? undefined
      : await readableEmails(
          call.ports.store,
          account,
          threads.flatMap(({ emails }) => emails),
          call.access,
        );
    const found = new Map(
      threads
        .map(({ thread, emails }) => [idOf("T", thread), emails.filter((one) => readable?.has(one) ?? true)] as const)
        .filter(([, emails]) => emails.length > 0),
    );
    const unique = [...new Set(ids)];
    return {
      ok: {
        accountId,
        state: stateText(state),
        list: unique.flatMap((id) => {
          const emails = found.get(id);
          return emails === undefined ? [] : [pick({ id, emailIds: emails.map((email) => idOf("M", email)) }, names)];
        }),
        notFound: unique.filter((id) => !found.has(id)),
      },
    };
  },
  "shared",
);
