/**
 * Mail of others that goes on from here (an alias for an address elsewhere, a redirection): under a return path of ours, so that SPF
 * holds for it, and with an ARC seal, so that the next server can believe what we have checked.
 */
import { fieldValue, type Header, splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox, type Mailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { Findings, ForSeal } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import { losesDmarc, withOurFrom } from "./rewrite-from.ts";

export type ForwardPorts = {
  readonly directory: Pick<Directory, "domain">;
  /** The local part at a domain of ours under which mail of this sender is forwarded. */
  readonly returnPath: (sender: Mailbox) => string;
  /** An ARC set by this domain, each field ended with CRLF; "" where there can be none. */
  readonly seal: (bytes: Buffer, domain: string, found: ForSeal) => Promise<string>;
  /** DKIM-Signature lines of this domain, "" for none. */
  readonly sign: (bytes: Buffer, domain: string) => Promise<string>;
};

export type Forwarded = {
  readonly envelopeFrom: string;
  readonly bytes: Buffer;
  /** From is the address of ours that forwards now. */
  readonly rewritten: boolean;
};

/**
 * What goes on of a message, and under which return path. `bytes` are as they go on, our trace fields included where they are due; before them come
 * an ARC set, `Delivered-To`, and the signature of `domain` (ours, whose people forward) where From is `address` (the one that forwards, where it is one) now.
 */
export async function forwarded(
  mail: Received,
  bytes: Buffer,
  by: {
    readonly domain: string;
    readonly address: string | undefined;
    readonly findings: Findings | undefined;
    /** Where it goes, if that may be here: our own people get it as it is. */
    readonly to?: Mailbox;
  },
  { directory, returnPath, seal, sign }: ForwardPorts,
): Promise<Forwarded> {
  const sender = mail.envelopeFrom === "" ? undefined : parseMailbox(mail.envelopeFrom);
  const domain = sender === undefined ? undefined : await directory.domain(sender.domain);
  // Our own people's addresses hold for SPF as they are; the null sender stays null.
  const foreign = sender !== undefined && domain?.kind !== "local";
  const envelopeFrom = foreign ? formatMailbox({ local: returnPath(sender), domain: by.domain }) : mail.envelopeFrom;
  const here = by.to !== undefined && (await directory.domain(by.to.domain))?.kind === "local";
  const ours =
    by.address !== undefined && !here && losesDmarc(by.findings)
      ? withOurFrom(bytes, splitHeader(bytes, 0, bytes.length), by.address)
      : undefined;
  const message = ours ?? bytes;
  const found = by.findings?.seal;
  const sealed = found === undefined ? "" : await seal(message, by.domain, found);
  const delivered = by.address === undefined ? "" : `Delivered-To: ${by.address}\r\n`;
  const whole = Buffer.concat([Buffer.from(sealed + delivered, "utf8"), message]);
  if (ours === undefined) return { envelopeFrom, bytes: whole, rewritten: false };
  const signature = Buffer.from(await sign(whole, by.domain), "latin1");
  return { envelopeFrom, bytes: Buffer.concat([signature, whole]), rewritten: true };
}

/** Addresses that have forwarded this message already: it must not go round. Lower case. */
export function forwardersOf(header: Header): ReadonlySet<string> {
  const found = new Set<string>();
  for (const field of header.fields)
    if (field.name === "delivered-to") found.add(fieldValue(header, field).toLowerCase());
  return found;
}
