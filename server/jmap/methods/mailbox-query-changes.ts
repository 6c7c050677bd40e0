import * as is from "../../../protocol/jmap/check.ts";
import { idOf } from "../../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { listChanges, queryChangesArgs } from "../arguments.ts";
import { type Method, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { listMailboxes } from "../mailbox-list.ts";
import type { MailboxMemory } from "../mailboxes.ts";
import { maxMailboxChanges, visibleMailboxes } from "./mailbox-changes.ts";

const shape = is.object({ ...queryChangesArgs, sortAsTree: is.optional(is.bool), filterAsTree: is.optional(is.bool) });

/** RFC 8621 §2.4. */
export const mailboxQueryChanges = (memory: MailboxMemory): Method =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const since = parseState(args.sinceQueryState);
      const changes = since && (await call.ports.store.mailboxChanges(account, since, maxMailboxChanges));
      if (changes === undefined || changes.kind === "cannot" || changes.more) return failed("cannotCalculateChanges");
      const { mailboxes } = await memory.list(account, call.access);
      const { filter, sort, sortAsTree = false, filterAsTree = false } = args;
      const ids = listMailboxes(mailboxes, { filter, sort, sortAsTree, filterAsTree });
      if (!Array.isArray(ids)) return ids as Exclude<typeof ids, readonly string[]>;
      const seen = visibleMailboxes(changes, call.access);
      const named = (list: readonly number[]) => list.map((id) => idOf("F", id));
      const touched = {
        created: named(seen.created),
        updated: named(seen.updated),
        destroyed: named(seen.destroyed),
      };
      const listed = listChanges(ids, touched, args);
      if ("error" in listed) return listed;
      return {
        ok: {
          accountId: args.accountId,
          oldQueryState: args.sinceQueryState,
          newQueryState: stateText(changes.state),
          ...listed.ok,
        },
      };
    },
    "shared",
  );
