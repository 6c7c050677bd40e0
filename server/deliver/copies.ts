/**
 * Many messages of one kind, for people elsewhere: what all have in common is judged once, kept once, and made into a message for each recipient
 * when it is sent. What one has of its own (whom it is for, what is put into its texts, or all its texts) is its recipe.
 */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Judge, Taken, Verdict } from "../judge/judge.ts";
import type { Queue } from "../queue/queue.ts";
import type { Received } from "../receive/received.ts";
import type { Acceptance, ContentId, NewQueued, Store } from "../store/store.ts";
import { acceptedEntry, entry } from "./entries.ts";
import { queuedOf } from "./queued.ts";
import { acceptedTold, type Flooding, floodedReply, sendingEvents } from "./suppressed.ts";

/** What one copy has of its own. */
export type MailCopy = Pick<Received, "id" | "recipients" | "smtputf8" | "sending"> & {
  readonly subject: string;
  /** Without its angle brackets. */
  readonly messageId: string;
  readonly recipe: Uint8Array;
  /** By place in `samples`. */
  readonly sample: number;
};

export type MailCopies = {
  /** Some of them, written out: they are judged, and what is thought of one holds for all that name it. All have the same sender and time. */
  readonly samples: readonly Received[];
  /** With its SHA-256 in hex. */
  readonly template: { readonly bytes: Uint8Array; readonly digest: string };
  readonly copies: readonly MailCopy[];
};

export type CopiesPorts = {
  readonly store: Pick<Store, "acceptCopies">;
  readonly queue: Pick<Queue, "leaseForNew" | "offer">;
  readonly judge: Judge;
  readonly flooding?: Flooding | undefined;
  readonly settings: { readonly queueLifetimeMs: number };
  readonly log: Log;
};

/** Copies in one transaction: while it runs nobody else writes. */
const atOnce = 250;
/** Templates that are known: as many mailings as may be handed over in pieces at the same time. */
const maxKnown = 256;
const known = new WeakMap<CopiesPorts["store"], Map<string, ContentId>>();

/** A reply for each: undefined where what is thought of its sample asks for more than sending it; nothing of that one was taken. */
export async function takeCopies(
  { samples, template, copies }: MailCopies,
  ports: CopiesPorts,
): Promise<readonly (Reply | undefined)[]> {
  const { store, queue, settings, log } = ports;
  const judged = await judgeAll(samples, ports.judge);
  const refused = copies.map(({ recipients, sending }) => refusalOf(recipients, sending, ports.flooding));
  const taken = copies.filter(({ sample }, index) => judged[sample] !== undefined && refused[index] === undefined);
  const { digest } = template;
  const under = samples[0]?.under;
  const facts = factsOf(`template-${digest}`, "");
  for (let at = 0; at < taken.length; at += atOnce) {
    const some = taken.slice(at, at + atOnce).map((copy): Acceptance & { readonly queue: NewQueued } => {
      const { recipe, subject, messageId, sample, ...own } = copy;
      const { header, verdict } = judged[sample]!;
      const mail: Received = { ...samples[sample]!, ...own };
      const to = mail.recipients.map((one) => ({
        address: formatMailbox(one),
        domain: own.sending?.sandbox ?? one.domain,
        orcpt: one.orcpt,
        notify: one.notify,
      }));
      const recipients = to.map(({ address }) => address);
      const told = acceptedTold(mail, { queued: to });
      return {
        message: { bytes: recipe, facts: factsOf(messageId, subject) },
        placements: [],
        queue: queuedOf(mail, header, to, queue, settings, false),
        journey: [
          acceptedEntry(mail, { messageId, subject }, verdict, { told }),
          entry(mail, "queued", { recipients, notBefore: mail.notBefore }),
        ],
        ...(told === undefined ? { events: sendingEvents(mail, { queued: to }) } : {}),
      };
    });
    const templates = known.get(store) ?? new Map<string, ContentId>();
    known.set(store, templates);
    const accepted = await store.acceptCopies({
      template: { bytes: template.bytes, facts },
      known: templates.get(digest),
      // One commit: the turn is looked at once.
      copies: under === undefined ? some : some.map((one, index) => (index === 0 ? { ...one, under } : one)),
    });
    const content = accepted[0]?.queued?.template;
    if (content !== undefined) {
      templates.delete(digest);
      templates.set(digest, content);
      if (templates.size > maxKnown) templates.delete(templates.keys().next().value!);
    }
    for (const { queued } of accepted) if (queued !== undefined) queue.offer(queued, undefined);
  }
  if (taken.length > 0)
    log.info({ from: samples[0]!.envelopeFrom, copies: taken.length, judged: samples.length }, "copies accepted");
  return copies.map(({ sample }, index) => (judged[sample] === undefined ? undefined : (refused[index] ?? done)));
}

/** Of a copy to several the first who has to wait: it is one message, and waits as one. */
function refusalOf(
  recipients: MailCopy["recipients"],
  sending: MailCopy["sending"],
  flooding: Flooding | undefined,
): Reply | undefined {
  if (flooding === undefined) return undefined;
  for (const one of recipients) {
    const refused = floodedReply(sending, formatMailbox(one), flooding);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

const done = reply(250, "2.0.0", "accepted");

type Judged = { readonly header: Header; readonly verdict: Taken };
/** Others have their turn after so many that were judged. */
const judgedAtOnce = 8;

async function judgeAll(samples: readonly Received[], judge: Judge): Promise<readonly (Judged | undefined)[]> {
  const judged: (Judged | undefined)[] = [];
  for (const sample of samples) {
    const header = splitHeader(sample.bytes, 0, sample.bytes.length);
    const verdict = await judge(sample, header);
    judged.push(isPlain(verdict) ? { header, verdict } : undefined);
    if (judged.length % judgedAtOnce === 0) await new Promise(setImmediate);
  }
  return judged;
}

/** Nothing is done to it but sending it. */
function isPlain(verdict: Verdict): verdict is Taken {
  if (verdict.kind !== "accept" || verdict.held === true || verdict.unopened === true) return false;
  return verdict.fields === undefined && (verdict.dropped ?? []).length === 0 && verdict.replaced === undefined;
}

function factsOf(messageId: string, subject: string): MessageFacts {
  return {
    headerBytes: 0,
    envelope: "",
    structure: "",
    subject,
    sentAt: undefined,
    messageId,
    references: [],
    hasAttachment: false,
    signature: noSignature,
  };
}
const noSignature = new Uint8Array(0);
