/**
 * Mail of others that goes on from here (an alias for an address elsewhere, a redirection): under a return path of ours, so that SPF
 * holds for it, and with an ARC seal, so that the next server can believe what we have checked.
 */
import type { Header } from "../../protocol/mime/header.ts";
import { fieldValue } from "../../protocol/mime/header.ts";
import { formatMailbox, type Mailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { ForSeal, Marking } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import { traced } from "./traced.ts";

export type ForwardPorts = {
  readonly directory: Pick<Directory, "domain">;
  /** The local part at a domain of ours under which mail of this sender is forwarded. */
  readonly returnPath: (sender: Mailbox) => string;
  /** An ARC set by this domain, each field ended with CRLF; "" where there can be none. */
  readonly seal: (bytes: Buffer, domain: string, found: ForSeal) => Promise<string>;
};

export type Forwarded = { readonly envelopeFrom: string; readonly bytes: Buffer };

/** `domain`: ours, whose people forward. `delivered`: the address that forwards, where it is one. `header` is that of `mail.bytes`. */
export async function forwarded(
  mail: Received,
  header: Header,
  by: ForwardedBy & { readonly marking: Marking },
  ports: ForwardPorts,
): Promise<Forwarded> {
  const { envelopeFrom, front } = await forwardFront(mail, by, ports);
  return { envelopeFrom, bytes: Buffer.concat([front, traced(mail, header, false, by.marking)]) };
}

type ForwardedBy = {
  readonly domain: string;
  readonly delivered: string | undefined;
  readonly seal: ForSeal | undefined;
};

/** The return path, and the fields that go in front: an ARC set, Delivered-To. */
export async function forwardFront(
  mail: Received,
  by: ForwardedBy,
  { directory, returnPath, seal }: ForwardPorts,
): Promise<{ readonly envelopeFrom: string; readonly front: Buffer }> {
  const sender = mail.envelopeFrom === "" ? undefined : parseMailbox(mail.envelopeFrom);
  const domain = sender === undefined ? undefined : await directory.domain(sender.domain);
  // Our own people's addresses hold for SPF as they are; the null sender stays null.
  const foreign = sender !== undefined && domain?.kind !== "local";
  const envelopeFrom = foreign ? formatMailbox({ local: returnPath(sender), domain: by.domain }) : mail.envelopeFrom;
  const sealed = by.seal === undefined ? "" : await seal(mail.bytes, by.domain, by.seal);
  const delivered = by.delivered === undefined ? "" : `Delivered-To: ${by.delivered}\r\n`;
  return { envelopeFrom, front: Buffer.from(sealed + delivered, "utf8") };
}

/** Addresses that have forwarded this message already: it must not go round. Lower case. */
export function forwardersOf(header: Header): ReadonlySet<string> {
  const found = new Set<string>();
  for (const field of header.fields)
    if (field.name === "delivered-to") found.add(fieldValue(header, field).toLowerCase());
  return found;
}
