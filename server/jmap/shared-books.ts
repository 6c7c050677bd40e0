/**
 * Address books that others share with an account (RFC 9670 §1.5, RFC 9610 §2). What the owner grants is kept with the book, and beside it, for
 * whoever asks what is shared with them, in the account of who gets it.
 */
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { AccountId, Store } from "../store/store.ts";

/** Kept with who gets it: `OWNER-BOOK` for a book, `OWNER` for the state of the owner's account when something of this changed last. */
export const sharedBookName = "SharedAddressBook";

export type SharedBook = { readonly mayWrite: boolean; readonly isSubscribed: boolean };
/** What one owner shares with one person. */
export type SharedBooks = {
  readonly owner: AccountId;
  readonly ownerName: string;
  readonly books: ReadonlyMap<string, SharedBook>;
  /** States of the owner's books and cards before this one say nothing of what is seen now. */
  readonly floor: number;
};

export const bookRights = (mayWrite: boolean): JsonObject => ({
  mayRead: true,
  mayWrite,
  mayShare: false,
  mayDelete: false,
});

/** By owner, of all whose accounts are there. */
export async function booksSharedWith(
  store: Pick<Store, "objects" | "accounts">,
  grantee: AccountId,
): Promise<ReadonlyMap<AccountId, SharedBooks>> {
  const { objects } = await store.objects(grantee, sharedBookName);
  const all = new Map<AccountId, SharedBooks>();
  const floors = new Map(objects.flatMap(({ id, data }) => (id.includes("-") ? [] : [[Number(id), data as number]])));
  const byOwner = Map.groupBy(
    objects.filter(({ id }) => id.includes("-")),
    ({ id }) => Number(id.slice(0, id.indexOf("-"))),
  );
  for (const [owner, shared] of byOwner) {
    const [account] = await store.accounts({ id: owner });
    if (account === undefined || account.disabled) continue;
    const books = new Map(shared.map(({ id, data }) => [id.slice(id.indexOf("-") + 1), data as SharedBook]));
    all.set(owner, { owner, ownerName: account.name, books, floor: floors.get(owner) ?? 0 });
  }
  return all;
}
