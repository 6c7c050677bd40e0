/**
 * Scripts at delivery, between the verdict and the mailbox. Order: the server's, the domain's, the account's own, its vacation
 * answer, the domain's after, the server's after; each has its turn while the message would still be kept. Junk stays junk:
 * the account's scripts run for it only where they ask about spam or viruses themselves.
 */
import { createHash } from "node:crypto";
import { type Header, splitHeader } from "../../../protocol/mime/header.ts";
import {
  type Action,
  dsnConditions,
  type EnvelopeDsn,
  type Fcc,
  type Outcome,
  type Surroundings,
} from "../../../protocol/sieve/actions.ts";
import { SieveMessage } from "../../../protocol/sieve/message.ts";
import { type NamedScript, runScripts } from "../../../protocol/sieve/sieve.ts";
import { type Mailbox, parseMailbox } from "../../../protocol/smtp/address.ts";
import type { Directory } from "../../access/directory.ts";
import type { Taken } from "../../judge/judge.ts";
import type { Log } from "../../log.ts";
import type { Received, ReceivedRecipient } from "../../receive/received.ts";
import type { Remembered } from "../../store/sieve-store.ts";
import type { Account, AccountId, Marks, Notify, Store, Target } from "../../store/store.ts";
import type { Forwarded } from "../forward.ts";
import { withoutField } from "../traced.ts";
import { failureNotice, namedAddress, notification, refusal, vacationAnswer } from "./answers.ts";
import type { BookScript, ScriptBook } from "./book.ts";
import type { AccountEffects, Filed, Sent } from "./effects.ts";
import { flagsAsMarks } from "./flags.ts";
import { asReported, sentFromHere } from "./made-here.ts";
import { AccountMailboxes } from "./mailboxes.ts";
import { namedRecipients, whyNoAnswer } from "./may-answer.ts";

/** Why a message is not redirected; it is kept instead. */
export type OnwardRefusal = "is no address" | "goes round" | "is too much in an hour";

export type SievePorts = {
  readonly store: Pick<Store, "mailboxes" | "annotations" | "sieveRemembers">;
  readonly book: ScriptBook;
  readonly directory: Pick<Directory, "account" | "domain" | "maySendAs">;
  /** What goes on to another server, `bytes` of the message, and its return path of ours; or why it must not. */
  readonly onward: (
    mail: Received,
    header: Header,
    account: Account,
    verdict: Taken,
    bytes: Buffer,
    to: Mailbox,
  ) => Promise<Forwarded | OnwardRefusal>;
  /** DKIM-Signature lines for a message of this domain's, "" for none. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly newId: () => string;
  readonly version: string;
  readonly log: Log;
};

/** One message for one account. `bytes`: as it would be kept, trace fields included. */
export type SieveDelivery = {
  readonly mail: Received;
  readonly header: Header;
  readonly verdict: Taken;
  readonly account: AccountId;
  /** The envelope recipient through which it came to this account. */
  readonly recipient: string;
  /** What the sender asked about delivery reports to it. */
  readonly asked: Pick<ReceivedRecipient, "notify" | "orcpt">;
  readonly bytes: Buffer;
  /** Where the message goes by itself. */
  readonly place: Target;
  readonly isJunk: boolean;
};

export type DeliverSieve = {
  concerns(accounts: Iterable<AccountId>): boolean | Promise<boolean>;
  /** Undefined: as if there were no scripts. */
  run(delivery: SieveDelivery): Promise<AccountEffects | undefined>;
};

/** Answers of the store that one run may ask for. */
const maxQuestions = 50;
const failureNoticeMs = 24 * 60 * 60_000;
/** What the store will know once the delivery is committed; until then it is known here. */
const pendingMs = 60_000;
const spamExtensions = ["spamtest", "spamtestplus", "virustest"];

/** The run needs to know whether this is remembered. */
class Unknown {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

export function makeDeliverSieve(ports: SievePorts): DeliverSieve {
  const { store, book, directory, log } = ports;
  const pending = new Map<string, number>();

  const run = async (delivery: SieveDelivery): Promise<AccountEffects | undefined> => {
    const { mail } = delivery;
    const account = await directory.account(delivery.account);
    if (account === undefined) return undefined;
    const scripts = await scriptsOf(account, delivery.isJunk);
    if (scripts.length === 0) return undefined;
    const needs = (name: string): boolean => scripts.some(({ script }) => script.required.has(name));
    const [mailboxes, annotations] = await Promise.all([
      ["fileinto", "mailbox", "mailboxid", "special-use", "mboxmetadata", "fcc", "include"].some(needs)
        ? store.mailboxes(account.id)
        : [],
      needs("mboxmetadata") || needs("servermetadata") ? store.annotations(account.id) : [],
    ]);
    const boxes = new AccountMailboxes(mailboxes, annotations);
    const domain = await directory.domain(domainOf(delivery.recipient));
    const separator = domain?.settings.subaddressSeparator ?? "+";
    const outcome = await outcomeOf(delivery, account, scripts, boxes, separator);
    return effectsOf(delivery, account, outcome, boxes, mail.at);
  };

  /** Scripts that can run; those that cannot (an extension is gone) count as not there. */
  const scriptsOf = async (account: Account, isJunk: boolean): Promise<readonly NamedScript[]> => {
    const domain = account.name.slice(account.name.lastIndexOf("@") + 1);
    const all = await book.scriptsFor(account.id, domain);
    const named: NamedScript[] = [];
    for (const { name, origin, compiled } of all) {
      if (compiled.kind === "mistakes") {
        log.error({ script: name, origin, account: account.name, mistakes: compiled.mistakes }, "script cannot be run");
        continue;
      }
      const isTheirs = origin === "account" || origin === "vacation";
      if (isTheirs && isJunk && !spamExtensions.some((one) => compiled.required.has(one))) continue;
      named.push({ name: nameOf({ name, origin }), script: compiled });
    }
    return named;
  };

  const isPending = (key: string, now: number): boolean => (pending.get(key) ?? 0) > now;
  const setPending = (key: string, now: number): void => {
    pending.set(key, now + pendingMs);
    for (const [known, until] of pending) {
      if (until > now) break;
      pending.delete(known);
    }
  };

  /** Runs, asks the store what the run did not know, and runs again: a run is quick and has no effects. */
  const outcomeOf = async (
    delivery: SieveDelivery,
    account: Account,
    scripts: readonly NamedScript[],
    boxes: AccountMailboxes,
    separator: string,
  ): Promise<Outcome> => {
    const known = new Map<string, boolean>();
    const world: Surroundings = {
      ...surroundingsOf(delivery, account, separator),
      ...boxes.tests(),
      isDuplicate: (text) => {
        const key = duplicateKey(text);
        if (isPending(`${account.id} ${key}`, delivery.mail.at)) return true;
        const answer = known.get(key);
        if (answer === undefined && known.size < maxQuestions) throw new Unknown(key);
        return answer ?? false;
      },
    };
    for (;;) {
      try {
        return runScripts(scripts, new SieveMessage(delivery.bytes), world);
      } catch (question) {
        if (!(question instanceof Unknown)) throw question;
        const found = await store.sieveRemembers(account.id, [question.key], delivery.mail.at);
        known.set(question.key, found.length > 0);
      }
    }
  };

  const surroundingsOf = (
    { mail, verdict, recipient, asked, isJunk }: SieveDelivery,
    account: Account,
    separator: string,
  ): Omit<Surroundings, keyof ReturnType<AccountMailboxes["tests"]> | "isDuplicate"> => ({
    envelopeFrom: mail.envelopeFrom,
    envelopeTo: recipient,
    envelopeDsn: dsnOf(mail, asked),
    separator,
    environment: {
      domain: account.name.slice(account.name.lastIndexOf("@") + 1),
      host: mail.ourHost,
      // RFC 5183 §4.1: the message is stored here.
      location: "MS",
      phase: "during",
      name: "Angarium",
      version: ports.version,
      "remote-host": mail.remoteName ?? "",
      "remote-ip": mail.remote.address,
    },
    now: mail.at,
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    spamPercent: spamPercent(verdict, isJunk),
    virus: verdict.findings?.virus,
    flags: [],
  });

  const effectsOf = async (
    delivery: SieveDelivery,
    account: Account,
    outcome: Outcome,
    boxes: AccountMailboxes,
    now: number,
  ): Promise<AccountEffects> => {
    const { place } = delivery;
    const filed: Filed[] = [];
    const sent: Sent[] = [];
    const send = (out: Received, inPlaceOfKeeping = false): void => {
      sent.push({ mail: out, inPlaceOfKeeping });
    };
    const copies: { target: Target; marks: Marks; bytes: Buffer }[] = [];
    const remember: Remembered[] = [];
    const notes: string[] = [];
    let refused: AccountEffects["refused"];
    let keeps = outcome.keeps;
    const addCopy = (fcc: Fcc | undefined, bytes: Buffer): void => {
      if (fcc === undefined) return;
      const target = boxes.target(fcc) ?? { role: "sent" };
      copies.push({ target, marks: flagsAsMarks(fcc.flags), bytes });
    };
    for (const { key, seconds } of outcome.duplicates) {
      const hashed = duplicateKey(key);
      setPending(`${account.id} ${hashed}`, now);
      remember.push({ account: account.id, key: hashed, until: now + seconds * 1000 });
    }
    for (const action of outcome.actions)
      switch (action.kind) {
        case "keep":
          break;
        case "fileinto": {
          // A mailbox that is not there (RFC 5228 §4.1): the message is in its default place.
          const target = boxes.target(action.target) ?? place;
          if (boxes.target(action.target) === undefined) notes.push(`no mailbox ${action.target.mailbox}`);
          filed.push({ target, marks: flagsAsMarks(action.flags), bytes: action.message });
          notes.push(`fileinto ${action.target.mailbox}`);
          break;
        }
        case "redirect": {
          const onward = await redirected(delivery, account, action);
          if (typeof onward === "string") keeps = true;
          else send(onward, true);
          notes.push(`redirect ${action.address}${typeof onward === "string" ? ` ${onward}` : ""}`);
          break;
        }
        case "reject": {
          if (action.extended) refused = action.reason;
          else {
            const told = await refusalMail(delivery, action.reason);
            if (told !== undefined) send(told);
          }
          notes.push("rejected");
          break;
        }
        case "vacation": {
          const answer = await vacation(delivery, account, action, now);
          if (typeof answer === "string") {
            notes.push(`no vacation answer: ${answer}`);
            break;
          }
          send(answer.mail);
          addCopy(action.fcc, answer.mail.bytes);
          if (answer.remember !== undefined) remember.push(answer.remember);
          notes.push("vacation answer");
          break;
        }
        case "notify": {
          // RFC 5436 §2.7.1: an automatic message notifies nobody automatically.
          if (/^auto-/i.test(headerText(delivery.header, "auto-submitted"))) break;
          const from = namedAddress(action.from ?? account.name);
          const allowed = await isTheirs(account, from.address);
          const bytes = notification(action, allowed ? from : { address: account.name }, account.name, facts(delivery));
          const to = action.to.flatMap((address) => parseMailbox(address) ?? []);
          send(await madeHere(delivery, bytes, to));
          addCopy(action.fcc, bytes);
          notes.push("notified");
          break;
        }
        default:
          action satisfies never;
      }
    if (keeps) {
      filed.push({ target: place, marks: flagsAsMarks(outcome.keepFlags), bytes: outcome.keepMessage });
      // Alone it goes without saying.
      if (notes.length > 0) notes.push("keep");
    }
    if (outcome.failures.length > 0) {
      notes.push("script failed");
      log.info({ account: account.name, failures: outcome.failures }, "script failed");
      const told = await tellOwner(delivery, account, outcome, now);
      if (told !== undefined) {
        send(told.mail);
        remember.push(told.remember);
      }
    }
    if (filed.length === 0 && sent.length === 0 && refused === undefined) notes.push("discarded");
    return { filed: distinct(filed), sent, copies, refused, remember, notes };
  };

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
    const pendingKey = `${account.id} ${key}`;
    if (action.seconds > 0) {
      const known = isPending(pendingKey, now) || (await store.sieveRemembers(account.id, [key], now)).length > 0;
      // Another delivery may have come in between while the store was asked.
      if (known || isPending(pendingKey, now)) return "answered before";
      setPending(pendingKey, now);
    }
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

  const tellOwner = async (
    delivery: SieveDelivery,
    account: Account,
    outcome: Outcome,
    now: number,
  ): Promise<{ readonly mail: Received; readonly remember: Remembered } | undefined> => {
    const theirs = outcome.failures.filter(({ script }) => !/^(?:server|domain) script /.test(script));
    if (theirs.length === 0) return undefined;
    const key = "failed";
    const pendingKey = `${account.id} ${key}`;
    if (isPending(pendingKey, now) || (await store.sieveRemembers(account.id, [key], now)).length > 0) return undefined;
    if (isPending(pendingKey, now)) return undefined;
    setPending(pendingKey, now);
    const to = parseMailbox(account.name);
    if (to === undefined) return undefined;
    const bytes = failureNotice(theirs, account.name, facts(delivery));
    return {
      mail: await madeHere(delivery, bytes, [to]),
      remember: { account: account.id, key, until: now + failureNoticeMs },
    };
  };

  return { concerns: (accounts) => book.concerns(accounts), run };
}

function nameOf({ name, origin }: Pick<BookScript, "name" | "origin">): string {
  switch (origin) {
    case "account":
      return `script "${name}"`;
    case "vacation":
      return "vacation answer";
    default:
      return `${origin} script "${name}"`;
  }
}

/** RFC 5235: what the filter thinks; mail that others called junk is spam for sure. */
function spamPercent({ findings }: Taken, isJunk: boolean): number | undefined {
  const probability = findings?.spam?.probability;
  return probability === undefined ? (isJunk ? 100 : undefined) : Math.round(probability * 100);
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

const duplicateKey = (text: string): string => `d${hash(text)}`;
const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

function headerText(header: Header, name: string): string {
  const field = header.fields.find((one) => one.name === name);
  return field === undefined ? "" : header.text.slice(field.valueStart, field.end).trim();
}

/** One mailbox gets one copy of the same bytes; flags of all who put it there. */
function distinct(filed: readonly Filed[]): readonly Filed[] {
  const byPlace = new Map<string, Filed>();
  for (const one of filed) {
    const place = JSON.stringify(one.target);
    const before = byPlace.get(place);
    if (before === undefined || before.bytes !== one.bytes) {
      byPlace.set(before === undefined ? place : `${place} ${byPlace.size}`, one);
      continue;
    }
    const keywords = [...new Set([...before.marks.keywords, ...one.marks.keywords])];
    byPlace.set(place, { ...before, marks: { flags: before.marks.flags | one.marks.flags, keywords } });
  }
  return [...byPlace.values()];
}

/** A script that edits fields edits what would be kept here, which bears a Return-Path. */
function withoutReturnPath(bytes: Buffer): Buffer {
  return Buffer.concat(withoutField(bytes, splitHeader(bytes, 0, bytes.length), "return-path"));
}

/** RFC 6009 §2: each condition of NOTIFY is a value of its own. */
function dsnOf({ ret, envid }: Received, { notify, orcpt }: SieveDelivery["asked"]): EnvelopeDsn {
  const asked = dsnConditions.filter((one) => notify?.[one.toLowerCase() as keyof Notify] === true);
  return {
    ...(asked.length === 0 ? {} : { notify: asked }),
    ...(orcpt === undefined ? {} : { orcpt: [orcpt] }),
    ...(ret === undefined ? {} : { ret: [ret.toUpperCase()] }),
    ...(envid === undefined ? {} : { envid: [envid] }),
  };
}
