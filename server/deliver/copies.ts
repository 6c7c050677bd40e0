/**
 * One message in many copies, for people elsewhere: judged once, kept once, and made for each recipient when it is sent. What a copy has of its own
 * (whom it is for, what is put into its texts) is its recipe.
 */
import { createHash } from "node:crypto";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Judge, Taken, Verdict } from "../judge/judge.ts";
import type { Log } from "../log.ts";
import type { Queue } from "../queue/queue.ts";
import type { Received } from "../receive/received.ts";
import type { Acceptance, ContentId, NewQueued, Store } from "../store/store.ts";
import { acceptedEntry, entry } from "./entries.ts";
import { queuedOf } from "./queued.ts";
import { sendingEvents } from "./suppressed.ts";

/** What one copy has of its own. */
export type MailCopy = Pick<Received, "id" | "recipients" | "smtputf8" | "sending"> & {
  readonly subject: string;
  /** Without its angle brackets. */
  readonly messageId: string;
  readonly recipe: Uint8Array;
};

export type MailCopies = {
  /** One of them, written out: this is judged. */
  readonly sample: Received;
  readonly template: Uint8Array;
  readonly copies: readonly MailCopy[];
};

export type CopiesPorts = {
  readonly store: Pick<Store, "acceptCopies">;
  readonly queue: Pick<Queue, "leaseForNew" | "offer">;
  readonly judge: Judge;
  readonly settings: { readonly queueLifetimeMs: number };
  readonly log: Log;
};

/** Copies in one transaction: while it runs nobody else writes. */
const atOnce = 250;
/** Templates that are known: as many mailings as may be handed over in pieces at the same time. */
const maxKnown = 256;
const known = new WeakMap<CopiesPorts["store"], Map<string, ContentId>>();

export async function takeCopies(
  { sample, template, copies }: MailCopies,
  ports: CopiesPorts,
): Promise<Reply | undefined> {
  const { store, queue, settings, log } = ports;
  const header = splitHeader(sample.bytes, 0, sample.bytes.length);
  const verdict = await ports.judge(sample, header);
  if (!isPlain(verdict)) return undefined;
  const digest = createHash("sha256").update(template).digest("hex");
  const facts = factsOf(`template-${digest}`, "");
  for (let at = 0; at < copies.length; at += atOnce) {
    const some = copies.slice(at, at + atOnce).map((copy): Acceptance & { readonly queue: NewQueued } => {
      const { recipe, subject, messageId, ...own } = copy;
      const mail: Received = { ...sample, ...own };
      const to = mail.recipients.map((one) => ({
        address: formatMailbox(one),
        domain: one.domain,
        orcpt: one.orcpt,
        notify: one.notify,
      }));
      const recipients = to.map(({ address }) => address);
      return {
        message: { bytes: recipe, facts: factsOf(messageId, subject) },
        placements: [],
        queue: queuedOf(mail, header, to, queue, settings, false),
        journey: [
          acceptedEntry(mail, { messageId, subject }, verdict),
          entry(mail, "queued", { recipients, notBefore: mail.notBefore }),
        ],
        events: sendingEvents(mail, { queued: to }),
      };
    });
    const templates = known.get(store) ?? new Map<string, ContentId>();
    known.set(store, templates);
    const accepted = await store.acceptCopies({
      template: { bytes: template, facts },
      known: templates.get(digest),
      copies: some,
    });
    const content = accepted[0]?.queued?.template;
    if (content !== undefined) {
      templates.delete(digest);
      templates.set(digest, content);
      if (templates.size > maxKnown) templates.delete(templates.keys().next().value!);
    }
    for (const { queued } of accepted) if (queued !== undefined) queue.offer(queued, undefined);
  }
  log.info({ from: sample.envelopeFrom, copies: copies.length, bytes: sample.bytes.length }, "copies accepted");
  return reply(250, "2.0.0", "accepted");
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
