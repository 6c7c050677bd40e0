/** Email/changes and Thread/changes: the same question about different ids. */
import { type IdKind, idOf } from "../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../protocol/jmap/state.ts";
import { failed } from "../../protocol/jmap/types.ts";
import type { Changes, MailState } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import { changesArgs } from "./arguments.ts";
import { type Call, type Method, method } from "./call.ts";
import { mail } from "./capabilities.ts";
import { seenEmails, seenThreads } from "./shared-changes.ts";

/** Changes told at once where the client names no number. */
const maxChangesByDefault = 5_000;

export const mailChanges = (
  kind: IdKind,
  ask: (call: Call, account: AccountId, since: MailState, max: number) => Promise<Changes<number>>,
): Method =>
  method(
    mail,
    changesArgs,
    async ({ accountId, sinceState, maxChanges }, call, account) => {
      const since = parseState(sinceState);
      const max = Math.min(maxChanges ?? maxChangesByDefault, maxChangesByDefault);
      if (since === undefined) return failed("cannotCalculateChanges");
      const changes = await ask(call, account, since, max);
      if (changes.kind === "cannot") return failed("cannotCalculateChanges");
      const seen = call.access.own
        ? changes
        : await (kind === "M" ? seenEmails : seenThreads)(call, account, since, max, changes);
      const ids = (list: readonly number[]) => list.map((id) => idOf(kind, id));
      return {
        ok: {
          accountId,
          oldState: sinceState,
          newState: stateText(changes.state),
          hasMoreChanges: changes.more,
          created: ids(seen.created),
          updated: ids(seen.updated),
          destroyed: ids(seen.destroyed),
        },
      };
    },
    "shared",
  );
