/** LIST, LSUB, STATUS and NAMESPACE. RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8438, RFC 8440, RFC 8474, RFC 9590. */
import type { Command, ListCommand, StatusItem } from "../../../protocol/imap/command.ts";
import { matchesPattern } from "../../../protocol/imap/mailbox-name.ts";
import * as response from "../../../protocol/imap/response.ts";
import { allRights, shownRights } from "../../../protocol/imap/rights.ts";
import { rangesOf } from "../../../protocol/imap/set.ts";
import { breather } from "../../base/breathe.ts";
import { Flag, type Mailbox, type SpecialUse, type StoreReader } from "../../store/store.ts";
import { type Answer, noSuchMailbox, notAllowed, ok } from "../answer.ts";
import type { ContentCache } from "../content-cache.ts";
import { findPlace, may, type Place, type PlaceStore, sharedPlaces } from "../names.ts";
import { ofEach } from "../pages.ts";
import type { Session } from "../session.ts";
import { type AnnotationStore, annotationsOf } from "./metadata.ts";

type ListStore = PlaceStore &
  AnnotationStore &
  Pick<StoreReader, "openMailbox" | "search" | "fetch" | "absentSubscriptions">;
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
  const { all, nodes } = await visible(session, store);
  const mailboxes = byPath(all.map(({ mailbox }) => mailbox));
  const parents = new Set(mailboxes.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf("/")))));
  const placeOf = new Map(all.map((place) => [place.mailbox, place]));
  const patterns = command.patterns.map((pattern) => command.reference + pattern);
  const { select, returns } = command;
  const absent = select.subscribed ? await absentNames(session, mailboxes, store) : [];
  const recursive = select.recursiveMatch && select.subscribed;
  const known = [...mailboxes, ...absent];
  const levels = recursive ? aboveSubscribed(known, noNames) : noNames;
  const shown = await shownBy(patterns, new Set([...nodes, ...known.map(({ path }) => path), ...levels]));
  const above = recursive ? aboveSubscribed(known, shown) : noNames;
  if (!select.subscribed && !select.specialUse)
    for (const node of nodes)
      if (shown.has(node))
        session.out.text(response.listLine("LIST", ["\\Noselect", "\\HasChildren"], node, session.utf8));
  for (const mailbox of mailboxes) {
    if (!shown.has(mailbox.path)) continue;
    const place = placeOf.get(mailbox)!;
    const use = mailbox.role === undefined ? undefined : useAttributes[mailbox.role];
    const chosen = (!select.subscribed || mailbox.subscribed) && (!select.specialUse || use !== undefined);
    // RFC 5258 §3.5: a parent is told of for the sake of its subscribed children.
    const childInfo = above.has(mailbox.path);
    if (!chosen && !childInfo) continue;
    const attributes: string[] = [];
    if (mailbox.subscribed && (select.subscribed || returns.subscribed)) attributes.push("\\Subscribed");
    attributes.push(parents.has(mailbox.path) ? "\\HasChildren" : "\\HasNoChildren");
    if (use !== undefined) attributes.push(use);
    const extended = childInfo ? { childInfo: ["SUBSCRIBED"] } : {};
    session.out.text(response.listLine("LIST", attributes, mailbox.path, session.utf8, extended));
    if (returns.status !== undefined && chosen && may(place, "r")) {
      session.out.text(await statusLine(session, place, returns.status, { store, settings, cache }));
    }
    if (returns.myRights && chosen)
      session.out.text(response.myRightsLine(mailbox.path, session.utf8, shownRights(place.rights)));
    if (returns.metadata !== undefined && chosen && may(place, "r")) {
      const { found } = await annotationsOf(session, place, { entries: returns.metadata }, store);
      if (found.length > 0) session.out.text(response.metadataLine(mailbox.path, session.utf8, found));
    }
  }
  if (select.specialUse) return ok("LIST completed");
  for (const path of namesWithout(mailboxes, absent, above)) {
    if (!shown.has(path)) continue;
    const attributes = ["\\NonExistent"];
    if (absent.some((one) => one.path === path)) attributes.unshift("\\Subscribed");
    if (returns.children) attributes.push("\\HasNoChildren");
    const extended = above.has(path) ? { childInfo: ["SUBSCRIBED"] } : {};
    session.out.text(response.listLine("LIST", attributes, path, session.utf8, extended));
  }
  return ok("LIST completed");
}

type Subscription = { readonly path: string; readonly subscribed: boolean };

/** RFC 9051 §6.3.7: names that are subscribed though their mailboxes were deleted. */
async function absentNames(
  { user }: Session,
  mailboxes: readonly Mailbox[],
  store: Pick<StoreReader, "absentSubscriptions">,
): Promise<readonly Subscription[]> {
  const there = new Set(mailboxes.map(({ path }) => path));
  const absent = await store.absentSubscriptions(user.id);
  return absent.filter((path) => !there.has(path)).map((path) => ({ path, subscribed: true }));
}

/** The absent names, and levels above them, of which there is no mailbox. */
function namesWithout(
  mailboxes: readonly Mailbox[],
  absent: readonly Subscription[],
  above: ReadonlySet<string>,
): readonly string[] {
  if (absent.length === 0) return [];
  const names = new Set([...absent.map(({ path }) => path), ...above]);
  for (const { path } of mailboxes) names.delete(path);
  return [...names].sort();
}

/** RFC 3501 §6.3.9. */
export async function lsub(
  session: Session,
  command: Extract<Command, { name: "LSUB" }>,
  { store }: { readonly store: ListStore },
): Promise<Answer> {
  const { all } = await visible(session, store);
  const mailboxes = byPath(all.map(({ mailbox }) => mailbox));
  const pattern = command.reference + command.pattern;
  // With "%" a subscribed name further down shows as its parent.
  const absent = await absentNames(session, mailboxes, store);
  const known = [...mailboxes, ...absent];
  const above = command.pattern.endsWith("%") ? aboveSubscribed(known, noNames) : noNames;
  const shown = await shownBy([pattern], new Set([...known.map(({ path }) => path), ...above]));
  if (command.pattern === "") session.out.line('* LSUB (\\Noselect) "/" ""');
  for (const mailbox of mailboxes) {
    if (!shown.has(mailbox.path)) continue;
    if (mailbox.subscribed) session.out.text(response.listLine("LSUB", [], mailbox.path, session.utf8));
    else if (above.has(mailbox.path)) {
      session.out.text(response.listLine("LSUB", ["\\Noselect"], mailbox.path, session.utf8));
    }
  }
  for (const path of namesWithout(mailboxes, absent, above)) {
    if (!shown.has(path)) continue;
    const attributes = absent.some((one) => one.path === path) ? [] : ["\\Noselect"];
    session.out.text(response.listLine("LSUB", attributes, path, session.utf8));
  }
  return ok("LSUB completed");
}

/** INBOX first, then as people sort. */
function byPath(mailboxes: readonly Mailbox[]): Mailbox[] {
  return mailboxes.toSorted((a, b) =>
    a.path === "INBOX" ? -1 : b.path === "INBOX" ? 1 : a.path < b.path ? -1 : a.path > b.path ? 1 : 0,
  );
}

/** All that the session may look up; `nodes`: levels above what others share that are no mailboxes. */
async function visible(
  session: Session,
  store: PlaceStore,
): Promise<{ readonly all: readonly Place[]; readonly nodes: readonly string[] }> {
  const { user } = session;
  const [own, shared] = await Promise.all([store.mailboxes(user.id), sharedPlaces(store, user)]);
  const all = [...own.map((mailbox): Place => ({ account: user.id, mailbox, rights: allRights })), ...shared];
  const there = new Set(all.map(({ mailbox }) => mailbox.path));
  const nodes = new Set<string>();
  for (const { mailbox } of shared)
    for (let at = mailbox.path.lastIndexOf("/"); at > 0; at = mailbox.path.lastIndexOf("/", at - 1))
      if (!there.has(mailbox.path.slice(0, at))) nodes.add(mailbox.path.slice(0, at));
  return { all, nodes: [...nodes].sort() };
}

const noNames: ReadonlySet<string> = new Set();

/** Those of the names that a pattern matches. Ten thousand long names and a clever pattern are much work: others have their turn meanwhile. */
async function shownBy(patterns: readonly string[], names: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const pause = breather();
  const shown = new Set<string>();
  for (const name of names)
    for (const pattern of patterns) {
      const turn = pause();
      if (turn !== undefined) await turn;
      if (!matchesPattern(pattern, name)) continue;
      shown.add(name);
      break;
    }
  return shown;
}

/** The paths above all subscribed mailboxes that are not shown by themselves. */
function aboveSubscribed(mailboxes: readonly Subscription[], shown: ReadonlySet<string>): ReadonlySet<string> {
  const above = new Set<string>();
  for (const { path, subscribed } of mailboxes) {
    if (!subscribed || shown.has(path)) continue;
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) above.add(path.slice(0, at));
  }
  return above;
}

export async function status(
  session: Session,
  command: Extract<Command, { name: "STATUS" }>,
  { store, settings, cache }: Ask,
): Promise<Answer> {
  const place = await findPlace(store, session.user, command.mailbox);
  if (place === undefined) return noSuchMailbox;
  if (!may(place, "r")) return notAllowed;
  session.out.text(await statusLine(session, place, command.items, { store, settings, cache }));
  return ok("STATUS completed");
}

async function statusLine(
  session: Session,
  place: Place,
  items: readonly StatusItem[],
  { store, settings, cache }: Ask,
): Promise<string> {
  const { mailbox } = place;
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
        return mailbox.deleted === 0 ? 0 : deletedBytes(place, store, cache);
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
        return recentIn(place, store);
      default:
        return item satisfies never;
    }
  }
}

/** RFC 9208 §5.2: what EXPUNGE would set free, in octets. */
async function deletedBytes(
  { account: id, mailbox }: Place,
  store: Pick<StoreReader, "search" | "fetch">,
  cache: ContentCache,
): Promise<number> {
  const { uids } = await store.search(id, mailbox.id, { kind: "flag", flag: Flag.deleted });
  const sizes = await ofEach(store, cache.budget, id, mailbox.id, rangesOf(uids), ["size"], (row) => row.sizeBytes);
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function recentIn({ account, mailbox }: Place, store: Pick<StoreReader, "openMailbox">): Promise<number> {
  const snapshot = await store.openMailbox(account, mailbox.id);
  if ("kind" in snapshot) return 0;
  let count = 0;
  for (let at = snapshot.uids.length - 1; at >= 0 && snapshot.uids[at]! >= snapshot.recentFrom; at--) count++;
  return count;
}
