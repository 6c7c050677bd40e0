/** PublicKey: the OpenPGP keys that somebody publishes for their addresses. A type of our own; the Web Key Directory serves them. */

import { invalidProperties, setError } from "../../protocol/jmap/types.ts";
import { addressOfUserId, publicKeyFacts } from "../../protocol/openpgp/packets.ts";
import { maxKeyBytes } from "../fetch/public-keys.ts";
import { publicKeyType as typeName } from "../keys/published.ts";
import { publicKeys } from "./capabilities.ts";
import { maySendAs } from "./identity.ts";
import type { ObjectType } from "./object-type.ts";

/** Keys that one account publishes. */
export const maxPublicKeys = 50;

export const publicKeyType: ObjectType = {
  name: typeName,
  capability: publicKeys,
  properties: ["id", "email", "key"],
  accept: async (after, before, call) => {
    const { email, key, ...other } = after;
    const [extra] = Object.keys(other);
    if (extra !== undefined) return { error: invalidProperties([extra], `${extra}: there is no such property.`) };
    if (typeof email !== "string" || !(await maySendAs(call.ports, call.account, email)))
      return { error: setError("forbiddenFrom", "email: keys are published for addresses that one may send as.") };
    if (typeof key !== "string" || key.length > maxKeyBytes * 2)
      return { error: invalidProperties(["key"], `key: expected base64 of at most ${maxKeyBytes} bytes.`) };
    const bytes = Buffer.from(key, "base64");
    const facts = bytes.length > maxKeyBytes ? undefined : publicKeyFacts(bytes);
    if (facts === undefined)
      return { error: invalidProperties(["key"], "key: expected one public OpenPGP key in binary, as base64.") };
    const address = email.toLowerCase();
    if (!facts.userIds.some((userId) => addressOfUserId(userId)?.toLowerCase() === address))
      return { error: invalidProperties(["key"], `key: it has no user ID of ${email}.`) };
    const { objects } = await call.ports.store.objects(call.account.id, typeName);
    if (before === undefined && objects.length >= maxPublicKeys)
      return { error: setError("overQuota", `At most ${maxPublicKeys} keys can be published.`) };
    return { data: { email, key: bytes.toString("base64") } };
  },
};
