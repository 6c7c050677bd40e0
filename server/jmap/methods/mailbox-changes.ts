import { idOf } from "../../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
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
    const ids = (list: readonly number[]) => list.map((id) => idOf("F", id));
    return {
      ok: {
        accountId,
        oldState: sinceState,
        newState: stateText(changes.state),
        hasMoreChanges: changes.more,
        created: ids(changes.created),
        updated: ids(changes.updated),
        destroyed: ids(changes.destroyed),
        updatedProperties: changes.countsOnly ? ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"] : null,
      },
    };
  },
);
