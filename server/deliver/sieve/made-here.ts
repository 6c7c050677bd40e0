/** Mail that a script causes, as a value that delivery takes. */

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
