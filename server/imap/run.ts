/** Which function does which command, and when it may be given: RFC 9051 §6.3 to §6.4. */
import type { Command } from "../../protocol/imap/command.ts";
import { jmapAccessLine } from "../../protocol/imap/response.ts";
import { type Answer, bad, no, noSuchMailbox, ok } from "./answer.ts";
import { enable, id } from "./commands/access.ts";
import { getAcl, myRights, setAcl } from "./commands/acl.ts";
import { append, replace } from "./commands/append.ts";
import { copyOrMove, expunge } from "./commands/copy.ts";
import { fetch } from "./commands/fetch.ts";
import { list, lsub, status } from "./commands/list.ts";
import { create, remove, rename, subscribe } from "./commands/mailboxes.ts";
import { getMetadata, setMetadata } from "./commands/metadata.ts";
import { multiSearch } from "./commands/multi-search.ts";
import { notify } from "./commands/notify.ts";
import { getQuota, getQuotaRoot } from "./commands/quota.ts";
import { search } from "./commands/search.ts";
import { close, select } from "./commands/select.ts";
import { store } from "./commands/store.ts";
import { thread } from "./commands/thread.ts";
import type { ImapNeeds } from "./conversation.ts";
import { speaksNumbers } from "./search-key.ts";
import type { Selected, Session } from "./session.ts";

/** Each command by its own name, so that the compiler counts the cases. */
export type OneCommand = Split<Command>;
type Split<C> = C extends { readonly name: infer Name extends string }
  ? Name extends unknown
    ? Omit<C, "name"> & { readonly name: Name }
    : never
  : never;

type OfConversation =
  | "CAPABILITY"
  | "LOGOUT"
  | "STARTTLS"
  | "LOGIN"
  | "AUTHENTICATE"
  | "DONE"
  | "NAMESPACE"
  | "IDLE"
  | "COMPRESS"
  | "UNAUTHENTICATE";
type UserCommand = Exclude<OneCommand, { name: OfConversation }>;

export function runForUser(session: Session, command: UserCommand, needs: ImapNeeds): Answer | Promise<Answer> {
  if (command.name === "NOOP") return ok("NOOP completed");
  if (command.name === "ID") return id(session);
  if (session.account === undefined) return bad("Log in first");
  if (session.uidOnly && namesByNumber(command)) return uidRequired;
  switch (command.name) {
    case "ENABLE":
      return enable(session, command);
    case "SELECT":
    case "EXAMINE":
      return select(session, command, needs);
    case "CREATE":
      return create(session, command, needs);
    case "DELETE":
      return remove(session, command, needs);
    case "RENAME":
      return rename(session, command, needs);
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      return subscribe(session, command, needs);
    case "LIST":
      return list(session, command, needs);
    case "LSUB":
      return lsub(session, command, needs);
    case "STATUS":
      return status(session, command, needs);
    case "ESEARCH":
      return multiSearch(session, command, needs);
    case "NOTIFY":
      return notify(session, command, needs);
    case "APPEND":
      return append(session, command, needs);
    case "GETQUOTA":
      return getQuota(session, command, needs);
    case "GETQUOTAROOT":
      return getQuotaRoot(session, command.mailbox, needs);
    case "SETACL":
    case "DELETEACL":
    case "LISTRIGHTS":
      return setAcl(session, command, needs);
    case "GETACL":
      return getAcl(session, command.mailbox, needs);
    case "MYRIGHTS":
      return myRights(session, command.mailbox, needs);
    case "GETMETADATA":
      return getMetadata(session, command, needs);
    case "SETMETADATA":
      return setMetadata(session, command, needs);
    case "GETJMAPACCESS":
      session.out.text(jmapAccessLine(needs.settings.jmapUrl));
      return ok("GETJMAPACCESS completed");
    case "SETQUOTA":
      return no("NOPERM", "Quotas are the administrator's");
    default:
      return runOnSelected(session, command, needs);
  }
}

/** RFC 9586 §3. */
function namesByNumber(command: UserCommand): boolean {
  switch (command.name) {
    case "FETCH":
    case "STORE":
    case "COPY":
    case "MOVE":
    case "REPLACE":
      return !command.uid;
    case "SEARCH":
    case "SORT":
    case "THREAD":
      return !command.uid || speaksNumbers(command.key);
    case "SELECT":
    case "EXAMINE":
      return command.qresync?.match !== undefined;
    default:
      return false;
  }
}

const uidRequired = bad("UIDONLY is enabled: messages are named by UID", "UIDREQUIRED");

type SelectedCommand = Extract<
  UserCommand,
  {
    name:
      | "CHECK"
      | "CLOSE"
      | "UNSELECT"
      | "EXPUNGE"
      | "SEARCH"
      | "SORT"
      | "THREAD"
      | "FETCH"
      | "STORE"
      | "COPY"
      | "MOVE"
      | "REPLACE";
  }
>;

function runOnSelected(session: Session, command: SelectedCommand, needs: ImapNeeds): Answer | Promise<Answer> {
  const { selected } = session;
  if (selected === undefined) return bad("Select a mailbox first");
  switch (command.name) {
    case "CHECK":
      return ok("CHECK completed");
    case "CLOSE":
    case "UNSELECT":
      return close(session, selected, command, needs);
    default:
      return selected.withdrawn ? noSuchMailbox : runOnMessages(session, selected, command, needs);
  }
}

function runOnMessages(
  session: Session,
  selected: Selected,
  command: Exclude<SelectedCommand, { name: "CHECK" | "CLOSE" | "UNSELECT" }>,
  needs: ImapNeeds,
): Answer | Promise<Answer> {
  switch (command.name) {
    case "EXPUNGE":
      return expunge(session, selected, command, needs);
    case "SEARCH":
    case "SORT":
      return search(session, selected, command, needs);
    case "THREAD":
      return thread(session, selected, command, needs);
    case "FETCH":
      return fetch(session, selected, command, needs);
    case "STORE":
      return store(session, selected, command, needs);
    case "COPY":
    case "MOVE":
      return copyOrMove(session, selected, command, needs);
    case "REPLACE":
      return replace(session, selected, command, needs);
    default:
      return command satisfies never;
  }
}
