/** What delivery is, and what it needs of the rest of the server. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Header } from "../../protocol/mime/header.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Judge } from "../judge/judge.ts";
import type { Waited } from "../queue/here.ts";
import type { Queue } from "../queue/queue.ts";
import type { Received } from "../receive/received.ts";
import type { Acceptance, Store } from "../store/store.ts";
import type { MailCopies } from "./copies.ts";
import type { ForwardPorts } from "./forward.ts";
import type { HourBook } from "./hour-counts.ts";
import type { Lists, Spread } from "./lists.ts";
import type { Notices } from "./notices.ts";
import type { DeliverSieve } from "./sieve/sieve.ts";
import type { Flooding, Suppressing } from "./suppressed.ts";

export type DeliverSettings = {
  /** Messages up to this size are taken apart on the spot, larger ones in another thread. */
  readonly inlineBytes: number;
  /** How long the queue tries (RFC 5321 §4.5.4.1: 4-5 days). */
  readonly queueLifetimeMs: number;
  /** How long quarantined mail waits for somebody to release it. */
  readonly quarantineMs: number;
  /** Journeys of refused messages that are written in a second; beyond that they are in the log alone. */
  readonly maxRefusalsNotedPerSecond: number;
  /** Messages that one address forwards elsewhere in an hour; 0: no bound. */
  readonly maxForwardsPerHour: number;
};

export const defaultDeliverSettings: DeliverSettings = {
  inlineBytes: 128 * 1024,
  queueLifetimeMs: 5 * 24 * 60 * 60 * 1000,
  quarantineMs: 30 * 24 * 60 * 60 * 1000,
  maxRefusalsNotedPerSecond: 50,
  maxForwardsPerHour: 500,
};

export type DeliverPorts = {
  readonly store: Pick<Store, "accept" | "acceptCopies" | "settle" | "note" | "trace">;
  readonly directory: Pick<Directory, "resolve" | "account">;
  readonly queue: Pick<Queue, "leaseForNew" | "offer">;
  readonly judge: Judge;
  readonly notices: Notices;
  /** Undefined: what is forwarded goes on as it came. */
  readonly forward: ForwardPorts | undefined;
  /** Scripts of people, domains and the server; undefined: there are none. */
  readonly sieve?: DeliverSieve;
  /** Who must not be written to; undefined: everybody may be. */
  readonly suppression?: Suppressing | undefined;
  /** Whose mail is paused for their own sake; undefined: nobody's. */
  readonly flooding?: Flooding | undefined;
  /** Told how many of our own people got a tenant's message. */
  readonly keptHere?: ((sender: Sender, count: number) => void) | undefined;
  /** Reads reports of other servers; undefined: they are mail like other mail. */
  readonly reports: Reports | undefined;
  /** Undefined: there are no mailing lists. */
  readonly lists?: Lists;
  readonly factsOf: (message: Buffer) => MessageFacts;
  /** The same in another thread. */
  readonly factsOfLarge: (message: Buffer) => Promise<MessageFacts>;
  readonly settings: DeliverSettings;
  /** Where it is counted what is forwarded; undefined: only as long as the process lives. */
  readonly hours?: HourBook;
  readonly log: Log;
};

export type Reports = {
  /** Whether a message may be a report, by its header and whom it is for. */
  looksLike(header: Header, recipients: Received["recipients"]): boolean;
  /** Counts what it reports, durably; false where it is none. */
  take(
    message: Pick<Received, "id" | "bytes" | "envelopeFrom" | "recipients"> & {
      /** Whether the author's domain stands for it; undefined: that was not checked. */
      readonly authentic?: boolean | undefined;
      /** The filter takes it for spam. */
      readonly junk?: boolean;
    },
  ): Promise<boolean>;
};

export type Deliver = {
  /** Judges, files and queues; what had waited ends its wait in the same transaction. One reply for SMTP, one for each recipient (in order) for LMTP. Rejects when the store is in trouble: then nothing was taken. */
  take(mail: Received, waited?: Waited): Promise<readonly Reply[]>;
  /** Takes many messages of one kind to people elsewhere, judged by samples. A reply for each; undefined: that one was not taken, and is to be taken by itself. */
  takeCopies(copies: MailCopies): Promise<readonly (Reply | undefined)[]>;
  /** What would be committed, unjudged: for notices, whose commit is part of another. Recipients nobody takes are left out; undefined where that leaves none. */
  plan(mail: Received): Promise<Acceptance | undefined>;
  /** Takes mail that was made here, unjudged; false where nobody takes it. */
  give(mail: Received): Promise<boolean>;
  /** Delivers what a mailing list sends, all or none; "missing": the post it lets through is gone, and so nothing was sent. */
  spread(what: Spread): Promise<"done" | "missing">;
};
