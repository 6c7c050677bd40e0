import { emailBlobId, numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed, isObject, type Json, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { accessTo, blobFor, readableEmails } from "../access.ts";
import { copyArgs, sameAccount } from "../arguments.ts";
import { type Answer, createdId, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { keywordsOf } from "../emails.ts";
import { fileEmail, mayFile, readPlace } from "../make-email.ts";
import { emailSet } from "./email-set.ts";

/** RFC 8621 §4.7: between two accounts, of which one is shared with the caller by its owner. */
export const emailCopy = method(
  mail,
  copyArgs,
  async (args, call, account): Promise<Answer> => {
    const { fromAccountId, accountId, onSuccessDestroyOriginal = false } = args;
    if (fromAccountId === accountId) return sameAccount;
    const { store, settings } = call.ports;
    const from = numberOf("A", fromAccountId);
    const access = from === undefined ? undefined : await accessTo(store, call.account.id, from);
    if (from === undefined || access === undefined) return failed("fromAccountNotFound");
    if (Object.keys(args.create).length > settings.maxObjectsInSet)
      return failed("requestTooLarge", `At most ${settings.maxObjectsInSet} emails can be copied at once.`);
    if (args.ifFromInState !== undefined && args.ifFromInState !== stateText(await store.mailState(from)))
      return failed("stateMismatch");
    const before = await store.mailState(account);
    if (args.ifInState !== undefined && args.ifInState !== stateText(before)) return failed("stateMismatch");
    const created: { [id: string]: JsonObject } = {};
    const notCreated: { [id: string]: SetError } = {};
    const copied: string[] = [];
    for (const [creation, object] of Object.entries(args.create)) {
      const id = createdId(call, String(object["id"]));
      const email = id === undefined ? undefined : numberOf("M", id);
      const made = email === undefined ? setError("notFound") : await copy(email, object as JsonObject);
      if ("made" in made) {
        created[creation] = made.made as JsonObject;
        copied.push(id as string);
        call.created.set(creation, (made.made as { readonly id: string }).id);
      } else notCreated[creation] = made;
    }
    const ok: JsonObject = {
      fromAccountId,
      accountId,
      oldState: stateText(before),
      newState: stateText(await store.mailState(account)),
      created,
      notCreated,
    };
    if (!onSuccessDestroyOriginal || copied.length === 0) return { ok };
    // RFC 8620 §5.4: an Email/set of the other account, with an answer of its own.
    const destroyed = await emailSet.run(
      {
        accountId: fromAccountId,
        destroy: copied,
        ...(args.destroyFromIfInState === undefined ? {} : { ifInState: args.destroyFromIfInState }),
      },
      call,
    );
    return { ok, also: [["Email/set", destroyed]] };

    async function copy(email: number, object: JsonObject) {
      const source = { ...call, access: access! };
      const readable = await readableEmails(store, from!, [email], access!);
      const { rows } = readable.size === 0 ? { rows: [] } : await store.emailRows(from!, [email], "none");
      const [row] = rows;
      const blob = row === undefined ? undefined : await blobFor(source, from!, emailBlobId(email));
      if (row === undefined || blob === undefined) return setError("notFound");
      const { mailboxIds, keywords, receivedAt, id: _, ...other } = object;
      const [extra] = Object.keys(other);
      if (extra !== undefined)
        return setError("invalidProperties", `${extra}: it cannot be given to a copy.`, { properties: [extra] });
      const wanted = {
        mailboxIds,
        keywords: keywords ?? settable(keywordsOf(row.marks), mailboxIds),
        receivedAt: receivedAt ?? new Date(row.receivedAt).toISOString().replace(/\.\d+Z$/, "Z"),
      };
      const place = mayFile(readPlace(wanted, call), call.access);
      if ("type" in place) return place;
      const filed = await fileEmail(blob.bytes, place, call, account);
      const kept = Object.keys(wanted.keywords as JsonObject).length;
      const isWhole = keywords !== undefined || kept === Object.keys(keywordsOf(row.marks)).length;
      return isWhole || !("made" in filed)
        ? filed
        : { made: { ...(filed.made as JsonObject), keywords: wanted.keywords } };
    }

    /** Keywords that nobody has asked for stay behind where the caller may not set them (RFC 4314 §4 has COPY do the same). */
    function settable(keywords: JsonObject, mailboxIds: Json | undefined): JsonObject {
      const places = Object.keys(isObject(mailboxIds) ? mailboxIds : {}).map((id) =>
        numberOf("F", createdId(call, id) ?? ""),
      );
      const may = (letter: string) => places.every((place) => place === undefined || call.access.may(place, letter));
      return Object.fromEntries(Object.entries(keywords).filter(([name]) => may(name === "$seen" ? "s" : "w")));
    }
  },
  "shared",
);
