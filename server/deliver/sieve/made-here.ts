/** Mail that a script causes, as a value that delivery takes. */
import type { Received } from "../../receive/received.ts";

export type MadeHereFacts = {
  readonly at: Received["at"];
  readonly id: string;
  readonly ourHost: string;
};

/** From the server itself, taken without a judgement: "" for the null sender. */
export const sentFromHere = (
  { at, id, ourHost }: MadeHereFacts,
  envelopeFrom: string,
  to: readonly { readonly local: string; readonly domain: string }[],
  bytes: Buffer,
): Received => ({
  at,
  id,
  remote: { address: "127.0.0.1", port: 0 },
  remoteName: undefined,
  ourHost,
  helo: ourHost,
  via: "local",
  tls: undefined,
  account: undefined,
  trusted: true,
  envelopeFrom,
  recipients: to.map(({ local, domain }) => ({ local, domain, orcpt: undefined, notify: undefined })),
  body: /[\x80-\xff]/.test(bytes.toString("latin1")) ? "8bitmime" : "7bit",
  smtputf8: to.some(({ local }) => /[^\x00-\x7f]/.test(local)),
  requireTls: false,
  ret: undefined,
  envid: undefined,
  notBefore: undefined,
  bytes,
});
