import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed, isObject, type Json, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { copyArgs, sameAccount, tooManyToSet } from "../arguments.ts";
import { type Answer, type Call, createdId, method } from "../call.ts";
import { contacts } from "../capabilities.ts";
import { cardType, guestCardType } from "../contacts.ts";
import { forCaller } from "../object-type.ts";
import { allObjects, setThem } from "../objects.ts";
import { booksSharedWith } from "../shared-books.ts";
import { contactCardSet } from "./contact-card-set.ts";

/** RFC 9610 §3.6: between two accounts, of which one shares address books with the caller. */
export const contactCardCopy = method(
  contacts,
  copyArgs,
  async (args, call, account): Promise<Answer> => {
    const { fromAccountId, accountId, create } = args;
    if (fromAccountId === accountId) return sameAccount;
    const refusal = tooManyToSet({ create, update: undefined, destroy: undefined }, call);
    if (refusal !== undefined) return refusal;
    const source = await sourceOf(fromAccountId, call);
    if (source === undefined) return failed("fromAccountNotFound");
    if (args.ifFromInState !== undefined && args.ifFromInState !== String(source.state)) return failed("stateMismatch");
    const cards = new Map(source.objects.map((one) => [one.id, one]));
    const wanted: { [creation: string]: JsonObject } = {};
    const missing: { [creation: string]: SetError } = {};
    const originals = new Map<string, string>();
    for (const [creation, { id: key, ...changes }] of Object.entries(create)) {
      const id = typeof key === "string" ? createdId(call, key) : undefined;
      const card = id === undefined ? undefined : (cards.get(id)?.data as JsonObject | undefined);
      if (id === undefined || card === undefined) missing[creation] = setError("notFound");
      else {
        originals.set(creation, id);
        wanted[creation] = { ...withoutBlobs(card), addressBookIds: null, ...(changes as JsonObject) };
      }
    }
    const type = forCaller(cardType, call);
    const set = { accountId, ifInState: args.ifInState, create: wanted, update: undefined, destroy: undefined };
    const done = await setThem(type, set, call, account);
    if ("error" in done) return done;
    const { oldState, newState, created, notCreated } = done.ok;
    const ok = {
      fromAccountId,
      accountId,
      oldState: oldState as Json,
      newState: newState as Json,
      created: created as Json,
      notCreated: { ...(notCreated as JsonObject), ...missing },
    };
    const copied = [...done.created.keys()].map((creation) => originals.get(creation)!);
    if (args.onSuccessDestroyOriginal !== true || copied.length === 0) return { ok };
    // RFC 8620 §5.4: a ContactCard/set of the other account, with an answer of its own.
    const ifInState = args.destroyFromIfInState;
    const destroy = { accountId: fromAccountId, destroy: copied, ...(ifInState === undefined ? {} : { ifInState }) };
    const { books: _, ...plain } = call;
    return { ok, also: [["ContactCard/set", await contactCardSet.run(destroy, plain)]] };
  },
  "books",
);

/** What the caller sees of the account that is copied from. */
async function sourceOf(accountId: string, { books: _, ...call }: Call) {
  const from = numberOf("A", accountId);
  if (from === undefined) return undefined;
  if (from === call.account.id) return allObjects(cardType, call, from);
  const books = (await booksSharedWith(call.ports.store, call.account.id)).get(from);
  return books === undefined ? undefined : allObjects(guestCardType(books), { ...call, books }, from);
}

/** Pictures go along as they are kept, by their bytes: the blob is the other account's. */
function withoutBlobs(card: JsonObject): JsonObject {
  const { media } = card;
  if (!isObject(media)) return card;
  return {
    ...card,
    media: Object.fromEntries(
      Object.entries(media).map(([id, one]) => {
        if (!isObject(one)) return [id, one as Json];
        const { blobId: _, ...rest } = one as JsonObject;
        return [id, rest];
      }),
    ),
  };
}
