import * as is from "../../../protocol/jmap/check.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { receivedTime } from "../../../protocol/mime/received-time.ts";
import { blobFor } from "../access.ts";
import { type Answer, createdId, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { fileEmail, looksLikeMessage, mayFile, readPlace } from "../make-email.ts";

const shape = is.object({
  accountId: is.id,
  ifInState: is.maybe(is.string),
  emails: is.map(is.id, is.anyObject),
});
const importShape = is.object({
  blobId: is.idOrCreation,
  mailboxIds: is.anyObject,
  keywords: is.optional(is.nullable(is.anyObject)),
  receivedAt: is.optional(is.nullable(is.utcDate)),
});

/** RFC 8621 §4.8. */
export const emailImport = method(
  mail,
  shape,
  async (args, call, account): Promise<Answer> => {
    const { store, settings } = call.ports;
    if (Object.keys(args.emails).length > settings.maxObjectsInSet)
      return failed("requestTooLarge", `At most ${settings.maxObjectsInSet} emails can be imported at once.`);
    const before = await store.mailState(account);
    if (args.ifInState !== undefined && args.ifInState !== stateText(before)) return failed("stateMismatch");
    const created: { [id: string]: JsonObject } = {};
    const notCreated: { [id: string]: SetError } = {};
    for (const [creation, object] of Object.entries(args.emails)) {
      const wanted = importShape(object, "");
      if (wanted instanceof is.Mismatch) {
        const name = wanted.pointer.split("/")[1] ?? "";
        notCreated[creation] = invalidProperties([name], `${wanted.pointer.slice(1)}: expected ${wanted.expected}.`);
        continue;
      }
      const place = mayFile(readPlace(wanted, call), call.access);
      const blob = await blobFor(call, account, createdId(call, wanted.blobId) ?? "");
      const made =
        "type" in place
          ? place
          : blob === undefined
            ? invalidProperties(["blobId"], "blobId: there is no such blob.")
            : !looksLikeMessage(blob.bytes)
              ? setError("invalidEmail", "The blob is no message: it does not begin with header fields.")
              : // RFC 8621 §4.8: when it was received, as its newest trace field says.
                await fileEmail(
                  blob.bytes,
                  { ...place, receivedAt: place.receivedAt ?? receivedTime(blob.bytes) },
                  call,
                  account,
                );
      if ("made" in made) {
        created[creation] = made.made as JsonObject;
        call.created.set(creation, (made.made as { readonly id: string }).id);
      } else notCreated[creation] = made;
    }
    return {
      ok: {
        accountId: args.accountId,
        oldState: stateText(before),
        newState: stateText(await store.mailState(account)),
        created,
        notCreated,
      },
    };
  },
  "shared",
);
