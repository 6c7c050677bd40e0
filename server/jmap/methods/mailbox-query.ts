import * as is from "../../../protocol/jmap/check.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { page, queryArgs } from "../arguments.ts";
import { type Method, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { listMailboxes } from "../mailbox-list.ts";
import type { MailboxMemory } from "../mailboxes.ts";

const shape = is.object({ ...queryArgs, sortAsTree: is.optional(is.bool), filterAsTree: is.optional(is.bool) });

/** RFC 8621 §2.3. */
export const mailboxQuery = (memory: MailboxMemory): Method =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const { mailboxes, state } = await memory.list(account, call.access);
      const { filter, sort, sortAsTree = false, filterAsTree = false } = args;
      const ids = listMailboxes(mailboxes, { filter, sort, sortAsTree, filterAsTree });
      if (!Array.isArray(ids)) return ids as Exclude<typeof ids, readonly string[]>;
      const paged = page(ids, args, call.ports.settings.maxObjectsInGet);
      if ("error" in paged) return paged;
      return {
        ok: { accountId: args.accountId, queryState: stateText(state), canCalculateChanges: true, ...paged.ok },
      };
    },
    "shared",
  );
