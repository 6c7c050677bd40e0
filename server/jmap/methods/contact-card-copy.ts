import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { method } from "../call.ts";
import { contacts } from "../capabilities.ts";

const shape = is.object({
  fromAccountId: is.id,
  ifFromInState: is.maybe(is.string),
  accountId: is.id,
  ifInState: is.maybe(is.string),
  create: is.map(is.id, is.anyObject),
  onSuccessDestroyOriginal: is.optional(is.bool),
  destroyFromIfInState: is.maybe(is.string),
});

/** RFC 9610 §3.6: between two accounts, of which everybody has one. */
export const contactCardCopy = method(contacts, shape, ({ fromAccountId, accountId }, call) => {
  if (fromAccountId === accountId)
    return failed("invalidArguments", "/fromAccountId: expected another account than accountId.", {
      pointer: "/fromAccountId",
    });
  return failed(numberOf("A", fromAccountId) === call.account.id ? "accountNotFound" : "fromAccountNotFound");
});
