import * as is from "../../../protocol/jmap/check.ts";
import { method } from "../call.ts";
import { onBehalf } from "../capabilities.ts";
import { maySendAs, ownIdentityType } from "../identity.ts";
import { allObjects } from "../objects.ts";

const shape = is.object({ accountId: is.id });

/** A method of our own: with which identities one writes on behalf of somebody, and the Sender that stands beside them then (RFC 5322 §3.6.2). */
export const identityOnBehalf = method(onBehalf, shape, async ({ accountId }, call, account) => {
  const { ports, account: caller } = call;
  const { objects } = await allObjects(ownIdentityType, call, account);
  const sender = { name: caller.displayName || null, email: caller.name };
  const list = await Promise.all(
    objects.map(async ({ id, data }) =>
      (await maySendAs(ports, caller, (data as { readonly email: string }).email)) ? [] : [{ id, sender }],
    ),
  );
  return { ok: { accountId, list: list.flat() } };
});
