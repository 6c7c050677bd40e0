/** What came of a message for each of its recipients, and how it is said. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { AccountId, Placed } from "../store/store.ts";
import type { Destinations } from "./destinations.ts";
import { mailboxFull } from "./recipients.ts";

export const accountGone = reply(550, "5.1.1", "No such address here");
const noMailbox = reply(451, "4.3.0", "Local trouble, try again later");
const quotaUsedUp = reply(552, "5.2.2", "Mailbox is full");

/** Whether every recipient has a reply of its own. */
export function isLmtp(mail: Received): boolean {
  return mail.via.includes("LMTP") || mail.via === "API";
}

export function everyone(mail: Received, one: Reply): readonly Reply[] {
  return isLmtp(mail) ? mail.recipients.map(() => one) : [one];
}

/** Accounts whose part failed, and why. */
export function failedAccounts(placed: readonly Placed[]): ReadonlyMap<AccountId, Reply> {
  const failed = new Map<AccountId, Reply>();
  for (const one of placed) {
    switch (one.kind) {
      case "placed":
        break;
      case "over-quota":
        failed.set(one.account, mailboxFull);
        break;
      case "no-account":
        failed.set(one.account, accountGone);
        break;
      case "no-mailbox":
        failed.set(one.account, noMailbox);
        break;
      default:
        one satisfies never;
    }
  }
  return failed;
}

export type Outcome = {
  readonly recipient: ReceivedRecipient;
  /** Why it got nothing at all. */
  readonly refusal: Reply | undefined;
  /** Why some of those behind it (an alias for several) got nothing. */
  readonly partial: Reply | undefined;
  /** Everything of its mail is in mailboxes here: "delivered" in the words of RFC 3461 §6.2. */
  readonly filed: boolean;
  /** It stands for several, and all of them have been taken care of. */
  readonly expanded: boolean;
};

export function outcomesOf(
  mail: Received,
  to: Destinations,
  failed: ReadonlyMap<AccountId, Reply>,
): readonly Outcome[] {
  return mail.recipients.map((recipient, index) => {
    const destination = to.each[index]!;
    if (destination.kind === "refused")
      return { recipient, refusal: destination.reply, partial: undefined, filed: false, expanded: false };
    const { accounts, queued, expanded = false } = destination;
    const missed = failed.size === 0 ? [] : accounts.filter((account) => failed.has(account));
    if (missed.length === 0) return { recipient, refusal: undefined, partial: undefined, filed: !queued, expanded };
    const why = failed.get(missed[0]!);
    const all = !queued && missed.length === accounts.length;
    return { recipient, refusal: all ? why : undefined, partial: all ? undefined : why, filed: false, expanded: false };
  });
}

/** The words of a notice: nobody will try again. */
export function forGood(refusal: Reply): Reply {
  return refusal === mailboxFull ? quotaUsedUp : refusal.code < 500 ? reply(554, "5.3.0", ...refusal.lines) : refusal;
}
