/** Email/changes and Thread/changes: the same question about different ids. */
import { type IdKind, idOf } from "../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../protocol/jmap/state.ts";
import { failed } from "../../protocol/jmap/types.ts";
import type { Changes, MailState } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import { readableEmails } from "./access.ts";
import { changesArgs } from "./arguments.ts";
import { type Call, type Method, method } from "./call.ts";
import { mail } from "./capabilities.ts";

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
      const seen = call.access.own ? changes : await visible(kind, call, account, since, changes);
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

type Ids = {
  readonly created: readonly number[];
  readonly updated: readonly number[];
  readonly destroyed: readonly number[];
};

/** Of another's account: what cannot be read, or not any more, is as good as gone. */
async function visible(kind: IdKind, call: Call, account: AccountId, since: MailState, changes: Ids): Promise<Ids> {
  const touched = [...changes.created, ...changes.updated];
  const { store } = call.ports;
  const emailsOf = new Map<number, readonly number[]>(
    kind === "M"
      ? touched.map((email) => [email, [email]])
      : (await store.threadEmails(account, touched)).threads.map(({ thread, emails }) => [thread, emails]),
  );
  const readable = await readableEmails(store, account, [...emailsOf.values()].flat(), call.access);
  const sees = (id: number): boolean => emailsOf.get(id)?.some((email) => readable.has(email)) ?? false;
  // Of what the caller never saw they hear nothing.
  const destroyed = await store.lostFrom(
    account,
    call.access.readable ?? [],
    since,
    kind === "M" ? "email" : "thread",
    [...changes.destroyed, ...changes.updated.filter((id) => !sees(id))],
  );
  return { created: changes.created.filter(sees), updated: changes.updated.filter(sees), destroyed };
}
