/** Mail that the server itself sends: notices, reports. */
import { Buffer } from "node:buffer";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import { cameFromHere } from "../deliver/came-from-here.ts";
import type { Received } from "../receive/received.ts";

export type MadeHereAsk = {
  readonly ourHost: string;
  /** DKIM-Signature lines for a message of this domain's, "" for none. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
};

/** The message, signed, as a value that delivery takes: from the null sender, since nothing should come back of it (RFC 5321 §4.5.5, RFC 3834). */
export async function madeHere(
  message: {
    readonly at: number;
    readonly id: string;
    readonly to: Mailbox;
    readonly bytes: Buffer;
    readonly body: Received["body"];
    readonly smtputf8: boolean;
    /** The author's: who signs. */
    readonly domain: string;
  },
  { ourHost, sign }: MadeHereAsk,
): Promise<Received> {
  const { at, id, to, bytes, body, smtputf8, domain } = message;
  const signature = await sign(bytes, domain);
  return {
    ...cameFromHere({ at, id, ourHost }),
    envelopeFrom: "",
    recipients: [{ ...to, orcpt: undefined, notify: undefined }],
    body,
    smtputf8,
    bytes: signature === "" ? bytes : Buffer.concat([Buffer.from(signature, "latin1"), bytes]),
  };
}
