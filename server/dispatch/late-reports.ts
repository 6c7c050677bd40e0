/**
 * Bounces that come by mail after all, and complaints (ARF, RFC 5965; CFBL, RFC 9477): which of our messages they are about, by what
 * only we can have written into it, and what follows: an event, suppression, and a mark against the tenant.
 */
import { headerValue, splitHeader } from "../../protocol/mime/header.ts";
import { type ReadReport, readReport, returnedHeader } from "../../protocol/mime/read-report.ts";
import { readTextBounce } from "../../protocol/mime/read-text-bounce.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { verpToken } from "../../protocol/return-path/verp.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Log } from "../base/log.ts";
import { gateCountOf, suppressionOf } from "../shape/reply-class.ts";
import { codesOf } from "../shape/reply-code.ts";
import { classifyReply, otherProvider, type Shaping } from "../shape/shaping.ts";
import type { NewSendingEvent, SendingEvent } from "../store/sending.ts";
import type { Instant, QueuedMessage, Store } from "../store/store.ts";
import type { Counts } from "../warm/account.ts";
import { reportedMail } from "./reported-mail.ts";
import { idOfRef } from "./sender.ts";
import type { SuppressionBook } from "./suppression.ts";

export type LateReportsAsk = {
  readonly store: Pick<Store, "sendingEvents" | "addSendingEvents" | "trace">;
  readonly suppression: SuppressionBook;
  readonly shaping: Shaping;
  readonly mac: Mac;
  /** Whether the address is one that complaints are sent to, and nothing else. */
  readonly isForComplaints: (address: { readonly local: string; readonly domain: string }) => boolean;
  /** What receivers say of a tenant's mail counts for it … */
  readonly conduct: (
    message: Pick<QueuedMessage, "tenant" | "campaign">,
    change: { hard?: number; complaints?: number },
  ) => void;
  /** … and for the warm-ups of where it went. */
  readonly warmed: (source: string, domain: string, provider: string, counts: Partial<Counts>) => void;
  readonly now: () => Instant;
  readonly log: Log;
};

/** A report as it came: its bytes, the return path it came with ("": none), whom it was for, and whether its author's domain stands for it (undefined: that was not checked). */
export type LateReport = {
  readonly id: string;
  readonly bytes: Buffer;
  readonly envelopeFrom: string;
  readonly recipients: readonly { readonly local: string; readonly domain: string }[];
  readonly authentic?: boolean | undefined;
};

/** Complaints come to this address of each of our domains. */
export const complaintsLocal = "fbl";
type Complaint = ReadReport & { readonly kind: "complaint" };
/** RFC 6591: what a receiver could not authenticate. Nobody complains. */
const authFailure = "auth-failure";
/** What comes to an address for complaints without the form of one, our message attached as it was (Outlook.com's JMRP). */
const forwarded: Pick<
  Complaint,
  "kind" | "feedbackType" | "userAgent" | "originalMailFrom" | "recipients" | "original"
> = {
  kind: "complaint",
  feedbackType: "abuse",
  userAgent: undefined,
  originalMailFrom: undefined,
  recipients: [],
  original: undefined,
};

type Where = { readonly source: string; readonly provider: string; readonly author: string };

/** Of a report so much is read: what it is about stands in front. */
const maxReadBytes = 256 * 1024;
/** Bounces by mail that one message may cause. */
const maxLatePerMessage = 10;
/** Older messages have no bounces: somebody plays an old one again. */
const maxAgeMs = 14 * 86_400_000;
const inactiveMs = 180 * 86_400_000;
/** A report says the codes by themselves, and mostly in front of the words once more. */
const codesBefore = /^[245]\d\d[ -]+(?:[245]\.\d{1,3}\.\d{1,3}[ -]+)?/;

export type LateReports = {
  /** Answers whether the mail was such a report (or an automatic answer to a return path of ours): nobody's mailbox gets it then. */
  report(report: LateReport): Promise<boolean>;
  /**
   * One of our own people has put a message of a tenant into Junk, or has taken it out again: a complaint, or its opposite, as another
   * provider would report it. `isTheirs`: the address is one of that person's.
   */
  moved(message: Uint8Array, spam: boolean, isTheirs: (address: string) => Promise<boolean>): Promise<void>;
};

export function makeLateReports(ask: LateReportsAsk): LateReports {
  const { store, suppression, shaping, mac, now, log } = ask;

  const { byToken, byKey } = reportedMail(store);

  const note = (about: SendingEvent, type: NewSendingEvent["type"], detail: NewSendingEvent["detail"]): Promise<void> =>
    store.addSendingEvents([
      {
        at: now(),
        type,
        tenant: about.tenant,
        stream: about.stream,
        campaign: about.campaign,
        message: about.message,
        recipient: about.recipient,
        detail: { n: about.detail["n"], ...detail },
      },
    ]);

  const whereItWent = async (about: SendingEvent): Promise<Where | undefined> => {
    const sent = (await store.sendingEvents({ message: about.message })).find(
      ({ detail }) => detail["source"] !== undefined,
    );
    const { source, provider, author } = sent?.detail ?? {};
    return typeof source === "string" && typeof provider === "string"
      ? { source, provider, author: typeof author === "string" ? author : "" }
      : undefined;
  };
  const count = async (about: SendingEvent, counts: Partial<Counts>): Promise<void> => {
    const where = await whereItWent(about);
    if (where !== undefined) ask.warmed(where.source, where.author, where.provider, counts);
  };
  const messageOf = ({ tenant, campaign }: SendingEvent) => ({ tenant, ...(campaign === "" ? {} : { campaign }) });

  const bounced = async (about: SendingEvent, report: ReadReport & { readonly kind: "delivery" }): Promise<void> => {
    if (now() - about.at > maxAgeMs) return;
    const one =
      report.recipients.find(({ recipient }) => recipient.toLowerCase() === about.recipient.toLowerCase()) ??
      report.recipients[0];
    // Late is not lost, and "relayed" is no news.
    if (one !== undefined && one.action !== "failed" && one.action !== "unknown") return;
    const before = (await store.sendingEvents({ message: about.message })).filter(
      ({ type }) => type === "bounced-late",
    );
    if (before.length >= maxLatePerMessage || before.some(({ recipient }) => recipient === about.recipient)) return;
    const words = one?.diagnostic?.replace(codesBefore, "");
    const reply = [one?.replyCode, one?.status, words].filter((part) => part !== undefined && part !== "").join(" ");
    const forwarded = about.detail["forwarded"] === true;
    const told = forwarded ? codesOf(reply) : reply;
    const provider = (await whereItWent(about))?.provider ?? otherProvider;
    const { class: name, rule } = classifyReply(shaping, provider, reply);
    const permanent = !/^4/.test(one?.status ?? "5");
    await note(about, "bounced-late", {
      class: name,
      reply: told.slice(0, 500),
      ...(forwarded ? { forwarded } : { rule: rule?.id, by: report.reportingMta }),
    });
    if (suppressionOf(name, permanent) === "at-once") {
      const inactive = name === "inactive-mailbox";
      await suppression.add(`tenant:${about.tenant}`, [about.recipient], inactive ? "inactive" : "bounced", {
        evidence: told,
        ...(inactive ? { expiresAt: now() + inactiveMs } : {}),
      });
    }
    const gate = gateCountOf(name, permanent);
    if (gate === "hard") ask.conduct(messageOf(about), { hard: 1 });
    if (gate === "hard") await count(about, { hardBounces: 1 });
    else if (gate === "block") await count(about, { blockBounces: 1 });
  };

  const complained = async (
    about: SendingEvent,
    { feedbackType, userAgent }: Pick<Complaint, "feedbackType" | "userAgent">,
  ): Promise<void> => {
    if (feedbackType === authFailure) return;
    const before = (await store.sendingEvents({ message: about.message })).filter(
      ({ recipient }) => recipient === about.recipient,
    );
    const type = feedbackType === "not-spam" ? "not-spam" : "complained";
    // One person complains of one message once, however often it is reported.
    const said = before.findLast((event) => event.type === "complained" || event.type === "not-spam");
    if (said?.type === type) return;
    await note(about, type, { feedbackType, userAgent });
    const marketing = `marketing:${about.tenant}`;
    const known = await suppression.list(marketing, { address: about.recipient });
    if (type === "not-spam") {
      // The last complaint is taken back: of two the first still holds.
      const whole = await suppression.list(`tenant:${about.tenant}`, { address: about.recipient });
      const scope = [...whole, ...known].find(({ reason }) => reason === "complained")?.scope;
      if (said !== undefined && scope !== undefined) await suppression.remove(scope, [about.recipient]);
      if (said !== undefined) ask.conduct(messageOf(about), { complaints: -1 });
      return;
    }
    // Who complains a second time wants nothing at all.
    const scope = known.some(({ reason }) => reason === "complained") ? `tenant:${about.tenant}` : marketing;
    await suppression.add(scope, [about.recipient], "complained", {
      evidence: `${feedbackType} ${userAgent ?? ""}`.trim(),
    });
    ask.conduct(messageOf(about), { complaints: 1 });
    // What a warm-up has seen it has seen: who changes his mind and changes it back counts there once.
    if (said === undefined) await count(about, { complaints: 1 });
  };

  const moved: LateReports["moved"] = async (message, spam, isTheirs) => {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
    const ref = headerValue(splitHeader(bytes, 0, bytes.length), "x-angarium-ref");
    const own = ref === undefined ? undefined : idOfRef(ref, mac);
    if (own === undefined) return;
    for (const about of await store.sendingEvents({ message: own })) {
      if (about.detail["here"] !== true || !(await isTheirs(about.recipient))) continue;
      await complained(about, { feedbackType: spam ? "abuse" : "not-spam", userAgent: "Angarium mailbox" });
      log.info({ message: own, recipient: about.recipient, spam }, "one of our own people moved our mail");
      return;
    }
  };

  const report: LateReports["report"] = async ({ id, bytes, envelopeFrom, recipients, authentic }) => {
    const head = bytes.subarray(0, maxReadBytes);
    const tokens = recipients.flatMap(({ local }) => {
      const token = verpToken(local, mac);
      return token === undefined || token === "forged" ? [] : [token.token];
    });
    const read = readReport(head);
    for (const token of tokens) {
      const about = await byToken(token);
      if (about === undefined) continue;
      const words = read === undefined ? readTextBounce(head, envelopeFrom === "") : undefined;
      if (read?.kind === "delivery") await bounced(about, read);
      else if (read?.kind === "complaint") await complained(about, read);
      else if (words?.kind === "failed") await bounced(about, inWords(words.reply));
      log.info(
        { id, message: about.message, recipient: about.recipient, kind: read?.kind ?? words?.kind ?? "letter" },
        "a report about our mail",
      );
    }
    if (tokens.length > 0) return true;
    const complaint = read ?? (recipients.some(ask.isForComplaints) ? forwarded : undefined);
    if (complaint?.kind !== "complaint" || complaint.feedbackType === authFailure) return false;
    const about = await complaintAbout(complaint, head, read !== undefined && authentic !== false);
    if (about === undefined) return false;
    await complained(about, complaint);
    log.info({ id, message: about.message, recipient: about.recipient, kind: "complaint" }, "a report about our mail");
    return true;
  };

  return { report, moved };

  async function complaintAbout(
    report: Pick<Complaint, "originalMailFrom" | "recipients" | "original">,
    head: Buffer,
    authentic: boolean,
  ): Promise<SendingEvent | undefined> {
    const path = parseMailbox(report.originalMailFrom ?? "");
    const token = path === undefined ? undefined : verpToken(path.local, mac);
    if (token !== undefined && token !== "forged") return byToken(token.token);
    // In what came back, whatever it is encoded in; else somewhere in the report: generators put fields where they like.
    const header = returnedHeader(head);
    const ref =
      (header && (headerValue(header, "x-angarium-ref") ?? headerValue(header, "cfbl-feedback-id"))) ??
      /^(?:X-Angarium-Ref|CFBL-Feedback-ID):[ \t]*([a-z0-9-]{1,60})[ \t]*\r?$/im.exec(head.toString("latin1"))?.[1];
    const own = ref === undefined ? undefined : idOfRef(ref, mac);
    if (own !== undefined) return byKey(own, report.recipients);
    // RFC 9477 §3.2 wants reports signed by their author's domain. What only our message bears proves more; a Message-ID is known to many.
    const messageId = report.original?.messageId;
    return messageId === undefined || !authentic ? undefined : byKey(messageId, report.recipients);
  }
}

/** A bounce without form: its words are all there is. The return path says whose it is. */
function inWords(reply: string): ReadReport & { readonly kind: "delivery" } {
  return {
    kind: "delivery",
    reportingMta: undefined,
    originalEnvelopeId: undefined,
    arrivalDate: undefined,
    original: undefined,
    recipients: [
      {
        recipient: "",
        original: undefined,
        action: "failed",
        status: "",
        replyCode: undefined,
        diagnostic: reply,
        remoteMta: undefined,
      },
    ],
  };
}
