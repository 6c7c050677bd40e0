/** ESEARCH over several mailboxes. RFC 7377. */
import type { Command, MailboxFilter } from "../../../protocol/imap/command.ts";
import { esearchLine } from "../../../protocol/imap/response.ts";
import { allRights } from "../../../protocol/imap/rights.ts";
import { View } from "../../../protocol/imap/view.ts";
import type { Instant, StoreReader } from "../../store/store.ts";
import { type Answer, bad, ok } from "../answer.ts";
import { matchesFilter } from "../mailbox-filter.ts";
import { may, type Place, type PlaceStore, sharedPlaces } from "../names.ts";
import { speaksNumbers, storeKey } from "../search-key.ts";
import type { Session } from "../session.ts";
import { allOnly, resultsOf, shown } from "./search.ts";

type SearchStore = PlaceStore & Pick<StoreReader, "openMailbox" | "search">;

export async function multiSearch(
  session: Session,
  command: Extract<Command, { name: "ESEARCH" }>,
  { store, now }: { readonly store: SearchStore; readonly now: () => Instant },
): Promise<Answer> {
  const { returns = allOnly, filters, key } = command;
  // RFC 7377 §2.1: a number means nothing where there are many mailboxes, and "$" is of one.
  if (speaksNumbers(key)) return bad("Numbers of messages are no keys here");
  if (returns.save) return bad("SAVE is for SEARCH");
  if (session.selected === undefined && filters.every(isSelected)) return bad("Select a mailbox first");
  for (const place of await placesOf(session, filters, store)) {
    const { account, mailbox } = place;
    const view = await viewOf(session, place, store);
    if (view === undefined) continue;
    const wanted = storeKey(key, view, [], now());
    if (wanted === undefined) continue;
    const { uids } = await store.search(account, mailbox.id, wanted);
    const found = shown(view, uids);
    // RFC 7377 §2.1: a mailbox without any is not told of.
    if (found.length === 0) continue;
    const where = { path: mailbox.path, uidValidity: mailbox.uidValidity, utf8: session.utf8 };
    session.out.text(esearchLine(command.tag, true, resultsOf(returns, found, false), where));
    const full = session.out.drained();
    if (full !== undefined) await full;
  }
  return ok("ESEARCH completed");
}

const isSelected = ({ kind }: MailboxFilter): boolean => kind === "selected" || kind === "selected-delayed";

/** Each mailbox once, in the order of their names. */
async function placesOf(
  { user, selected }: Session,
  filters: readonly MailboxFilter[],
  store: PlaceStore,
): Promise<readonly Place[]> {
  const own = (await store.mailboxes(user.id)).map((mailbox) => ({ account: user.id, mailbox, rights: allRights }));
  const all: readonly Place[] = [...own, ...(await sharedPlaces(store, user))];
  const withSelected = filters.some(isSelected);
  return all
    .filter(
      (place) =>
        may(place, "r") &&
        ((withSelected && selected?.mailbox === place.mailbox.id && selected.account === place.account) ||
          filters.some((filter) => matchesFilter(filter, place.mailbox))),
    )
    .sort((a, b) => (a.mailbox.path < b.mailbox.path ? -1 : 1));
}

/** What the client may be told of: of the mailbox that is open what it knows, of others all. */
async function viewOf(
  { selected }: Session,
  { account, mailbox }: Place,
  store: Pick<StoreReader, "openMailbox">,
): Promise<View | undefined> {
  if (selected?.account === account && selected.mailbox === mailbox.id) return selected.view;
  const snapshot = await store.openMailbox(account, mailbox.id);
  return "kind" in snapshot ? undefined : new View(snapshot.uids, snapshot.recentFrom);
}
