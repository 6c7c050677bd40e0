/** NOTIFY. RFC 5465. */
import type { Command } from "../../../protocol/imap/command.ts";
import type { StoreReader } from "../../store/store.ts";
import { type Answer, ok } from "../answer.ts";
import { isOpen, Notifier, tellStatus } from "../notifier.ts";
import type { Session } from "../session.ts";

export async function notify(
  session: Session,
  command: Extract<Command, { name: "NOTIFY" }>,
  { store }: { readonly store: Pick<StoreReader, "mailboxes"> },
): Promise<Answer> {
  // RFC 5465 §3: each NOTIFY replaces the one before.
  session.notifier = undefined;
  if (command.groups.length === 0) return ok("NOTIFY completed");
  const mailboxes = await store.mailboxes(session.user.id);
  const notifier = new Notifier(command.groups, mailboxes);
  // What came while we read is looked for at once.
  notifier.pending = notifier.elsewhere;
  session.notifier = notifier;
  if (command.status) {
    for (const mailbox of mailboxes)
      if (notifier.eventsOf(mailbox).has("MessageNew") && !isOpen(session, mailbox)) tellStatus(session, mailbox);
  }
  return ok("NOTIFY completed");
}
