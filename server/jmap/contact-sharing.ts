/** shareWith of an address book (RFC 9670 §4, RFC 9610 §2): who gets which rights, and who is told of it. */
import { invalidProperties, isObject, type JsonObject, type SetError } from "../../protocol/jmap/types.ts";
import type { StoredObject } from "../store/jmap.ts";
import type { AccountId } from "../store/store.ts";
import type { Call } from "./call.ts";
import { notifyOfShare } from "./share-notifications.ts";
import { bookRights, type SharedBook, sharedBookName } from "./shared-books.ts";

/** People that one address book is shared with. */
export const maxBookGrantees = 100;

/** shareWith as a client gives it, as it is kept: only who may do something. */
export async function readShares(
  value: unknown,
  before: unknown,
  call: Call,
): Promise<{ readonly ok: JsonObject | null } | { readonly error: SetError }> {
  const wrong = (why: string) => ({ error: invalidProperties(["shareWith"], `shareWith${why}`) });
  if (value === null || value === undefined) return { ok: null };
  if (!isObject(value)) return wrong(": expected an object or null.");
  const kept: { [principal: string]: JsonObject } = {};
  for (const [principal, given] of Object.entries(value)) {
    const grantee = /^P(\d{1,15})$/.exec(principal)?.[1];
    if (grantee === undefined || !isObject(given))
      return wrong(`/${principal}: expected a principal and their rights.`);
    const { mayRead = false, mayWrite = false, mayShare = false, mayDelete = false, ...unknown } = given;
    if (
      ![mayRead, mayWrite, mayShare, mayDelete].every((one) => typeof one === "boolean") ||
      Object.keys(unknown).length > 0
    )
      return wrong(`/${principal}: expected mayRead, mayWrite, mayShare and mayDelete, each true or false.`);
    if (mayShare === true || mayDelete === true)
      return wrong(`/${principal}: only mayRead and mayWrite of an address book can be given.`);
    if (mayRead !== true && mayWrite !== true) continue;
    const isKnown = isObject(before) && Object.hasOwn(before, principal);
    if (!isKnown && !(await mayBeGiven(call, Number(grantee))))
      return wrong(`/${principal}: there is no such person to share with.`);
    kept[principal] = bookRights(mayWrite === true);
  }
  const count = Object.keys(kept).length;
  if (count > maxBookGrantees) return wrong(`: at most ${maxBookGrantees} people.`);
  return { ok: count === 0 ? null : kept };
}

async function mayBeGiven({ ports, account }: Call, grantee: AccountId): Promise<boolean> {
  const [known] = await ports.store.accounts({ id: grantee });
  const domain = (name: string) => name.slice(name.lastIndexOf("@") + 1);
  return (
    known !== undefined && !known.disabled && grantee !== account.id && domain(known.name) === domain(account.name)
  );
}

type Rights = ReadonlyMap<AccountId, boolean>;

const grantsOf = (book: StoredObject | undefined): Rights => {
  const given = (book?.data as JsonObject | undefined)?.["shareWith"];
  return new Map(
    Object.entries(isObject(given) ? given : {}).map(([principal, rights]) => [
      Number(principal.slice(1)),
      (rights as JsonObject)["mayWrite"] === true,
    ]),
  );
};

/** Notes with those who have got or lost something what they have now, and tells them. `state`: of the owner's books, afterwards. */
export async function tellOfBooks(
  call: Call,
  before: readonly StoredObject[],
  after: readonly StoredObject[],
  state: number,
): Promise<void> {
  const { store } = call.ports;
  const owner = call.account.id;
  const now = new Map(after.map((book) => [book.id, book]));
  const then = new Map(before.map((book) => [book.id, book]));
  for (const id of new Set([...then.keys(), ...now.keys()])) {
    const [had, has] = [grantsOf(then.get(id)), grantsOf(now.get(id))];
    for (const grantee of new Set([...had.keys(), ...has.keys()])) {
      const [old, fresh] = [had.get(grantee), has.get(grantee)];
      if (old === fresh) continue;
      const key = `${owner}-${id}`;
      const [known] = (await store.objects(grantee, sharedBookName, [key])).objects;
      const isSubscribed = (known?.data as SharedBook | undefined)?.isSubscribed ?? false;
      await store.objectsPut(
        grantee,
        sharedBookName,
        [
          { id: key, data: fresh === undefined ? undefined : { mayWrite: fresh, isSubscribed } },
          { id: String(owner), data: state },
        ],
        undefined,
      );
      const told = (mayWrite: boolean | undefined) => (mayWrite === undefined ? null : bookRights(mayWrite));
      const { name } = (now.get(id) ?? then.get(id))!.data as { readonly name: string };
      await notifyOfShare(call.ports, {
        by: call.account,
        owner,
        grantee,
        objectType: "AddressBook",
        objectId: id,
        name,
        oldRights: told(old),
        newRights: told(fresh),
      });
    }
  }
}
