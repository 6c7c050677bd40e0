import * as is from "../../../protocol/jmap/check.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { pick } from "../arguments.ts";
import { method } from "../call.ts";
import { core } from "../capabilities.ts";
import { type Subscription, subscriptionName } from "../push-subscriptions.ts";

const shape = is.object({ ids: is.maybe(is.array(is.string)), properties: is.maybe(is.array(is.string)) });
const known = ["id", "deviceClientId", "verificationCode", "expires", "types"];

/** RFC 8620 §7.2.1: without url and keys, which nobody else shall have. */
export const pushSubscriptionGet = method(core, shape, async ({ ids, properties }, call, account) => {
  for (const name of properties ?? [])
    if (name === "url" || name === "keys") return failed("forbidden", `${name} is told to nobody.`);
    else if (!known.includes(name))
      return failed("invalidArguments", `/properties: there is no property "${name}".`, { pointer: "/properties" });
  const { objects } = await call.ports.store.objects(account, subscriptionName, ids);
  const there = new Set(objects.map(({ id }) => id));
  return {
    ok: {
      list: objects.map(({ id, data }) => {
        const { deviceClientId, code, verified, expires, types } = data as Subscription;
        return pick(
          { id, deviceClientId, verificationCode: verified ? code : null, expires, types },
          properties === undefined ? known : ["id", ...properties],
        );
      }),
      notFound: (ids ?? []).filter((id) => !there.has(id)),
    },
  };
});
