/** What the ready stage holds: a message in memory, and the parts of it that go one way each. */
import type { Envelope } from "../../protocol/smtp/client.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt, Job } from "../send/converse.ts";
import type { Path } from "../send/site.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";

/** A queued message while some of its recipients are ours to serve. Its bytes are shared by its items. */
export type Held = {
  readonly message: QueuedMessage;
  bytes: Buffer | undefined;
  /** Items not settled yet. */
  items: number;
};

/** Those recipients of one message that go one way together: one transaction. */
export class Item implements Job {
  readonly held: Held;
  readonly recipients: readonly QueuedRecipient[];
  /** It came straight from `accept`, not from the backlog. */
  readonly fresh: boolean;
  path: Path | undefined;
  /** Set while a connection works on it. */
  inFlight = false;
  readonly #owner: ItemOwner;
  #envelope: Envelope | undefined;

  constructor(held: Held, recipients: readonly QueuedRecipient[], fresh: boolean, owner: ItemOwner) {
    this.held = held;
    this.recipients = recipients;
    this.fresh = fresh;
    this.#owner = owner;
    held.items++;
  }

  get envelope(): Envelope {
    if (this.#envelope === undefined) {
      const { message } = this.held;
      this.#envelope = {
        from: message.envelopeFrom,
        recipients: this.recipients,
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
    this.#owner.done(this, outcomes, attempt);
  }
}

export interface ItemOwner {
  load(item: Item): Promise<boolean>;
  done(item: Item, outcomes: readonly Outcome[], attempt: Attempt | undefined): void;
}
