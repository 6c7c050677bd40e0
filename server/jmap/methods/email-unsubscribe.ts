import { isCovered } from "../../../protocol/authentication/covered.ts";
import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { headerValue } from "../../../protocol/mime/header.ts";
import { oneClickUrl } from "../../../protocol/mime/list-unsubscribe.ts";
import { type Answer, method } from "../call.ts";
import { unsubscribe } from "../capabilities.ts";
import { headerOf } from "../submission.ts";

const shape = is.object({ accountId: is.id, emailId: is.id });

/** A method of our own: leaves the list of an email by RFC 8058, for a reader who asked for it. The message alone says where; only where a signature covers that. */
export const emailUnsubscribe = method(unsubscribe, shape, async (args, call, account): Promise<Answer> => {
  const { store, ourHost, elsewhere } = call.ports;
  const number = numberOf("M", args.emailId);
  const { rows } = await store.emailRows(account, number === undefined ? [] : [number], "all");
  const bytes = rows[0]?.bytes;
  if (bytes === undefined) return failed("invalidArguments", "/emailId: there is no such email.");
  const header = headerOf(bytes);
  const url = oneClickUrl(
    headerValue(header, "list-unsubscribe") ?? "",
    headerValue(header, "list-unsubscribe-post") ?? "",
  );
  if (url === undefined) return failed("noWay", "The message does not say that its list is left by a click.");
  // RFC 8058 §4: both fields have to be covered by a signature that is good.
  if (rows[0]?.delivered !== true || !isCovered(header, ourHost, ["list-unsubscribe", "list-unsubscribe-post"]))
    return failed("notCovered", "No signature stands for where this message wants the request to go.");
  const left = await elsewhere.leave(url);
  if (left.kind === "failed") return failed("notLeft", left.why);
  return { ok: { accountId: args.accountId, emailId: args.emailId } };
});
