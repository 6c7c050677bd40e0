/** Submission: what an authenticated user or an application sends is checked, completed, signed and handed to delivery. RFC 6409. */
import { splitHeader } from "../../protocol/mime/header.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Deliver } from "../deliver/deliver.ts";
import type { Log } from "../log.ts";
import type { Received } from "../receive/received.ts";
import type { Account } from "../store/store.ts";
import { prepare } from "./prepare.ts";
import { authorDomain, checkEnvelopeSender, checkHeaderSenders } from "./sender.ts";
import type { SendingLimits } from "./sending-limits.ts";

export type SubmitPorts = {
  readonly deliver: Pick<Deliver, "take">;
  readonly directory: Pick<Directory, "maySendAs" | "domain">;
  readonly limits: SendingLimits;
  /** DKIM-Signature lines for the message, "" where the domain has no keys. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  /** A new Message-ID without its angle brackets. */
  readonly newMessageId: () => string;
  /** Hears of what is refused here. */
  readonly refused?: (mail: Received, reply: Reply) => void;
  readonly log: Log;
};

export type Submit = {
  /** As `Deliver.take`; mail of nobody's account goes to delivery as it is. */
  take(mail: Received): Promise<readonly Reply[]>;
  /** For MAIL FROM (see `SmtpPorts.checkSender`). */
  checkSender(account: Account, from: Mailbox | undefined): Reply | undefined | Promise<Reply | undefined>;
};

export function makeSubmit(ports: SubmitPorts): Submit {
  const { deliver, directory, limits, sign, newMessageId, refused, log } = ports;
  /** A trusted network's mail by one of our domains to people elsewhere is ours too: signed, and nothing else is done to it. */
  const signedForTrusted = async (mail: Received): Promise<Received> => {
    const outward = await Promise.all(mail.recipients.map(({ domain }) => directory.domain(domain)));
    if (outward.every((domain) => domain?.kind === "local")) return mail;
    const author = authorDomain(splitHeader(mail.bytes, 0, mail.bytes.length));
    const signature = author === undefined ? "" : await sign(mail.bytes, author);
    return signature === "" ? mail : { ...mail, bytes: Buffer.concat([Buffer.from(signature, "latin1"), mail.bytes]) };
  };

  return {
    checkSender: (account, from) => checkEnvelopeSender(account, from, directory),
    async take(mail) {
      const { account } = mail;
      if (account === undefined) return deliver.take(mail.trusted ? await signedForTrusted(mail) : mail);
      const header = splitHeader(mail.bytes, 0, mail.bytes.length);
      const refusal =
        limits.check(account.id, mail.recipients.length) ?? (await checkHeaderSenders(account, header, directory));
      if (refusal !== undefined) {
        log.info({ id: mail.id, account: account.name, reply: refusal.lines.join(" ") }, "submission refused");
        refused?.(mail, refusal);
        return [refusal];
      }
      const author = mail.envelopeFrom === "" ? account.name : mail.envelopeFrom;
      const domain = authorDomain(header) ?? domainOf(author) ?? mail.ourHost;
      const bytes = await prepare(mail.bytes, header, { at: mail.at, newMessageId, author, domain, sign });
      const replies = await deliver.take({ ...mail, bytes });
      if (replies.some(({ code }) => code < 400)) limits.count(account.id, mail.recipients.length);
      return replies;
    },
  };
}

function domainOf(address: string): string | undefined {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return domain === "" || domain.startsWith("[") ? undefined : domain;
}
