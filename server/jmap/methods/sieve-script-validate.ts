import * as is from "../../../protocol/jmap/check.ts";
import { method } from "../call.ts";
import { sieve } from "../capabilities.ts";
import { readScript } from "../sieve-scripts.ts";

const shape = is.object({ accountId: is.id, blobId: is.idOrCreation });

/** RFC 9661 §2.4. */
export const sieveScriptValidate = method(sieve, shape, async ({ accountId, blobId }, call, account) => {
  const read = await readScript(blobId, call, account);
  return { ok: { accountId, error: "type" in read ? read : null } };
});
