import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";

const shape = is.object({
  fromAccountId: is.id,
  ifFromInState: is.maybe(is.string),
  accountId: is.id,
  ifInState: is.maybe(is.string),
  create: is.map(is.id, is.anyObject),
  onSuccessDestroyOriginal: is.optional(is.bool),
  destroyFromIfInState: is.maybe(is.string),
});

/** RFC 8621 §4.7: between two accounts. Who has one account only cannot copy within it (RFC 8620 §5.4). */
export const emailCopy = method(mail, shape, ({ fromAccountId, accountId }, call) => {
  if (fromAccountId === accountId)
    return failed("invalidArguments", "/fromAccountId: expected another account than accountId.", {
      pointer: "/fromAccountId",
    });
  if (numberOf("A", fromAccountId) !== call.account.id) return failed("fromAccountNotFound");
  return failed("accountNotFound");
});
