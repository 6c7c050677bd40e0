import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { failed, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { accessTo, blobFor } from "../access.ts";
import { upload } from "../blobs.ts";
import { method } from "../call.ts";
import { core } from "../capabilities.ts";

const shape = is.object({ fromAccountId: is.id, accountId: is.id, blobIds: is.array(is.id) });

/** RFC 8620 §6.3. Within one account what is copied is there already; from another's it becomes an upload of the caller's. */
export const blobCopy = method(
  core,
  shape,
  async ({ fromAccountId, accountId, blobIds }, call, account) => {
    const from = numberOf("A", fromAccountId);
    const access = from === undefined ? undefined : await accessTo(call.ports.store, call.account.id, from);
    if (from === undefined || access === undefined) return failed("fromAccountNotFound");
    const copied: { [id: string]: string } = {};
    const notCopied: { [id: string]: SetError } = {};
    for (const id of new Set(blobIds)) {
      const blob = await blobFor({ ...call, access }, from, id);
      if (blob === undefined) {
        notCopied[id] = setError("notFound");
        continue;
      }
      if (from === account) {
        copied[id] = id;
        continue;
      }
      const kept = await upload(call.ports, call.account.id, blob.bytes, blob.type);
      if (kept === "over-quota") notCopied[id] = setError("overQuota", "There is no room for more uploads.");
      else copied[id] = kept.id;
    }
    return { ok: { fromAccountId, accountId, copied, notCopied } };
  },
  "shared",
);
