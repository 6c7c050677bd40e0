import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { readBlob } from "../blobs.ts";
import { method } from "../call.ts";
import { core } from "../capabilities.ts";

const shape = is.object({ fromAccountId: is.id, accountId: is.id, blobIds: is.array(is.id) });

/** RFC 8620 §6.3. Everybody has one account: what is copied is there already. */
export const blobCopy = method(core, shape, async ({ fromAccountId, accountId, blobIds }, call, account) => {
  if (numberOf("A", fromAccountId) !== account) return failed("fromAccountNotFound");
  const copied: { [id: string]: string } = {};
  const notCopied: { [id: string]: SetError } = {};
  for (const id of new Set(blobIds))
    if ((await readBlob(call.ports, account, id)) === undefined) notCopied[id] = setError("notFound");
    else copied[id] = id;
  return { ok: { fromAccountId, accountId, copied, notCopied } };
});
