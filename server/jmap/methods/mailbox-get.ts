import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { getArgs, pickProperties, tooManyToGet } from "../arguments.ts";
import { type Method, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { type MailboxMemory, mailboxProperties } from "../mailboxes.ts";

/** RFC 8621 §2.1. */
export const mailboxGet = (memory: MailboxMemory): Method =>
  method(
    mail,
    is.object(getArgs),
    async ({ accountId, ids, properties }, call, account) => {
      const names = pickProperties(properties, mailboxProperties);
      if ("error" in names) return names.error;
      const refusal = tooManyToGet(ids, call);
      if (refusal !== undefined) return refusal;
      const { mailboxes, state } = await memory.list(account, call.access);
      const wanted = ids && new Set(ids.map((id) => numberOf("F", id)));
      const found = wanted === undefined ? mailboxes : mailboxes.filter(({ id }) => wanted.has(id));
      const there = new Set(found.map(({ id }) => id));
      return {
        ok: {
          accountId,
          state: stateText(state),
          list: await memory.show(account, found, names, call.access),
          notFound: [...new Set(ids ?? [])].filter((id) => !there.has(numberOf("F", id) ?? -1)),
        },
      };
    },
    "shared",
  );
