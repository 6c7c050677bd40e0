import * as is from "../../../protocol/jmap/check.ts";
import { withoutSame } from "../../../protocol/jmap/patch.ts";
import {
  failed,
  invalidProperties,
  isObject,
  type JsonObject,
  type SetError,
  setError,
} from "../../../protocol/jmap/types.ts";
import { breathingFlatMap } from "../../base/breathe.ts";
import type { ObjectEdit, StoredObject } from "../../store/jmap.ts";
import type { AccountId } from "../../store/store.ts";
import { setArgs } from "../arguments.ts";
import { type Answer, type Call, createdId, method } from "../call.ts";
import { contacts } from "../capabilities.ts";
import { tellOfBooks } from "../contact-sharing.ts";
import { addressBookType, cardType, guestBookType } from "../contacts.ts";
import { property } from "../object-query.ts";
import { allObjects, setThem } from "../objects.ts";
import { type SharedBooks, sharedBookName } from "../shared-books.ts";

const shape = is.object({
  ...setArgs,
  onDestroyRemoveContents: is.optional(is.bool),
  onSuccessSetIsDefault: is.maybe(is.idOrCreation),
});

/** RFC 9610 §2.3. */
export const addressBookSet = method(
  contacts,
  shape,
  (args, call, account) => (call.books === undefined ? setOwn(args, call, account) : subscribe(args, call, call.books)),
  "books",
);

async function setOwn(args: is.Of<typeof shape>, call: Call, account: AccountId): Promise<Answer> {
  const { onDestroyRemoveContents = false, onSuccessSetIsDefault, ...given } = args;
  const { store } = call.ports;
  const { objects: before } = await allObjects(addressBookType, call, account);
  const plain = { ...given, update: given.update && withShares(given.update, before) };
  const doomed = new Set((args.destroy ?? []).flatMap((key) => createdId(call, key) ?? []));
  const cards = doomed.size === 0 ? [] : await cardsIn(doomed, call, account);
  const notDestroyed: { [id: string]: SetError } = {};
  for (const id of doomed)
    if (!onDestroyRemoveContents && cards.some(({ books }) => books.includes(id)))
      notDestroyed[id] = setError("addressBookHasContents");
  const destroy = (args.destroy ?? []).filter((key) => notDestroyed[createdId(call, key) ?? ""] === undefined);
  const done = await setThem(addressBookType, { ...plain, destroy }, call, account);
  if ("error" in done) return done;
  const destroyed = new Set(done.ok["destroyed"] as readonly string[]);
  // Cards leave with their last book.
  const edits = await breathingFlatMap(cards, ({ card, books }): ObjectEdit[] => {
    const left = books.filter((id) => !destroyed.has(id));
    if (left.length === books.length) return [];
    if (left.length === 0) return [{ id: card.id, data: undefined }];
    const addressBookIds = Object.fromEntries(left.map((id) => [id, true]));
    return [{ id: card.id, data: { ...(card.data as JsonObject), addressBookIds } }];
  });
  if (edits.length > 0) await store.objectsPut(account, cardType.name, edits, undefined);
  let newState = done.ok["newState"] as string;
  let defaults: JsonObject = {};
  const { objects: books } = await allObjects(addressBookType, call, account);
  const chosen = onSuccessSetIsDefault === undefined ? undefined : createdId(call, onSuccessSetIsDefault);
  const isFine =
    Object.keys(done.ok["notCreated"] as object).length + Object.keys(done.ok["notUpdated"] as object).length === 0;
  const target =
    chosen !== undefined && isFine && books.some(({ id }) => id === chosen)
      ? chosen
      : books.some((book) => property(book, "isDefault") === true)
        ? undefined
        : books[0]?.id;
  if (target !== undefined) {
    const put = await store.objectsPut(
      account,
      addressBookType.name,
      books.map(({ id, data }) => ({ id, data: { ...(data as JsonObject), isDefault: id === target } })),
      undefined,
    );
    if (typeof put === "string") return failed("serverFail", "The default address book could not be set.");
    newState = String(put.state);
    // RFC 9610 §2.3: what has become the default, or is it no longer, is told.
    const changed = books.filter((book) => (property(book, "isDefault") === true) !== (book.id === target));
    defaults = Object.fromEntries(changed.map(({ id }) => [id, { isDefault: id === target }]));
  }
  await tellOfBooks(call, before, books, Number(newState));
  return {
    ok: {
      ...done.ok,
      newState,
      ...withDefaults(done.ok, done.created, defaults),
      notDestroyed: { ...(done.ok["notDestroyed"] as JsonObject), ...notDestroyed },
    },
  };
}

/** The answer's `created` and `updated` with the books that are the default now or were it before. */
function withDefaults(
  ok: JsonObject,
  made: ReadonlyMap<string, string>,
  defaults: JsonObject,
): { readonly created: JsonObject; readonly updated: JsonObject } {
  const [created, updated] = [{ ...(ok["created"] as JsonObject) }, { ...(ok["updated"] as JsonObject) }];
  const creations = new Map([...made].map(([creation, id]) => [id, creation]));
  for (const [id, change] of Object.entries(defaults)) {
    const creation = creations.get(id);
    const [all, key] = creation === undefined ? [updated, id] : [created, creation];
    all[key] = { ...(all[key] as JsonObject | null | undefined), ...(change as JsonObject) };
  }
  return { created, updated };
}

/** Cards in some of the books, with all of their books. */
async function cardsIn(books: ReadonlySet<string>, call: Call, account: AccountId) {
  const { objects } = await allObjects(cardType, call, account);
  return breathingFlatMap(objects, (card) => {
    const own = Object.keys((property(card, "addressBookIds") as object | undefined) ?? {});
    return own.some((id) => books.has(id)) ? [{ card, books: own }] : [];
  });
}

/** "shareWith/P7": one person's rights, also where nobody has any yet; null takes them away. */
function withShares(
  updates: { readonly [id: string]: unknown },
  books: readonly StoredObject[],
): { readonly [id: string]: { readonly [path: string]: unknown } } {
  return Object.fromEntries(
    Object.entries(updates as { readonly [id: string]: { readonly [path: string]: unknown } }).map(([id, patch]) => {
      const known = books.find((book) => book.id === id);
      const hasNone = known !== undefined && !isObject(property(known, "shareWith"));
      const paths = Object.keys(patch).filter((path) => path.startsWith("shareWith/"));
      if (!hasNone || paths.length === 0 || Object.hasOwn(patch, "shareWith")) return [id, patch];
      const rest = Object.entries(patch).filter(([path]) => !paths.includes(path));
      const shareWith = Object.fromEntries(
        paths.flatMap((path) => (patch[path] === null ? [] : [[path.slice("shareWith/".length), patch[path]]])),
      );
      return [id, { ...Object.fromEntries(rest), shareWith }];
    }),
  );
}

/** Of another's address books the caller's own subscription is all they can set. */
async function subscribe(args: is.Of<typeof shape>, call: Call, { owner, books, floor }: SharedBooks): Promise<Answer> {
  const { store } = call.ports;
  const type = guestBookType({ owner, ownerName: "", books, floor });
  const { objects, state } = await allObjects(type, call, owner);
  if (args.ifInState !== undefined && args.ifInState !== String(state)) return failed("stateMismatch");
  const forbidden = setError("forbidden", "Address books are made, changed and destroyed by their owner.");
  const every = (ids: readonly string[]) =>
    Object.fromEntries(ids.map((id) => [id, id.startsWith("#") || books.has(id) ? forbidden : setError("notFound")]));
  const updated: { [id: string]: null } = {};
  const notUpdated: { [id: string]: SetError } = {};
  for (const [id, patch] of Object.entries(args.update ?? {})) {
    const book = books.get(id);
    const kept = objects.find((one) => one.id === id);
    if (book === undefined || kept === undefined) {
      notUpdated[id] = setError("notFound");
      continue;
    }
    const { isSubscribed, ...rest } = withoutSame(patch as JsonObject, {
      id,
      ...type.show?.(kept.data as JsonObject, id),
    });
    if (Object.keys(rest).length > 0) notUpdated[id] = forbidden;
    else if (isSubscribed !== undefined && typeof isSubscribed !== "boolean")
      notUpdated[id] = invalidProperties(["isSubscribed"], "isSubscribed: expected true or false.");
    else {
      if (isSubscribed !== undefined)
        await store.objectsPut(
          call.account.id,
          sharedBookName,
          [{ id: `${owner}-${id}`, data: { ...book, isSubscribed } }],
          undefined,
        );
      updated[id] = null;
    }
  }
  return {
    ok: {
      accountId: args.accountId,
      oldState: String(state),
      newState: String(state),
      created: {},
      updated,
      destroyed: [],
      notCreated: Object.fromEntries(Object.keys(args.create ?? {}).map((id) => [id, forbidden])),
      notUpdated,
      notDestroyed: every(args.destroy ?? []),
    },
  };
}
