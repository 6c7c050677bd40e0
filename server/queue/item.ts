/** What the ready stage holds: a message in memory, and the parts of it that go one way each. */
import type { Envelope, EnvelopeRecipient } from "../../protocol/smtp/client.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt, Job } from "../send/converse.ts";
import type { Path } from "../send/site.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";

/** A tenant's part of the turns of its kind of mail. */
export type Share = { readonly tenant: string; readonly weight: number };

/** A queued message while some of its recipients are ours to serve. Its bytes are shared by its items. */
export type Held = {
  readonly message: QueuedMessage;
  /** It came straight from `accept`, not from the backlog. */
  readonly fresh: boolean;
  /** It stands behind all mail that has none, and takes turns with other tenants. */
  readonly share: Share | undefined;
  /** The message, while it is in memory (`MessageMemory`). */
  bytes: Buffer | undefined;
  /** It came with its bytes and there was room to keep them. */
  kept: boolean;
  loading: Promise<boolean> | undefined;
  /** Recipients not settled yet. */
  pending: number;
};

/** Mail whose way is being looked up. */
export type Looking = { readonly held: Held; recipients: readonly QueuedRecipient[] };

/** Those recipients of one message that go one way together: one transaction. */
export class Item implements Job {
  readonly held: Held;
  readonly recipients: readonly QueuedRecipient[];
  readonly path: Path;
  /** Since when it could be sent. */
  readonly since: Instant;
  readonly #owner: ItemOwner;
  #envelope: Envelope | undefined;
  /** What the next server has to report comes to us, and not to the sender. */
  #ours = false;
  #over = false;

  constructor(held: Held, recipients: readonly QueuedRecipient[], path: Path, since: Instant, owner: ItemOwner) {
    this.held = held;
    this.recipients = recipients;
    this.path = path;
    this.since = since;
    this.#owner = owner;
  }

  get envelope(): Envelope {
    if (this.#envelope === undefined) {
      const { message } = this.held;
      const ours = this.#owner.returnPath(message, this.recipients);
      this.#ours = ours !== undefined;
      this.#envelope = {
        from: ours ?? message.envelopeFrom,
        recipients: this.#ours ? this.recipients.map(reportedToUs) : this.recipients,
        envid: message.envid,
        ret: message.ret,
        smtputf8: message.smtputf8,
        body: message.body,
        requireTls: message.requireTls,
      };
    }
    return this.#envelope;
  }

  get bytes(): Buffer | undefined {
    return this.held.bytes;
  }

  load(): Promise<boolean> {
    return this.#owner.load(this);
  }

  done(outcomes: readonly Outcome[], attempt: Attempt): void {
    if (this.#over) return;
    this.#over = true;
    const last = this.#ours && attempt.dsn ? { ...attempt, dsn: false } : attempt;
    this.#owner.done(this.held, this.recipients, outcomes, last, this.path);
  }
}

/**
 * RFC 3461 §5.2.2 passes on what the sender asked for with the sender's return path. To one of ours failures are to come, whatever the
 * sender wants to hear of them, and nothing else: of success we tell the sender what we know, that it was handed on.
 */
function reportedToUs(recipient: QueuedRecipient): EnvelopeRecipient {
  return recipient.notify === undefined ? recipient : { ...recipient, notify: failures };
}
const failures = { never: false, success: false, failure: true, delay: false } as const;

export interface ItemOwner {
  /** Reads the item's message; false when it is not to be had, and the item is over. */
  load(item: Item): Promise<boolean>;
  /** The return path where it is not the message's. */
  returnPath(message: QueuedMessage, recipients: readonly QueuedRecipient[]): string | undefined;
  done(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    attempt: Attempt | undefined,
    path: Path | undefined,
  ): void;
}
