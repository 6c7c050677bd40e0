import * as is from "../../../protocol/jmap/check.ts";
import { readMdn } from "../../../protocol/jmap/mdn.ts";
import { failed, type JsonObject } from "../../../protocol/jmap/types.ts";
import type { AccountId } from "../../store/store.ts";
import { blobFor } from "../access.ts";
import { type Answer, type Call, createdId, method } from "../call.ts";
import { mdn } from "../capabilities.ts";

const shape = is.object({ accountId: is.id, blobIds: is.array(is.idOrCreation) });

/** RFC 9007 §2.2. */
export const mdnParse = method(mdn, shape, parse, "sending");

async function parse({ accountId, blobIds }: is.Of<typeof shape>, call: Call, account: AccountId): Promise<Answer> {
  if (blobIds.length > call.ports.settings.maxObjectsInGet) return failed("requestTooLarge");
  const parsed: { [id: string]: JsonObject } = {};
  const notParsable: string[] = [];
  const notFound: string[] = [];
  for (const id of new Set(blobIds)) {
    const blob = await blobFor(call, account, createdId(call, id) ?? "");
    const read = blob && readMdn(blob.bytes);
    if (blob === undefined) notFound.push(id);
    else if (read === undefined) notParsable.push(id);
    else parsed[id] = read;
  }
  return { ok: { accountId, parsed, notParsable, notFound } };
}
