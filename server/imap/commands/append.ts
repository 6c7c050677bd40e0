/** APPEND and MULTIAPPEND. RFC 9051 §6.3.12, RFC 3502, RFC 4315. */
import type { AppendMessage, Command } from "../../../protocol/imap/command.ts";
import { appendUid } from "../../../protocol/imap/response.ts";
import { allRights } from "../../../protocol/imap/rights.ts";
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import type { Account, Instant, MailboxId, NewMessage, Store } from "../../store/store.ts";
import { type Answer, bad, no, notAllowed, ok, overQuota, tryCreate } from "../answer.ts";
import type { ClientScripts } from "../client-scripts.ts";
import { findPlace, marksFor, may, othersRoot, type Place, type PlaceStore } from "../names.ts";
import type { Session } from "../session.ts";

export type FactsMakers = {
  /** At once, on this thread: for small messages. */
  readonly factsOf: (bytes: Uint8Array) => MessageFacts;
  /** Elsewhere: for messages of `settings.largeMessageBytes` and more. */
  readonly factsOfLarge: (bytes: Uint8Array) => Promise<MessageFacts>;
};

type AppendPlace = Omit<Place, "mailbox"> & { readonly mailbox: MailboxId | string };

type Ask = FactsMakers & {
  readonly store: PlaceStore & Pick<Store, "append">;
  readonly settings: { readonly largeMessageBytes: number };
  readonly now: () => Instant;
  readonly scripts: ClientScripts;
};

export async function append(
  session: Session,
  command: Extract<Command, { name: "APPEND" }>,
  ask: Ask,
): Promise<Answer> {
  const place = await placeOf(ask.store, session.user, command.mailbox);
  if (place === undefined) return tryCreate;
  if (!may(place, "i")) return notAllowed;
  const { account, mailbox } = place;
  // RFC 3516 §4.4: a literal8 may hold NUL; anything else that does is no message.
  if (command.messages.some((message) => !message.binary && message.bytes.includes(0))) {
    return no("CANNOT", "A message must not hold NUL");
  }
  // RFC 6855 §4.
  if (!session.utf8 && command.messages.some((message) => message.utf8)) return bad("ENABLE UTF8=ACCEPT first");
  const receivedAt = ask.now();
  const messages: (NewMessage & { readonly marks: AppendMessage["marks"]; readonly receivedAt: Instant })[] = [];
  for (const { bytes, marks, receivedAt: given } of command.messages) {
    const facts = bytes.length >= ask.settings.largeMessageBytes ? await ask.factsOfLarge(bytes) : ask.factsOf(bytes);
    messages.push({ bytes, facts, marks: marksFor(place, marks), receivedAt: given ?? receivedAt });
  }
  const result = await ask.store.append(account, mailbox, messages);
  switch (result.kind) {
    case "done":
      await ask.scripts({
        user: session.user,
        account,
        mailbox: result.mailbox,
        uids: result.uids,
        cause: "APPEND",
        changedFlags: [],
      });
      return ok("APPEND completed", appendUid(result.uidValidity, result.uids));
    case "no-mailbox":
      return tryCreate;
    case "over-quota":
      return overQuota;
    default:
      return result satisfies never;
  }
}

/** One's own mailboxes are found by name where the message is written: no look before, which another thread would have to answer. */
function placeOf(store: PlaceStore, user: Account, path: string): AppendPlace | Promise<AppendPlace | undefined> {
  if (!path.startsWith(`${othersRoot}/`)) return { account: user.id, mailbox: path, rights: allRights };
  return findPlace(store, user, path).then((place) => place && { ...place, mailbox: place.mailbox.id });
}
