/**
 * Mailboxes by the names clients use: one's own, and below "Other Users/NAME/" those that others share (RFC 2342 §5,
 * RFC 4314). What somebody may do with one stands beside it.
 */
import { FlagBit } from "../../protocol/imap/command.ts";
import { allRights, type Rights } from "../../protocol/imap/rights.ts";
import type { SharedMailbox } from "../store/sharing-store.ts";
import type { Account, AccountId, Mailbox, StoreReader } from "../store/store.ts";

/** The first level above all that others share. */
export const othersRoot = "Other Users";

export type Place = {
  readonly account: AccountId;
  /** With the path that this session knows it by. */
  readonly mailbox: Mailbox;
  readonly rights: Rights;
};

export type PlaceStore = Pick<StoreReader, "mailboxes" | "sharedWith">;

/** All rights of RFC 4314 to the place; own mailboxes have them all. */
export const may = ({ rights }: Pick<Place, "rights">, letters: string): boolean =>
  rights === allRights || [...letters].every((letter) => rights.includes(letter));

/** The mailbox of this name, where the session may know of it: undefined otherwise. */
export async function findPlace(store: PlaceStore, user: Account, path: string): Promise<Place | undefined> {
  const own = (await store.mailboxes(user.id)).find((mailbox) => mailbox.path === path);
  if (own !== undefined) return { account: user.id, mailbox: own, rights: allRights };
  if (!path.startsWith(`${othersRoot}/`)) return undefined;
  const shared = (await store.sharedWith(user.id)).filter(({ ownerName }) =>
    path.startsWith(`${othersRoot}/${ownerName}/`),
  );
  return (await placesOf(store, shared)).find((place) => place.mailbox.path === path && may(place, "l"));
}

/** Every mailbox that others share and that can be looked up. */
export async function sharedPlaces(store: PlaceStore, user: Account): Promise<readonly Place[]> {
  return (await placesOf(store, await store.sharedWith(user.id))).filter((place) => may(place, "l"));
}

async function placesOf(store: PlaceStore, shared: readonly SharedMailbox[]): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const [owner, own] of Map.groupBy(shared, (one) => one.owner)) {
    const byId = new Map((await store.mailboxes(owner)).map((mailbox) => [mailbox.id, mailbox]));
    for (const { mailbox: id, ownerName, rights, subscribed } of own) {
      const mailbox = byId.get(id);
      if (mailbox === undefined) continue;
      const path = `${othersRoot}/${ownerName}/${mailbox.path}`;
      // What is special to its owner is not special to others (RFC 6154 §2).
      places.push({ account: owner, mailbox: { ...mailbox, path, subscribed, role: undefined }, rights });
    }
  }
  return places;
}

/** Where a new mailbox of this name would be: one's own account, or a place below a mailbox that another shares. */
export async function findParent(
  store: PlaceStore,
  user: Account,
  path: string,
): Promise<{ readonly account: AccountId; readonly path: string } | "not-allowed" | "no-parent"> {
  if (path !== othersRoot && !path.startsWith(`${othersRoot}/`)) return { account: user.id, path };
  const parent = await findPlace(store, user, path.slice(0, Math.max(0, path.lastIndexOf("/"))));
  if (parent === undefined || parent.account === user.id) return "no-parent";
  if (!may(parent, "k")) return "not-allowed";
  return { account: parent.account, path: ownPath(path) };
}

/** "Other Users/ann@x.test/Team/New" as its owner calls it. */
export const ownPath = (path: string): string => path.split("/").slice(2).join("/");

/** Those of the marks that the rights allow to be set: "s" \\Seen, "t" \\Deleted, "w" all others (RFC 4314 §4). */
export function marksFor<M extends { readonly flags: number; readonly keywords: readonly string[] }>(
  place: Pick<Place, "rights">,
  marks: M,
): M {
  if (place.rights === allRights) return marks;
  const others = may(place, "w");
  let mask = others ? ~(FlagBit.seen | FlagBit.deleted) : 0;
  if (may(place, "s")) mask |= FlagBit.seen;
  if (may(place, "t")) mask |= FlagBit.deleted;
  return { ...marks, flags: marks.flags & mask, keywords: others ? marks.keywords : [] };
}
