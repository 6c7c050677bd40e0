/** APPEND, MULTIAPPEND and REPLACE. RFC 9051 §6.3.12, RFC 3502, RFC 4315, RFC 8508. */
import type { AppendMessage, Command } from "../../../protocol/imap/command.ts";
import { appendUid } from "../../../protocol/imap/response.ts";
import { allRights } from "../../../protocol/imap/rights.ts";
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import type { Account, AccountId, Instant, MailboxId, NewMessage, Store } from "../../store/store.ts";
import { type Answer, bad, no, notAllowed, ok, outOfRange, overQuota, readOnly, tryCreate } from "../answer.ts";
import type { ClientScripts } from "../client-scripts.ts";
import { findPlace, marksFor, may, othersRoot, type Place, type PlaceStore } from "../names.ts";
import type { Selected, Session } from "../session.ts";
import { tellExpunged } from "../updates.ts";

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
  const messages = await newMessages(session, place, command.messages, ask);
  if ("status" in messages) return messages;
  const result = await ask.store.append(account, mailbox, messages);
  if (result.kind !== "done") return notTaken[result.kind];
  await runScripts(session, account, result.mailbox, result.uids, ask.scripts);
  return ok("APPEND completed", appendUid(result.uidValidity, result.uids));
}

const noSuchMessage = no("EXPUNGEISSUED", "That message is gone");
const notTaken = { "no-mailbox": tryCreate, "no-message": noSuchMessage, "over-quota": overQuota } as const;

/** One's own mailboxes are found by name where the message is written: no look before, which another thread would have to answer. */
function placeOf(store: PlaceStore, user: Account, path: string): AppendPlace | Promise<AppendPlace | undefined> {
  if (!path.startsWith(`${othersRoot}/`)) return { account: user.id, mailbox: path, rights: allRights };
  return findPlace(store, user, path).then((place) => place && { ...place, mailbox: place.mailbox.id });
}

type Appended = NewMessage & { readonly marks: AppendMessage["marks"]; readonly receivedAt: Instant };

/** What the client sent, ready for the store; or why it cannot be taken. */
async function newMessages(
  session: Session,
  place: Pick<Place, "rights">,
  sent: readonly AppendMessage[],
  { now, settings, factsOf, factsOfLarge }: Omit<Ask, "store" | "scripts">,
): Promise<Appended[] | Answer> {
  // RFC 3516 §4.4: a literal8 may hold NUL; anything else that does is no message.
  if (sent.some((message) => !message.binary && message.bytes.includes(0))) {
    return no("CANNOT", "A message must not hold NUL");
  }
  // RFC 6855 §4.
  if (!session.utf8 && sent.some((message) => message.utf8)) return bad("ENABLE UTF8=ACCEPT first");
  const receivedAt = now();
  const messages: Appended[] = [];
  for (const { bytes, marks, receivedAt: given } of sent) {
    const facts = bytes.length >= settings.largeMessageBytes ? await factsOfLarge(bytes) : factsOf(bytes);
    messages.push({ bytes, facts, marks: marksFor(place, marks), receivedAt: given ?? receivedAt });
  }
  return messages;
}

const runScripts = (
  { user }: Session,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly number[],
  scripts: ClientScripts,
): Promise<void> => scripts({ user, account, mailbox, uids, cause: "APPEND", changedFlags: [] });

/** RFC 8508: the new message is there and the old one is gone, or nothing has happened. */
export async function replace(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "REPLACE" }>,
  ask: Ask & { readonly store: Pick<Store, "replaceMessage"> },
): Promise<Answer> {
  const ranges = selected.view.select(command.set, command.uid, session.saved);
  if (ranges === undefined) return outOfRange;
  if (selected.readOnly) return readOnly;
  const [uid] = selected.view.within(ranges);
  if (uid === undefined) return noSuchMessage;
  const place = await findPlace(ask.store, session.user, command.mailbox);
  if (place === undefined) return tryCreate;
  if (!may(place, "i") || !may(selected, "te")) return notAllowed;
  if (place.account !== selected.account)
    return no("CANNOT", "A message is replaced within the mailboxes of one owner");
  const messages = await newMessages(session, place, [command.message], ask);
  if ("status" in messages) return messages;
  const old = { mailbox: selected.mailbox, uid };
  const result = await ask.store.replaceMessage(place.account, place.mailbox.id, messages[0] as Appended, old);
  if (result.kind !== "done") return notTaken[result.kind];
  await runScripts(session, place.account, place.mailbox.id, [result.uid], ask.scripts);
  // RFC 8508 §3.4: where it is, then what is gone.
  session.out.line(`* OK [${appendUid(result.uidValidity, [result.uid])}] Replacement message ready`);
  tellExpunged(session, selected, [uid]);
  if (place.mailbox.id !== selected.mailbox) selected.changedBySelf(result.modseq);
  return ok("REPLACE completed", session.condstore ? `HIGHESTMODSEQ ${result.modseq}` : undefined);
}
