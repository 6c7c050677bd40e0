/** Pushes of what others share: who listens to their own account hears of those mailboxes as well (RFC 8620 §7.1, RFC 9670 §1.5). */
import type { AccountId, Store } from "../store/store.ts";
import { mailTypes, type PushHub, type States } from "./push.ts";

/** Accounts of others that one connection listens to. */
const maxSharedHeard = 100;

/** Tells of the mail of each account that is shared with this one now; answers the unsubscriber. */
export async function listenToShared(
  hub: PushHub,
  store: Pick<Store, "sharedWith">,
  account: AccountId,
  tell: (owner: AccountId, states: States) => void,
): Promise<() => void> {
  const owners = new Set((await store.sharedWith(account)).map(({ owner }) => owner));
  const stops = [...owners].slice(0, maxSharedHeard).map((owner) =>
    hub.listen(
      owner,
      (states) => {
        const mail = Object.fromEntries(
          mailTypes.flatMap((type) => (states[type] === undefined ? [] : [[type, states[type]]])),
        );
        if (Object.keys(mail).length > 0) tell(owner, mail as States);
      },
      "guest",
    ),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
