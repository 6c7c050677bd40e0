/** What scripts send: redirections, refusals, vacation answers, notifications, and word to the owner of a script that failed. */
import { type Header, splitHeader } from "../../../protocol/mime/header.ts";
import type { Action, Outcome } from "../../../protocol/sieve/actions.ts";
import { parseMailbox } from "../../../protocol/smtp/address.ts";
import type { Received } from "../../receive/received.ts";
import type { Remembered } from "../../store/sieve-store.ts";
import type { Account } from "../../store/store.ts";
import { withoutField } from "../traced.ts";
import { failureNotice, namedAddress, notification, refusal, vacationAnswer } from "./answers.ts";
import { asReported, sentFromHere } from "./made-here.ts";
import { namedRecipients, whyNoAnswer } from "./may-answer.ts";
import { hash, type Once } from "./once.ts";
import type { OnwardRefusal, SieveDelivery, SievePorts } from "./ports.ts";

const failureNoticeMs = 24 * 60 * 60_000;

export function makeLetters(ports: Pick<SievePorts, "directory" | "onward" | "sign" | "newId">, once: Once) {
  const { directory } = ports;

  const facts = ({ mail, header }: SieveDelivery) => ({
    at: mail.at,
    id: ports.newId(),
    ourHost: mail.ourHost,
    header,
  });

  /** A message of our own making, as a value that delivery takes. */
  const madeHere = async (
    { mail }: SieveDelivery,
    bytes: Buffer,
    to: readonly { readonly local: string; readonly domain: string }[],
    signedBy = mail.ourHost,
  ): Promise<Received> => {
    const signature = await ports.sign(bytes, signedBy);
    const whole = signature === "" ? bytes : Buffer.concat([Buffer.from(signature, "latin1"), bytes]);
    return sentFromHere({ at: mail.at, id: ports.newId(), ourHost: mail.ourHost }, "", to, whole);
  };

  const isTheirs = async (account: Account, address: string): Promise<boolean> => {
    const mailbox = parseMailbox(address);
    return mailbox !== undefined && (await directory.maySendAs(account.id, mailbox.local, mailbox.domain));
  };

  const redirected = async (
    { mail, header, verdict }: SieveDelivery,
    account: Account,
    action: Extract<Action, { kind: "redirect" }>,
  ): Promise<Received | OnwardRefusal> => {
    const to = parseMailbox(action.address);
    if (to === undefined) return "is no address";
    const bytes = action.message === undefined ? mail.bytes : withoutReturnPath(action.message);
    const onward = await ports.onward(mail, header, account, verdict, bytes, to);
    if (typeof onward === "string") return onward;
    return asReported(action, {
      ...mail,
      id: ports.newId(),
      account: undefined,
      trusted: true,
      forwardedFor: account.name,
      envelopeFrom: onward.envelopeFrom,
      // RFC 5228 §4.2, RFC 3461 §5.2.7: the sender asked nothing of this recipient.
      recipients: [{ ...to, orcpt: undefined, notify: undefined }],
      envid: undefined,
      notBefore: undefined,
      bytes: onward.bytes,
    });
  };

  const refusalMail = async (delivery: SieveDelivery, reason: string): Promise<Received | undefined> => {
    const { mail, recipient } = delivery;
    const to = mail.envelopeFrom === "" ? undefined : parseMailbox(mail.envelopeFrom);
    // RFC 5429 §2.1: nobody to tell, or a machine that must not be told.
    if (to === undefined) return undefined;
    const boundary = `=_${ports.newId()}${ports.newId()}`;
    const bytes = refusal(reason, recipient, mail.envelopeFrom, boundary, mail.bytes, facts(delivery));
    return madeHere(delivery, bytes, [to], domainOf(recipient));
  };

  const vacation = async (
    delivery: SieveDelivery,
    account: Account,
    action: Extract<Action, { kind: "vacation" }>,
    now: number,
  ): Promise<string | { readonly mail: Received; readonly remember: Remembered | undefined }> => {
    const { mail, header, isJunk, recipient } = delivery;
    const to = parseMailbox(mail.envelopeFrom);
    const why = isJunk ? "junk" : whyNoAnswer(mail.envelopeFrom, header);
    if (why !== undefined || to === undefined) return why ?? "no address to answer to";
    if (await isTheirs(account, mail.envelopeFrom)) return "from themselves";
    if (!(await isNamed(account, header, action.addresses))) return "not addressed to them";
    const key = `v${hash(JSON.stringify([action.handle, mail.envelopeFrom.toLowerCase()]))}`;
    if (action.seconds > 0 && !(await once.isFirst(account.id, key, now))) return "answered before";
    const asked = action.from === undefined ? undefined : namedAddress(action.from);
    const allowed = asked !== undefined && (await isTheirs(account, asked.address));
    const from = allowed
      ? asked
      : (await isTheirs(account, recipient))
        ? { address: recipient }
        : { address: account.name };
    const named =
      from.name === undefined && account.displayName !== "" && !allowed ? { ...from, name: account.displayName } : from;
    const bytes = vacationAnswer(action, named, mail.envelopeFrom, facts(delivery));
    const remember = action.seconds > 0 ? { account: account.id, key, until: now + action.seconds * 1000 } : undefined;
    return { mail: await madeHere(delivery, bytes, [to], domainOf(from.address)), remember };
  };

  const isNamed = async (account: Account, header: Header, more: readonly string[]): Promise<boolean> => {
    const given = new Set(more.map((address) => namedAddress(address).address.toLowerCase()));
    for (const { local, domain } of namedRecipients(header)) {
      if (given.has(`${local}@${domain}`.toLowerCase())) return true;
      if (await directory.maySendAs(account.id, local, domain)) return true;
    }
    return false;
  };

  /** Undefined: an automatic message notifies nobody automatically (RFC 5436 §2.7.1). `bytes`: as it is kept, unsigned. */
  const notifyMail = async (
    delivery: SieveDelivery,
    account: Account,
    action: Extract<Action, { kind: "notify" }>,
  ): Promise<{ readonly mail: Received; readonly bytes: Buffer } | undefined> => {
    if (/^auto-/i.test(headerText(delivery.header, "auto-submitted"))) return undefined;
    const from = namedAddress(action.from ?? account.name);
    const allowed = await isTheirs(account, from.address);
    const bytes = notification(action, allowed ? from : { address: account.name }, account.name, facts(delivery));
    const to = action.to.flatMap((address) => parseMailbox(address) ?? []);
    return { mail: await madeHere(delivery, bytes, to), bytes };
  };
  const tellOwner = async (
    delivery: SieveDelivery,
    account: Account,
    outcome: Outcome,
    now: number,
  ): Promise<{ readonly mail: Received; readonly remember: Remembered } | undefined> => {
    const theirs = outcome.failures.filter(({ script }) => !/^(?:server|domain) script /.test(script));
    if (theirs.length === 0) return undefined;
    const key = "failed";
    if (!(await once.isFirst(account.id, key, now))) return undefined;
    const to = parseMailbox(account.name);
    if (to === undefined) return undefined;
    const bytes = failureNotice(theirs, account.name, facts(delivery));
    return {
      mail: await madeHere(delivery, bytes, [to]),
      remember: { account: account.id, key, until: now + failureNoticeMs },
    };
  };

  return { redirected, refused: refusalMail, vacation, notify: notifyMail, failed: tellOwner };
}

export const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

function headerText(header: Header, name: string): string {
  const field = header.fields.find((one) => one.name === name);
  return field === undefined ? "" : header.text.slice(field.valueStart, field.end).trim();
}

/** A script that edits fields edits what would be kept here, which bears a Return-Path. */
function withoutReturnPath(bytes: Buffer): Buffer {
  return Buffer.concat(withoutField(bytes, splitHeader(bytes, 0, bytes.length), "return-path"));
}
