/** CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. RFC 9051 §6.3.4-8, RFC 6154 §3. */
import type { Command } from "../../../protocol/imap/command.ts";
import { objectId } from "../../../protocol/imap/response.ts";
import type { AccountId, MailboxEdit, Store } from "../../store/store.ts";
import { type Answer, no, noSuchMailbox, ok } from "../answer.ts";
import { findMailbox } from "../names.ts";
import type { Session } from "../session.ts";

type Ask = {
  readonly store: Pick<Store, "mailboxes" | "createMailbox" | "deleteMailbox" | "renameMailbox" | "setSubscribed">;
};

export async function create(
  session: Session,
  command: Extract<Command, { name: "CREATE" }>,
  { store }: Ask,
): Promise<Answer> {
  if (command.uses.length > 1) return no("USEATTR", "A mailbox has one special use");
  // RFC 9051 §6.3.4: a trailing delimiter says that names will be created below; there is nothing more to do for that.
  const path = withoutDelimiter(command.mailbox);
  const result = await store.createMailbox(accountOf(session), path, command.uses[0]);
  if (result.kind !== "done") return refusal(result.kind);
  return ok("CREATE completed", `MAILBOXID (${objectId("F", result.mailbox.id)})`);
}

export async function remove(
  session: Session,
  command: Extract<Command, { name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" }>,
  { store }: Ask,
): Promise<Answer> {
  const account = accountOf(session);
  const mailbox = await findMailbox(store, account, withoutDelimiter(command.mailbox));
  if (mailbox === undefined) return noSuchMailbox;
  const result = await store.deleteMailbox(account, mailbox.id);
  return result.kind === "done" ? ok("DELETE completed") : refusal(result.kind);
}

export async function rename(
  session: Session,
  command: Extract<Command, { name: "RENAME" }>,
  { store }: Ask,
): Promise<Answer> {
  const account = accountOf(session);
  const mailbox = await findMailbox(store, account, withoutDelimiter(command.from));
  if (mailbox === undefined) return noSuchMailbox;
  const result = await store.renameMailbox(account, mailbox.id, withoutDelimiter(command.to));
  return result.kind === "done" ? ok("RENAME completed") : refusal(result.kind);
}

export async function subscribe(
  session: Session,
  command: Extract<Command, { name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE" }>,
  { store }: Ask,
): Promise<Answer> {
  const path = withoutDelimiter(command.mailbox);
  const result = await store.setSubscribed(accountOf(session), path, command.name === "SUBSCRIBE");
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

function accountOf(session: Session): AccountId {
  return session.user.id;
}

function withoutDelimiter(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
