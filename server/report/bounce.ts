/**
 * Who is told what about their mail, and how that notice itself is delivered: filed for a sender who lives here, queued for
 * others. The null sender is told nothing (RFC 5321 §4.5.5), nor who asked for nothing (RFC 3461 §4.1).
 */
import { type DeliveryReport, type ReportedRecipient, writeReport } from "../../protocol/mime/report.ts";
import { formatMailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Notices } from "../deliver/notices.ts";
import type { QueueNotices } from "../queue/finish.ts";
import type { Reported } from "../queue/results.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import { codesOf } from "../shape/reply-code.ts";
import type { Acceptance, Notify, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { type MadeHereAsk, madeHere } from "./made-here.ts";

export type ReportAsk = MadeHereAsk & {
  /** What would be committed for a message made here (`server/deliver`). */
  readonly plan: (mail: Received) => Promise<Acceptance | undefined>;
  readonly now: () => number;
  /** Unique: letters and digits. */
  readonly newId: () => string;
};

type Kind = DeliveryReport["kind"];
type ToldHere = {
  readonly recipient: ReceivedRecipient;
  readonly action: ReportedRecipient["action"];
  /** Of who failed. */
  readonly reply?: Reply;
};
type Cause = Pick<DeliveryReport, "envid" | "ret" | "smtputf8" | "recipients" | "message"> & {
  /** RFC 8689 §5: what had to be kept private stays so: the notice asks for the same, and bears the header alone. */
  readonly requireTls: boolean;
  readonly envelopeFrom: string;
  readonly arrivedAt: number;
};

export function makeReports(ask: ReportAsk): QueueNotices & Notices {
  async function send(kind: Kind, cause: Cause): Promise<Acceptance | undefined> {
    const sender = parseMailbox(cause.envelopeFrom);
    if (sender === undefined || cause.recipients.length === 0) return undefined;
    const at = ask.now();
    const id = ask.newId();
    const { bytes, body, smtputf8 } = writeReport({
      kind,
      reportingMta: ask.ourHost,
      from: `MAILER-DAEMON@${ask.ourHost}`,
      to: cause.envelopeFrom,
      date: at,
      messageId: `${id}@${ask.ourHost}`,
      boundary: `=_${ask.newId()}${ask.newId()}`,
      envid: cause.envid,
      arrivalDate: cause.arrivedAt,
      ret: cause.requireTls ? "hdrs" : cause.ret,
      smtputf8: cause.smtputf8,
      recipients: cause.recipients,
      message: cause.message,
    });
    const mail = await madeHere({ at, id, to: sender, bytes, body, smtputf8, domain: ask.ourHost }, ask);
    return ask.plan(cause.requireTls ? { ...mail, requireTls: true } : mail);
  }

  return {
    notice(kind, message, content, reported) {
      const wanted = reported.filter(({ recipient }) => isWanted(kind, recipient.notify));
      const recipients = wanted.map((one) => ofQueue(kind, message, one, ask.now()));
      const { envelopeFrom, envid, ret, createdAt, smtputf8, requireTls } = message;
      return send(kind, {
        envelopeFrom,
        envid,
        ret,
        smtputf8,
        requireTls,
        arrivedAt: createdAt,
        message: content,
        recipients,
      });
    },
    successNotice(mail, done) {
      const wanted = done.filter(({ recipient }) => isWanted("success", recipient.notify));
      return send("success", ofReceived(mail, wanted));
    },
    failureNotice(mail, failed) {
      const wanted = failed.filter(({ recipient }) => isWanted("failure", recipient.notify));
      return send(
        "failure",
        ofReceived(
          mail,
          wanted.map((one) => ({ ...one, action: "failed" })),
        ),
      );
    },
  };

  function ofReceived(mail: Received, recipients: readonly ToldHere[]): Cause {
    return {
      envelopeFrom: mail.envelopeFrom,
      envid: mail.envid,
      ret: mail.ret,
      arrivedAt: mail.at,
      smtputf8: mail.smtputf8,
      requireTls: mail.requireTls,
      message: mail.bytes,
      recipients: recipients.map(({ recipient, action, reply }) => ({
        address: formatMailbox(recipient),
        orcpt: recipient.orcpt,
        action,
        status: reply === undefined ? "2.0.0" : statusOf(reply, "5"),
        diagnostic: reply === undefined ? undefined : replyText(reply),
      })),
    };
  }
}

/** RFC 3461 §4.1: without NOTIFY a sender hears of failures and delays. */
function isWanted(kind: Kind, notify: Notify | undefined): boolean {
  if (notify === undefined) return kind !== "success";
  return !notify.never && notify[kind];
}

function ofQueue(
  kind: Kind,
  message: QueuedMessage,
  { recipient, outcome, host, final }: Reported,
  now: number,
): ReportedRecipient {
  const { reply } = outcome;
  const action: ReportedRecipient["action"] =
    kind === "failure" ? "failed" : kind === "delay" ? "delayed" : final ? "delivered" : "relayed";
  const expired = kind === "failure" && outcome.kind === "later";
  // Who writes to an address that forwards does not learn where it leads: words may name that.
  const forwarded = recipient.toldAs !== undefined;
  return {
    address: forwarded ? forwarderOf(recipient) : recipient.address,
    orcpt: recipient.orcpt,
    action,
    // RFC 3463 §3.5: a temporary trouble that lasted to the end of the message's life.
    status: expired ? "4.4.7" : statusOf(reply, kind === "failure" ? "5" : kind === "delay" ? "4" : "2"),
    remoteMta: forwarded ? undefined : host,
    diagnostic: forwarded ? codesOf(replyText(reply)) : replyText(reply),
    lastAttempt: now,
    willRetryUntil: kind === "delay" ? message.expiresAt : undefined,
  };
}

/** The address that was written to; of one that stands for several it is the original recipient. */
function forwarderOf({ toldAs, orcpt, address }: QueuedRecipient): string {
  return toldAs || (/^rfc822;(.+@.+)$/i.exec(orcpt ?? "")?.[1] ?? address);
}

function statusOf(reply: Reply, class_: string): string {
  return reply.enhanced?.startsWith(class_) === true ? reply.enhanced : `${class_}.0.0`;
}
