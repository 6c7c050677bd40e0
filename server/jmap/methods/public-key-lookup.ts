import * as is from "../../../protocol/jmap/check.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { wkdHash } from "../../../protocol/openpgp/wkd.ts";
import { parseMailbox } from "../../../protocol/smtp/address.ts";
import { type Answer, method } from "../call.ts";
import { publicKeys } from "../capabilities.ts";

const shape = is.object({ accountId: is.id, email: is.string });

/** A method of our own: the key that the domain of an address publishes for it; `key` is null where it publishes none. */
export const publicKeyLookup = method(publicKeys, shape, async ({ accountId, email }, call): Promise<Answer> => {
  const mailbox = email.length > 254 ? undefined : parseMailbox(email);
  if (mailbox === undefined || mailbox.domain.startsWith("["))
    return failed("invalidArguments", "/email: expected an address.", { pointer: "/email" });
  const { directory, publishedKeys, elsewhere } = call.ports;
  const answer = (key: Buffer | undefined): Answer => ({
    ok: { accountId, email, key: key?.toString("base64") ?? null },
  });
  if ((await directory.domain(mailbox.domain)) !== undefined)
    return answer(await publishedKeys.of(mailbox.domain, wkdHash(mailbox.local)));
  const found = await elsewhere.findKey(mailbox);
  if (found.kind === "busy")
    return failed("serverUnavailable", "Many keys are being looked for: try again in a moment.");
  return answer(found.kind === "found" ? found.key : undefined);
});
