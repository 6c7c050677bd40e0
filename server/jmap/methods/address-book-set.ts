import * as is from "../../../protocol/jmap/check.ts";
import { failed, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { setArgs } from "../arguments.ts";
import { type Answer, createdId, method } from "../call.ts";
import { contacts } from "../capabilities.ts";
import { addressBookType, cardType } from "../contacts.ts";
import { property } from "../object-query.ts";
import { allObjects, setThem } from "../objects.ts";

const shape = is.object({
  ...setArgs,
  onDestroyRemoveContents: is.optional(is.bool),
  onSuccessSetIsDefault: is.maybe(is.idOrCreation),
});

/** RFC 9610 §2.3. */
export const addressBookSet = method(contacts, shape, async (args, call, account): Promise<Answer> => {
  const { onDestroyRemoveContents = false, onSuccessSetIsDefault, ...plain } = args;
  const { store } = call.ports;
  const doomed = new Set((args.destroy ?? []).flatMap((key) => createdId(call, key) ?? []));
  const { objects: cards } = await allObjects(cardType, call, account);
  const booksOf = (card: (typeof cards)[number]) =>
    Object.keys((property(card, "addressBookIds") as object | undefined) ?? {});
  const notDestroyed: { [id: string]: SetError } = {};
  for (const id of doomed)
    if (!onDestroyRemoveContents && cards.some((card) => booksOf(card).includes(id)))
      notDestroyed[id] = setError("addressBookHasContents");
  const destroy = (args.destroy ?? []).filter((key) => notDestroyed[createdId(call, key) ?? ""] === undefined);
  const done = await setThem(addressBookType, { ...plain, destroy }, call, account);
  if ("error" in done) return done;
  const destroyed = new Set(done.ok["destroyed"] as readonly string[]);
  // Cards leave with their last book.
  const edits = cards
    .filter((card) => booksOf(card).some((id) => destroyed.has(id)))
    .map((card) => {
      const left = booksOf(card).filter((id) => !destroyed.has(id));
      if (left.length === 0) return { id: card.id, data: undefined };
      return {
        id: card.id,
        data: { ...(card.data as JsonObject), addressBookIds: Object.fromEntries(left.map((id) => [id, true])) },
      };
    });
  if (edits.length > 0) await store.objectsPut(account, cardType.name, edits, undefined);
  let newState = done.ok["newState"] as string;
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
  }
  return {
    ok: {
      ...done.ok,
      newState,
      notDestroyed: { ...(done.ok["notDestroyed"] as JsonObject), ...notDestroyed },
    },
  };
});
