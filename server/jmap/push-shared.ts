/** Pushes of what others share: who listens to their own account hears of those mailboxes as well (RFC 8620 §7.1, RFC 9670 §1.5). */
import type { AccountId, Store } from "../store/store.ts";
import { contactTypes, mailTypes, type PushHub, type States } from "./push.ts";
import { booksSharedWith } from "./shared-books.ts";

/** Accounts of others that one connection listens to. */
const maxSharedHeard = 100;

/** Tells of the mail of each account that is shared with this one now; answers the unsubscriber. */
export async function listenToShared(
  hub: PushHub,
  store: Pick<Store, "sharedWith" | "objects" | "accounts">,
  account: AccountId,
  tell: (owner: AccountId, states: States) => void,
): Promise<() => void> {
  const [mailboxes, books] = await Promise.all([store.sharedWith(account), booksSharedWith(store, account)]);
  const ofMail = new Set(mailboxes.map(({ owner }) => owner));
  const owners = new Set([...ofMail, ...books.keys()]);
  const stops = [...owners].slice(0, maxSharedHeard).map((owner) =>
    hub.listen(
      owner,
      (states) => {
        const types = [...(ofMail.has(owner) ? mailTypes : []), ...(books.has(owner) ? contactTypes : [])];
        const heard = Object.fromEntries(
          types.flatMap((type) => (states[type] === undefined ? [] : [[type, states[type]]])),
        );
        if (Object.keys(heard).length > 0) tell(owner, heard as States);
      },
      "guest",
    ),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
