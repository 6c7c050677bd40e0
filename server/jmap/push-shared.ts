/** Pushes of what others share: who listens to their own account hears of those mailboxes as well (RFC 8620 §7.1, RFC 9670 §1.5). */
import type { Account, AccountId } from "../store/store.ts";
import { contactTypes, mailTypes, type PushHub, type States } from "./push.ts";
import { booksSharedWith } from "./shared-books.ts";
import { type SendingPorts, sendersOf } from "./shared-sending.ts";
import { submissionName } from "./submission.ts";

/** Accounts of others that one connection listens to. */
const maxSharedHeard = 100;

/** Tells of the mail of each account that is shared with this one now; answers the unsubscriber. */
export async function listenToShared(
  hub: PushHub,
  ports: SendingPorts,
  account: Account,
  tell: (owner: AccountId, states: States) => void,
): Promise<() => void> {
  const [mailboxes, books] = await Promise.all([
    ports.store.sharedWith(account.id),
    booksSharedWith(ports.store, account.id),
  ]);
  const ofMail = new Set(mailboxes.map(({ owner }) => owner));
  const owners = new Set([...ofMail, ...books.keys()]);
  const senders = await sendersOf(ports, account, ofMail);
  const stops = [...owners].slice(0, maxSharedHeard).map((owner) =>
    hub.listen(
      owner,
      (states) => {
        const types = [
          ...(ofMail.has(owner) ? mailTypes : []),
          ...(senders.has(owner) ? [submissionName] : []),
          ...(books.has(owner) ? contactTypes : []),
        ];
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
