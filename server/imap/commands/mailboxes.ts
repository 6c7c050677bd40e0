/** CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. RFC 9051 §6.3.4-8, RFC 6154 §3. */
import type { Command } from "../../../protocol/imap/command.ts";
import { objectId } from "../../../protocol/imap/response.ts";
import type { MailboxEdit, Store } from "../../store/store.ts";
import { type Answer, no, noSuchMailbox, notAllowed, ok } from "../answer.ts";
import { findParent, findPlace, may, type PlaceStore, sharedPlaces } from "../names.ts";
import type { Session } from "../session.ts";

type Ask = {
  readonly store: PlaceStore &
    Pick<Store, "createMailbox" | "deleteMailbox" | "renameMailbox" | "setSubscribed" | "setSharedSubscribed">;
};

export async function create(
  session: Session,
  command: Extract<Command, { name: "CREATE" }>,
  { store }: Ask,
): Promise<Answer> {
  if (command.uses.length > 1) return no("USEATTR", "A mailbox has one special use");
  // RFC 9051 §6.3.4: a trailing delimiter says that names will be created below; there is nothing more to do for that.
  const path = withoutDelimiter(command.mailbox);
  const parent = await findParent(store, session.user, path);
  if (parent === "not-allowed") return notAllowed;
  if (parent === "no-parent") return no("CANNOT", "Mailboxes of others lie below one that they share");
  if (parent.account !== session.user.id && command.uses.length > 0) return no("USEATTR", "Not in another's mailboxes");
  // RFC 9051 §6.3.7: to subscribe is the client's own doing; in another's account it is not asked.
  const asked = parent.account === session.user.id;
  const result = await store.createMailbox(parent.account, parent.path, command.uses[0], !asked);
  if (result.kind === "exists" && (await isHidden(store, session, path))) return notAllowed;
  if (result.kind !== "done") return refusal(result.kind);
  return ok("CREATE completed", `MAILBOXID (${objectId("F", result.mailbox.id)})`);
}

export async function remove(
  session: Session,
  command: Extract<Command, { name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" }>,
  { store }: Ask,
): Promise<Answer> {
  const place = await findPlace(store, session.user, withoutDelimiter(command.mailbox));
  if (place === undefined) return noSuchMailbox;
  if (!may(place, "x")) return notAllowed;
  // RFC 9051 §6.3.7: what is subscribed stays so by its name.
  const result = await store.deleteMailbox(place.account, place.mailbox.id, place.account === session.user.id);
  if (result.kind === "has-children" && place.account !== session.user.id) {
    const below = `${place.mailbox.path}/`;
    const seen = await sharedPlaces(store, session.user);
    if (!seen.some(({ mailbox }) => mailbox.path.startsWith(below))) return notAllowed;
  }
  return result.kind === "done" ? ok("DELETE completed") : refusal(result.kind);
}

export async function rename(
  session: Session,
  command: Extract<Command, { name: "RENAME" }>,
  { store }: Ask,
): Promise<Answer> {
  const place = await findPlace(store, session.user, withoutDelimiter(command.from));
  if (place === undefined) return noSuchMailbox;
  const to = withoutDelimiter(command.to);
  const parent = await findParent(store, session.user, to);
  if (parent === "not-allowed" || !may(place, "x")) return notAllowed;
  if (parent === "no-parent" || parent.account !== place.account) return no("CANNOT", "A mailbox stays with its owner");
  const result = await store.renameMailbox(place.account, place.mailbox.id, parent.path);
  if (result.kind === "exists" && (await isHidden(store, session, to))) return notAllowed;
  return result.kind === "done" ? ok("RENAME completed") : refusal(result.kind);
}

/** RFC 4314 §6: of a mailbox that its owner does not show, not even the name is told. */
const isHidden = async (store: PlaceStore, session: Session, path: string): Promise<boolean> =>
  (await findPlace(store, session.user, path)) === undefined;

export async function subscribe(
  session: Session,
  command: Extract<Command, { name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" }>,
  { store }: Ask,
): Promise<Answer> {
  const path = withoutDelimiter(command.mailbox);
  const subscribed = command.name === "SUBSCRIBE";
  const place = await findPlace(store, session.user, path);
  if (place !== undefined && place.account !== session.user.id) {
    await store.setSharedSubscribed(session.user.id, place.account, place.mailbox.id, subscribed);
    return ok(`${command.name} completed`);
  }
  const result = await store.setSubscribed(session.user.id, path, subscribed);
  // Unsubscribing from what is gone is what the client wants to have.
  if (result.kind === "done" || command.name === "UNSUBSCRIBE") return ok(`${command.name} completed`);
  return refusal(result.kind);
}

function refusal(kind: Exclude<MailboxEdit["kind"], "done">): Answer {
  switch (kind) {
    case "exists":
      return no("ALREADYEXISTS", "A mailbox of that name exists");
    case "no-mailbox":
      return noSuchMailbox;
    case "bad-name":
      return no("CANNOT", "That is no name for a mailbox");
    case "too-many":
      return no("LIMIT", "Too many mailboxes");
    case "is-inbox":
      return no("CANNOT", "INBOX stays");
    case "has-children":
      return no("HASCHILDREN", "There are mailboxes below it");
    case "role-taken":
      return no("USEATTR", "Another mailbox has that special use");
    default:
      return kind satisfies never;
  }
}

function withoutDelimiter(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
