/** Mail in the queue: a message, its recipients, their leases. */
import type { AccountId, ContentId, Instant, QueueId } from "./ids.ts";

export type Notify = {
  readonly never: boolean;
  readonly success: boolean;
  readonly failure: boolean;
  readonly delay: boolean;
};

/** A message to be sent on. One row per message, one per recipient. */
export type NewQueued = {
  /** "" is the null reverse-path. */
  readonly envelopeFrom: string;
  readonly recipients: readonly NewRecipient[];
  readonly envid: string | undefined;
  readonly ret: "full" | "hdrs" | undefined;
  readonly smtputf8: boolean;
  readonly body: "7bit" | "8bitmime" | "binarymime";
  readonly requireTls: boolean;
  /** "TLS-Required: No" (RFC 8689 §5): the sender would rather have it go in the clear than not at all. */
  readonly tlsOptional?: boolean;
  /** Who asked: an account, or undefined for mail we relay or generate. */
  readonly account: AccountId | undefined;
  /** Which of the tenant's (or the server's) streams it belongs to; "default" where nothing is configured. */
  readonly stream: string;
  /** Whose mail it is; undefined: nobody's who is told of events. */
  readonly tenant?: string;
  readonly campaign?: string;
  /** Domain of the header's author, where `tenant` is set: warm-ups go by it. */
  readonly author?: string;
  /** Opens or clicks of it are counted. */
  readonly counted?: true;
  readonly createdAt: Instant;
  readonly notBefore: Instant; // FUTURERELEASE; createdAt otherwise
  readonly expiresAt: Instant;
  readonly held: boolean;
  /** The lease taken with the insertion so that a fresh message needs no second write; undefined leaves it for `claim`. */
  readonly lease: Lease | undefined;
};
export type NewRecipient = {
  readonly address: string; // as it goes into RCPT TO
  readonly domain: string; // lower-case A-label: the scheduled queue's key
  readonly orcpt: string | undefined;
  readonly notify: Notify | undefined; // undefined: not said
  /** An address of ours forwards to it, and a tenant is told of that in its place; "": of nobody. Who writes to an address does not learn where it leads. */
  readonly toldAs?: string;
  /** Where it waits for its turn; undefined: it goes when it is due. */
  readonly park?: string;
  /** Within a park those with less come first; 0 where it is undefined. */
  readonly urgency?: number;
};

export type Lease = {
  readonly owner: string;
  readonly until: Instant /** Fencing token: grows with each claim. */;
  readonly token: number;
};

export type RecipientState = "scheduled" | "leased" | "held";

export type QueuedRecipient = NewRecipient & {
  readonly id: number;
  readonly state: RecipientState;
  readonly attempts: number;
  readonly nextAt: Instant;
  readonly delayWarned: boolean;
  readonly lastReply: string | undefined;
  readonly lease: Lease | undefined;
};

export type QueuedMessage = Omit<NewQueued, "recipients" | "lease" | "held"> & {
  readonly id: QueueId;
  readonly content: ContentId;
  /** Its content is a recipe, and this is the template that the message is made from when it is sent (`Copies`); `sizeBytes` is that of both. */
  readonly template?: ContentId;
  readonly sizeBytes: number;
  readonly recipients: readonly QueuedRecipient[];
};

export type QueueFilter = {
  readonly id?: QueueId;
  readonly domain?: string;
  readonly sender?: string;
  readonly recipient?: string;
  readonly state?: RecipientState;
  readonly tenant?: string;
  readonly campaign?: string;
  /** Who handed it in. */
  readonly account?: AccountId;
  readonly limit?: number;
  readonly after?: QueueId;
};
export type QueueAction = "retry" | "hold" | "release" | "delete"; // "bounce" is done by the queue: it needs a notice
