import * as is from "../../../protocol/jmap/check.ts";
import { failed, setError } from "../../../protocol/jmap/types.ts";
import { method } from "../call.ts";
import { uploads } from "../capabilities.ts";

const shape = is.object({ accountId: is.id, destroy: is.array(is.id) });

/** A method of our own: what the account has uploaded goes at once; emails that were made of it keep theirs. */
export const uploadSet = method(uploads, shape, async ({ accountId, destroy }, call, account) => {
  const { store, settings } = call.ports;
  if (destroy.length > settings.maxObjectsInSet) return failed("requestTooLarge");
  const destroyed = await store.uploadsDrop(account, destroy);
  const there = new Set(destroyed);
  const notDestroyed = Object.fromEntries(
    destroy.filter((id) => !there.has(id)).map((id) => [id, setError("notFound")] as const),
  );
  return { ok: { accountId, oldState: null, newState: null, destroyed: [...destroyed], notDestroyed } };
});
