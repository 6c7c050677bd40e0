/** Mail that a script causes, as a value that delivery takes. */

import type { Action } from "../../../protocol/sieve/actions.ts";
import type { Received } from "../../receive/received.ts";
import { cameFromHere, type MadeHereFacts } from "../came-from-here.ts";

/** From the server itself, taken without a judgement: "" for the null sender. */
export const sentFromHere = (
  facts: MadeHereFacts,
  envelopeFrom: string,
  to: readonly { readonly local: string; readonly domain: string }[],
  bytes: Buffer,
): Received => ({
  ...cameFromHere(facts),
  envelopeFrom,
  recipients: to.map(({ local, domain }) => ({ local, domain, orcpt: undefined, notify: undefined })),
  body: /[\x80-\xff]/.test(bytes.toString("latin1")) ? "8bitmime" : "7bit",
  smtputf8: to.some(({ local }) => /[^\x00-\x7f]/.test(local)),
  bytes,
});

/** With the delivery reports that a script asks for (RFC 6009 §3), and no others. */
export const asReported = (
  { notify, ret }: Pick<Extract<Action, { readonly kind: "redirect" }>, "notify" | "ret">,
  mail: Received,
): Received => ({
  ...mail,
  ret,
  recipients: mail.recipients.map((one) => ({
    ...one,
    notify: notify && {
      never: notify.includes("NEVER"),
      success: notify.includes("SUCCESS"),
      failure: notify.includes("FAILURE"),
      delay: notify.includes("DELAY"),
    },
  })),
});
