import { idOf } from "../../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import type { MailboxId } from "../../store/store.ts";
import type { Access } from "../access.ts";
import { changesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";

export const maxMailboxChanges = 10_000;

/** RFC 8621 §2.2. */
export const mailboxChanges = method(
  mail,
  changesArgs,
  async ({ accountId, sinceState, maxChanges }, call, account) => {
    const since = parseState(sinceState);
    const changes = since && (await call.ports.store.mailboxChanges(account, since, maxChanges ?? maxMailboxChanges));
    if (changes === undefined || changes.kind === "cannot") return failed("cannotCalculateChanges");
    const seen = visibleMailboxes(changes, call.access);
    const ids = (list: readonly number[]) => list.map((id) => idOf("F", id));
    return {
      ok: {
        accountId,
        oldState: sinceState,
        newState: stateText(changes.state),
        hasMoreChanges: changes.more,
        created: ids(seen.created),
        updated: ids(seen.updated),
        destroyed: ids(seen.destroyed),
        updatedProperties: changes.countsOnly ? ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"] : null,
      },
    };
  },
  "shared",
);

type Ids = {
  readonly created: readonly MailboxId[];
  readonly updated: readonly MailboxId[];
  readonly destroyed: readonly MailboxId[];
};

/** Of another's account: a mailbox that is not shared, or not any more, is as good as gone. */
export function visibleMailboxes(changes: Ids, access: Access): Ids {
  const sees = (id: MailboxId): boolean => access.sees(id);
  return {
    created: changes.created.filter(sees),
    updated: changes.updated.filter(sees),
    destroyed: [...changes.destroyed, ...changes.updated.filter((id) => !sees(id))],
  };
}
