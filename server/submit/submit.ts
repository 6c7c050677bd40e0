/** Submission: what an authenticated user or an application sends is checked, completed, signed and handed to delivery. RFC 6409. */
import { prepend } from "../../protocol/bytes.ts";
import { addressField } from "../../protocol/mime/fields/write.ts";
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { MailCopies } from "../deliver/copies.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { traced } from "../deliver/traced.ts";
import { maxDelayMs, type Sender, type SendingWish } from "../dispatch/sender.ts";
import type { Received } from "../receive/received.ts";
import type { Counted, SendingLimits } from "../restrain/sending-limits.ts";
import type { Signer } from "../sign/signer.ts";
import type { Account, Instant } from "../store/store.ts";
import type { Once } from "./once.ts";
import { type PrepareParts, prepare, type ShortLines, withShortLines } from "./prepare.ts";
import { authorDomain, checkEnvelopeSender, checkHeaderSenders, ownReturnPath } from "./sender.ts";
import { handlingOf, ownFields, wishOf } from "./sending-fields.ts";

export type SubmitPorts = {
  readonly deliver: Pick<Deliver, "take" | "takeCopies">;
  readonly directory: Pick<Directory, "maySendAs" | "domain">;
  readonly limits: Pick<SendingLimits, "governs" | "take">;
  /** The refusal of all that an account hands in; undefined: it may send. */
  readonly mayNotSend?: (account: Account) => Reply | undefined;
  /** DKIM-Signature lines for the message, "" where the domain has no keys. */
  readonly sign: Signer["sign"];
  readonly shortLines: ShortLines;
  /** A new Message-ID without its angle brackets. */
  readonly newMessageId: () => string;
  /** Whose mail it is, by the author's domain and what its header asks for; undefined: nobody's who is looked after. */
  readonly sending?: {
    /** Some domain belongs to a tenant. */
    hasTenants(): boolean;
    readonly senderOf: (author: string, wish: SendingWish) => Sender | Reply | undefined;
    /** With what is known of how eager its recipients are; undefined: nothing is. */
    readonly eager?: (sender: Sender, wish: SendingWish, mail: Received) => Sender | Promise<Sender>;
    readonly fields: (sender: Sender, mail: Received, header: Header) => string;
    /** A further domain that has to sign; undefined: the author's alone. */
    readonly alsoSigns?: (sender: Sender) => string | undefined;
    /** The message with what counts its opens and clicks; undefined: as it is. Only for senders that track. */
    readonly tracked?: (sender: Sender, mail: Received, header: Header) => Promise<Buffer | undefined>;
  };
  /** Sends what bears a key once. */
  readonly once?: Once;
  /** Hears that an account tried to write as somebody else. */
  readonly forged?: ((account: Account) => void) | undefined;
  /** Hears of each message of an account's own mailbox that was taken; `strangers`: recipients never written to before. */
  readonly sent?: ((mail: Received, header: Header, strangers: number) => void) | undefined;
  /** Hears of what is refused here. */
  readonly refused?: (mail: Received, reply: Reply) => void;
  /** Hears of each message of a tenant that was taken, as it was handed over; of copies of one kind of the first. */
  readonly taken?: (mail: Received, sending: Sender) => void;
  readonly log: Log;
};

export type Submit = {
  /** As `Deliver.take`; mail of nobody's account goes to delivery as it is. */
  take(mail: Received): Promise<readonly Reply[]>;
  /**
   * Many messages of an account of one kind to people elsewhere: a reply for each, undefined for one that must be handed over by itself (it was not
   * taken). The samples are as they were written, not signed; their author is the same.
   */
  takeCopies(copies: MailCopies): Promise<readonly (Reply | undefined)[]>;
  /** A copy that was taken so, as it goes out: with all that it lacks, signed, and with our trace field. */
  complete(mail: Received & { readonly sending: Sender }, messageId: string): Promise<Buffer>;
  /** For MAIL FROM (see `SmtpPorts.checkSender`). */
  checkSender(account: Account, from: Mailbox | undefined): Reply | undefined | Promise<Reply | undefined>;
};

/** Who is signed in is signed out by it; what was put off comes later. */
const accountDisabled = reply(550, "5.7.1", "This account is disabled: an administrator can enable it again");

export function makeSubmit(ports: SubmitPorts): Submit {
  const { deliver, directory, limits, sign, shortLines, newMessageId, refused, taken, log } = ports;
  const mayNotSend = (account: Account): Reply | undefined =>
    account.disabled ? accountDisabled : ports.mayNotSend?.(account);
  const allAreOurs = async ({ recipients }: Received): Promise<boolean> => {
    for (const recipient of recipients) {
      const found = directory.domain(recipient.domain);
      const domain = found instanceof Promise ? await found : found;
      if (domain?.kind !== "local") return false;
    }
    return true;
  };
  /** A letter of our own, and the API's, says itself whose mail it is. */
  const senderOf = async (
    mail: Received,
    header: Header,
    author: string | undefined,
  ): Promise<Sender | Reply | undefined> => {
    if (mail.sending !== undefined || author === undefined) return mail.sending;
    const wish = wishOf(header);
    const sender = ports.sending?.senderOf(author, wish);
    if (sender === undefined || "code" in sender || ports.sending?.eager === undefined) return sender;
    return ports.sending.eager(sender, wish, mail);
  };
  /** A trusted network's mail by one of our domains to people elsewhere is ours too: signed, and nothing else is done to it. */
  const signedForTrusted = async (mail: Received): Promise<Received | Reply> => {
    const stays = await allAreOurs(mail);
    if (stays && ports.sending?.hasTenants() !== true) return mail;
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const author = authorDomain(header);
    const sender = await senderOf(mail, header, author);
    if (sender !== undefined && "code" in sender) return sender;
    if (sender !== undefined) {
      const handling = mail.sending === undefined ? handlingOf(header, mail.at) : asUsual;
      if ("code" in handling) return handling;
      return ofTenant(later(mail, handling.notBefore), header, sender, sender.author);
    }
    if (stays) return mail;
    if (author === undefined) return mail;
    const bytes = await withShortLines(mail.bytes, header, shortLines);
    const signature = await sign(bytes, author);
    return signature === "" ? mail : { ...mail, bytes: prepend(signature, bytes) };
  };

  /** Signatures by the author's domain, and by the one that answers for its complaints where that is another. */
  const signerFor = (sender: Sender | undefined, mail: Pick<Received, "at" | "notBefore">): PrepareParts["sign"] => {
    if (sender === undefined) return (bytes, domain) => sign(bytes, domain);
    const by = { lastsMs: signatureMs(sender, mail), ...(sender.marketing ? { use: "marketing" as const } : {}) };
    const other = ports.sending?.alsoSigns?.(sender);
    return other === undefined
      ? (bytes, domain) => sign(bytes, domain, by)
      : async (bytes, domain) => (await Promise.all([sign(bytes, domain, by), sign(bytes, other, by)])).join("");
  };

  /** As it goes out; what counts opens and clicks is put in before it is signed, and the filter reads what was written. */
  const finish = async (
    sender: Sender | undefined,
    mail: Received,
    header: Header,
    parts: PrepareParts,
  ): Promise<Pick<Received, "bytes" | "written">> => {
    const counted = sender?.tracking === undefined ? undefined : await ports.sending?.tracked?.(sender, mail, header);
    if (counted === undefined) return { bytes: await prepare(mail.bytes, header, parts) };
    const bytes = await prepare(counted, splitHeader(counted, 0, counted.length), parts);
    return { bytes, written: mail.bytes };
  };

  /** A tenant's message that an application hands over on a trusted network. */
  const ofTenant = async (mail: Received, header: Header, sender: Sender, domain: string): Promise<Received> => {
    const { bytes, written } = await finish(sender, mail, header, {
      at: mail.at,
      newMessageId,
      author: mail.envelopeFrom,
      domain,
      without: ownFields(header),
      fields: ports.sending!.fields(sender, mail, header),
      shortLines,
      sign: signerFor(sender, mail),
    });
    return written === undefined ? { ...mail, bytes, sending: sender } : { ...mail, bytes, written, sending: sender };
  };

  const refuse = (mail: Received, refusal: Reply): readonly Reply[] => {
    log.info({ id: mail.id, account: mail.account?.name, reply: refusal.lines.join(" ") }, "submission refused");
    refused?.(mail, refusal);
    return [refusal];
  };

  const takeCopies: Submit["takeCopies"] = async ({ samples, copies, template }) => {
    const sample = samples[0];
    const account = sample?.account;
    if (sample === undefined || account === undefined) return copies.map(() => undefined);
    const stopped = mayNotSend(account);
    if (stopped !== undefined) return copies.map(({ id }) => refuse({ ...sample, id }, stopped)[0]);
    const refusals = await Promise.all(
      samples.map(({ bytes }) => checkHeaderSenders(account, splitHeader(bytes, 0, bytes.length), directory)),
    );
    const by = { account, appPassword: sample.appPassword };
    const governed = limits.governs(by, sample.sending);
    const counted: (Counted | undefined)[] = [];
    const replies: (Reply | "unnamed" | undefined)[] = [];
    for (const [index, copy] of copies.entries()) {
      let refusal = refusals[copy.sample];
      if (refusal === undefined && governed !== undefined) {
        const taken = await limits.take(by, copy.recipients, governed);
        if ("code" in taken) refusal = taken;
        else counted[index] = taken;
      }
      replies.push(
        refusal === undefined || refusal === "unnamed" ? refusal : refuse({ ...sample, id: copy.id }, refusal)[0]!,
      );
    }
    const allowed = copies.filter((_, index) => replies[index] === undefined);
    const answers = allowed.length === 0 ? [] : await deliver.takeCopies({ samples, template, copies: allowed });
    if (sample.sending !== undefined && answers.some((one) => one !== undefined && isTaken(one)))
      taken?.(sample, sample.sending);
    const given = answers[Symbol.iterator]();
    return replies.map((refused, index) => {
      // Who writes on behalf of somebody is named in each message by itself.
      if (refused !== undefined) return refused === "unnamed" ? undefined : refused;
      const reply: Reply | undefined = given.next().value;
      // It will be counted when it is handed over by itself.
      if (reply === undefined) counted[index]?.undo();
      return reply;
    });
  };

  const complete: Submit["complete"] = async (mail, messageId) => {
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const { bytes } = await finish(mail.sending, mail, header, {
      at: mail.at,
      newMessageId: () => messageId,
      author: mail.envelopeFrom,
      domain: mail.sending.author,
      without: ownFields(header),
      fields: ports.sending?.fields(mail.sending, mail, header) ?? "",
      shortLines,
      sign: signerFor(mail.sending, mail),
    });
    return traced({ ...mail, bytes }, splitHeader(bytes, 0, bytes.length), false);
  };

  return {
    takeCopies,
    complete,
    checkSender(account, from) {
      const heard = (refusal: Reply | undefined): Reply | undefined => {
        if (refusal !== undefined) ports.forged?.(account);
        return refusal;
      };
      const stopped = mayNotSend(account);
      if (stopped !== undefined) return stopped;
      const refusal = checkEnvelopeSender(account, from, directory);
      return refusal instanceof Promise ? refusal.then(heard) : heard(refusal);
    },
    async take(mail) {
      const { account } = mail;
      if (account === undefined) {
        const made = mail.trusted ? await signedForTrusted(mail) : mail;
        if ("code" in made) return refuse(mail, made);
        const replies = await deliver.take(made);
        if (made.sending !== undefined && replies.some(isTaken)) taken?.(mail, made.sending);
        return replies;
      }
      const header = splitHeader(mail.bytes, 0, mail.bytes.length);
      const stopped = mayNotSend(account);
      if (stopped !== undefined) return refuse(mail, stopped);
      const refusal = await checkHeaderSenders(account, header, directory);
      if (typeof refusal === "object" && isForgery(refusal)) ports.forged?.(account);
      if (typeof refusal === "object") return refuse(mail, refusal);
      const envelopeFrom = await ownReturnPath(account, mail.envelopeFrom, directory);
      const author = envelopeFrom === "" ? account.name : envelopeFrom;
      const domain = authorDomain(header) ?? domainOf(author) ?? mail.ourHost;
      const sender = await senderOf(mail, header, domain);
      if (sender !== undefined && "code" in sender) return refuse(mail, sender);
      const handling = sender === undefined || mail.sending !== undefined ? asUsual : handlingOf(header, mail.at);
      if ("code" in handling) return refuse(mail, handling);
      const named = refusal === "unnamed" ? senderField(account, mail.smtputf8) : "";
      const without = named === "" ? ownFields(header) : [...ownFields(header), "sender"];
      const fields = named + (sender === undefined ? "" : ports.sending!.fields(sender, mail, header));
      const { notBefore, key } = handling;
      const signs = signerFor(sender, later(mail, notBefore));
      const parts = { at: mail.at, newMessageId, author, domain, without, fields, shortLines, sign: signs };
      const send = async (as?: Pick<Received, "id" | "under">): Promise<readonly Reply[]> => {
        const by = { account, appPassword: mail.appPassword };
        const governed = limits.governs(by, sender);
        const counted = governed === undefined ? undefined : await limits.take(by, mail.recipients, governed);
        if (counted !== undefined && "code" in counted) return refuse(mail, counted);
        let wasTaken = false;
        try {
          const finished = await finish(sender, mail, header, parts);
          const replies = await deliver.take({
            ...later(mail, notBefore),
            ...finished,
            ...as,
            envelopeFrom,
            ...(sender === undefined ? {} : { sending: sender }),
          });
          wasTaken = replies.some(isTaken);
          if (wasTaken && sender !== undefined) taken?.(mail, sender);
          if (wasTaken && counted !== undefined && governed === "account")
            ports.sent?.(mail, header, counted.strangers);
          return replies;
        } finally {
          if (!wasTaken) counted?.undo();
        }
      };
      return key === undefined || ports.once === undefined ? send() : ports.once(account.id, key, mail, send);
    },
  };
}

const dayMs = 86_400_000;
/** A tenant's mail is taken or given up within days, and what is kept of it to be sent on and on is worth nothing afterwards (DKIM replay). */
const minSignatureMs = 7 * dayMs;
/** On the way, and in the queues of others. */
const underWayMs = 2 * dayMs;
/** As the queue does by itself. */
const usualLifetimeMs = 5 * dayMs;

/** How long the signature of a tenant's message counts: its life, and some days. What waits for its time may be put off to another one. */
export function signatureMs(
  { lifetimeMs = usualLifetimeMs }: Pick<Sender, "lifetimeMs">,
  { at, notBefore }: Pick<Received, "at" | "notBefore">,
): number {
  const waits = notBefore !== undefined && notBefore > at ? notBefore - at + maxDelayMs : 0;
  return waits + Math.max(minSignatureMs, lifetimeMs + underWayMs);
}

const asUsual: Exclude<ReturnType<typeof handlingOf>, Reply> = { notBefore: undefined, key: undefined };
/** Not before both its own time and the one that its header asks for. */
const later = (mail: Received, notBefore: Instant | undefined): Received =>
  notBefore === undefined ? mail : { ...mail, notBefore: Math.max(notBefore, mail.notBefore ?? 0) };
const isTaken = ({ code }: Reply): boolean => code < 400;

/** RFC 5322 §3.6.2: who wrote it on behalf of the author. */
const senderField = ({ name, displayName }: Account, utf8: boolean): string =>
  addressField("Sender", [{ ...(displayName === "" ? {} : { name: displayName }), address: name }], utf8);

/** Not a From that cannot be read, which programs make by mistake. */
const isForgery = ({ lines }: Reply): boolean => lines[0]?.startsWith("You may not send as ") === true;

function domainOf(address: string): string | undefined {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return domain === "" || domain.startsWith("[") ? undefined : domain;
}
