/** LIST, LSUB, STATUS and NAMESPACE. RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8438, RFC 8474. */
import type { Command, ListCommand, StatusItem } from "../../../protocol/imap/command.ts";
import { matchesPattern } from "../../../protocol/imap/mailbox-name.ts";
import * as response from "../../../protocol/imap/response.ts";
import { rangesOf } from "../../../protocol/imap/set.ts";
import { Flag, type Mailbox, type SpecialUse, type StoreReader } from "../../store/store.ts";
import { type Answer, noSuchMailbox, ok } from "../answer.ts";
import type { ContentCache } from "../content-cache.ts";
import { findMailbox } from "../names.ts";
import { ofEach } from "../pages.ts";
import type { Session } from "../session.ts";

type ListStore = Pick<StoreReader, "mailboxes" | "openMailbox" | "search" | "fetch">;
type Ask = {
  readonly store: ListStore;
  readonly settings: { readonly maxMessageBytes: number };
  readonly cache: ContentCache;
};

const useAttributes: { readonly [use in SpecialUse]: string | undefined } = {
  inbox: undefined,
  archive: "\\Archive",
  drafts: "\\Drafts",
  junk: "\\Junk",
  sent: "\\Sent",
  trash: "\\Trash",
  all: "\\All",
  flagged: "\\Flagged",
  important: "\\Important",
};

export async function list(session: Session, command: ListCommand, { store, settings, cache }: Ask): Promise<Answer> {
  if (command.patterns.every((pattern) => pattern === "")) {
    // RFC 9051 §6.3.9: an empty pattern asks for the delimiter and the root of the reference.
    session.out.text(response.delimiterLine);
    return ok("LIST completed");
  }
  const account = session.user.id;
  const mailboxes = byPath(await store.mailboxes(account));
  const parents = parentsOf(mailboxes);
  const patterns = command.patterns.map((pattern) => command.reference + pattern);
  const { select, returns } = command;
  const recursive = select.recursiveMatch && select.subscribed;
  const above = recursive ? aboveSubscribed(mailboxes, patterns) : new Set<string>();
  for (const mailbox of mailboxes) {
    if (!patterns.some((pattern) => matchesPattern(pattern, mailbox.path))) continue;
    const use = mailbox.role === undefined ? undefined : useAttributes[mailbox.role];
    const chosen = (!select.subscribed || mailbox.subscribed) && (!select.specialUse || use !== undefined);
    // RFC 5258 §3.5: a parent is told of for the sake of its subscribed children.
    const childInfo = above.has(mailbox.path);
    if (!chosen && !childInfo) continue;
    const attributes: string[] = [];
    if (mailbox.subscribed && (select.subscribed || returns.subscribed)) attributes.push("\\Subscribed");
    attributes.push(parents.has(mailbox.id) ? "\\HasChildren" : "\\HasNoChildren");
    if (use !== undefined) attributes.push(use);
    const extended = childInfo ? { childInfo: ["SUBSCRIBED"] } : {};
    session.out.text(response.listLine("LIST", attributes, mailbox.path, session.utf8, extended));
    if (returns.status !== undefined && chosen) {
      session.out.text(await statusLine(session, mailbox, returns.status, { store, settings, cache }));
    }
  }
  return ok("LIST completed");
}

/** RFC 3501 §6.3.9. */
export async function lsub(
  session: Session,
  command: Extract<Command, { name: "LSUB" }>,
  { store }: { readonly store: ListStore },
): Promise<Answer> {
  const account = session.user.id;
  const mailboxes = byPath(await store.mailboxes(account));
  const pattern = command.reference + command.pattern;
  // With "%" a subscribed name further down shows as its parent.
  const above = command.pattern.endsWith("%") ? aboveSubscribed(mailboxes, []) : new Set<string>();
  if (command.pattern === "") session.out.line('* LSUB (\\Noselect) "/" ""');
  for (const mailbox of mailboxes) {
    if (!matchesPattern(pattern, mailbox.path)) continue;
    if (mailbox.subscribed) session.out.text(response.listLine("LSUB", [], mailbox.path, session.utf8));
    else if (above.has(mailbox.path)) {
      session.out.text(response.listLine("LSUB", ["\\Noselect"], mailbox.path, session.utf8));
    }
  }
  return ok("LSUB completed");
}

/** INBOX first, then as people sort. */
function byPath(mailboxes: readonly Mailbox[]): Mailbox[] {
  return mailboxes.toSorted((a, b) =>
    a.path === "INBOX" ? -1 : b.path === "INBOX" ? 1 : a.path < b.path ? -1 : a.path > b.path ? 1 : 0,
  );
}

function parentsOf(mailboxes: readonly Mailbox[]): ReadonlySet<number | undefined> {
  return new Set(mailboxes.map((mailbox) => mailbox.parent));
}

/** The paths above all subscribed mailboxes that none of the patterns shows by itself. */
function aboveSubscribed(mailboxes: readonly Mailbox[], patterns: readonly string[]): ReadonlySet<string> {
  const above = new Set<string>();
  for (const { path, subscribed } of mailboxes) {
    if (!subscribed || patterns.some((pattern) => matchesPattern(pattern, path))) continue;
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) above.add(path.slice(0, at));
  }
  return above;
}

export async function status(
  session: Session,
  command: Extract<Command, { name: "STATUS" }>,
  { store, settings, cache }: Ask,
): Promise<Answer> {
  const mailbox = await findMailbox(store, session.user.id, command.mailbox);
  if (mailbox === undefined) return noSuchMailbox;
  session.out.text(await statusLine(session, mailbox, command.items, { store, settings, cache }));
  return ok("STATUS completed");
}

async function statusLine(
  session: Session,
  mailbox: Mailbox,
  items: readonly StatusItem[],
  { store, settings, cache }: Ask,
): Promise<string> {
  const values: (readonly [StatusItem, number | string])[] = [];
  for (const item of items) values.push([item, await answered(item)]);
  return response.statusLine(mailbox.path, session.utf8, values);

  function answered(item: StatusItem): number | string | Promise<number> {
    switch (item) {
      case "MESSAGES":
        return mailbox.messages;
      case "UIDNEXT":
        return mailbox.uidNext;
      case "UIDVALIDITY":
        return mailbox.uidValidity;
      case "UNSEEN":
        return mailbox.unseen;
      case "DELETED":
        return mailbox.deleted;
      case "DELETED-STORAGE":
        return mailbox.deleted === 0 ? 0 : deletedBytes(session, mailbox, store, cache);
      case "SIZE":
        return mailbox.sizeBytes;
      case "HIGHESTMODSEQ":
        // RFC 7162 §3.1.7: asking for it enables CONDSTORE.
        session.condstore = true;
        return mailbox.highestModseq;
      case "APPENDLIMIT":
        return settings.maxMessageBytes;
      case "MAILBOXID":
        return response.objectId("F", mailbox.id);
      case "RECENT":
        return recentIn(session, mailbox, store);
      default:
        return item satisfies never;
    }
  }
}

/** RFC 9208 §5.2: what EXPUNGE would set free, in octets. */
async function deletedBytes(
  session: Session,
  mailbox: Mailbox,
  store: Pick<StoreReader, "search" | "fetch">,
  cache: ContentCache,
): Promise<number> {
  const { id } = session.user;
  const { uids } = await store.search(id, mailbox.id, { kind: "flag", flag: Flag.deleted });
  const sizes = await ofEach(store, cache.budget, id, mailbox.id, rangesOf(uids), ["size"], (row) => row.sizeBytes);
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function recentIn(session: Session, mailbox: Mailbox, store: Pick<StoreReader, "openMailbox">): Promise<number> {
  const snapshot = await store.openMailbox(session.user.id, mailbox.id);
  if ("kind" in snapshot) return 0;
  let count = 0;
  for (let at = snapshot.uids.length - 1; at >= 0 && snapshot.uids[at]! >= snapshot.recentFrom; at--) count++;
  return count;
}
