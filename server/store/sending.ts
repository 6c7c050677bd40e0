/** What sending at volume remembers: its model, quotas of warm-ups, suppressed addresses, events. A part of `Store`. */
import { type EngagementReader, type EngagementWriter, engagementReads, engagementWrites } from "./engagement-store.ts";
import type { Instant, QueueId } from "./ids.ts";
import type { QueuedMessage } from "./queued-mail.ts";
import { type TemplatesReader, type TemplatesWriter, templateReads, templateWrites } from "./templates-store.ts";
import { type TicketsReader, type TicketsWriter, ticketReads, ticketWrites } from "./tickets-store.ts";

/** One thing of the model or its state (`server/dispatch`): plain JSON under a kind ("source", "plan", …) and a name. */
export type SendingRow = { readonly kind: string; readonly name: string; readonly value: unknown };

/** Rows of one kind at most; more are not read. */
export const maxSendingRows = 100_000;

// ---------------------------------------------------------------- quotas

/** Quotas of sites, which are many and of one day: forgotten afterwards. */
export const siteQuotaPrefix = "site/";

/** So many of a day's quota under every one of the keys, each with its own cap: all or as many as all allow. */
export type QuotaAsk = {
  readonly keys: readonly { readonly key: string; readonly cap: number }[];
  /** Days since 1970, UTC. */
  readonly day: number;
  /** Below 0: gives back. */
  readonly count: number;
};

// ---------------------------------------------------------------- suppression

/** Mail to an address is not sent: for everybody ("platform"), or within "tenant:T", "stream:T/S", "list:T/L". */
export type Suppression = {
  readonly scope: string;
  /** Keyed hash of the address, lower case. */
  readonly hash: string;
  /** "" where only the hash is kept. */
  readonly address: string;
  /** "bounced", "complained", "unsubscribed", "manual", "repeated-failure", … */
  readonly reason: string;
  /** What proves it: a reply, a report. */
  readonly evidence: string;
  readonly at: Instant;
  readonly expiresAt: Instant | undefined;
};

/** A failure that suppresses only when it repeats. */
export type Strike = Suppression & {
  /** So many, … */
  readonly needed: number;
  /** … each at least so long after the one before, … */
  readonly gapMs: number;
  /** … and the last one so long after the first. */
  readonly spanMs: number;
};

/** Suppressions that one question answers at most. */
export const maxSuppressionRows = 1000;

// ---------------------------------------------------------------- events

export type SendingEventType =
  | "accepted"
  | "rejected"
  | "held"
  | "queued"
  | "deferred"
  | "delivered"
  | "bounced"
  | "bounced-late"
  | "expired"
  | "complained"
  | "not-spam"
  | "unsubscribed"
  | "opened"
  | "clicked"
  | "suppressed"
  | "paused"
  | "resumed"
  | "warmup-level"
  | "warmup-paused"
  | "warmup-completed"
  | "blocked"
  | "verified"
  | "unverified"
  | "listed"
  | "cleared"
  | "placement";

export type NewSendingEvent = {
  readonly at: Instant;
  readonly type: SendingEventType;
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  /** Undefined: of the message that is being accepted; "" for none. */
  readonly message: QueueId | undefined;
  readonly recipient: string;
  /** Plain JSON: reply, class, rule, host … */
  readonly detail: { readonly [name: string]: unknown };
};
/**
 * That a tenant is told what an entry of the journey says of one recipient: the entry is the event then (its type the stage, its recipient the one
 * that `to` names, its detail what both say), and nothing is written twice.
 */
export type Told = {
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  /** The recipient's number in the queue. */
  readonly n: number;
  /** What the entry does not say. */
  readonly detail?: NewSendingEvent["detail"];
};

/** `id` ascends in the order of commits: who has read up to one misses nothing by asking for what is after it. */
export type SendingEvent = NewSendingEvent & { readonly id: number; readonly message: QueueId };

export type EventFilter = {
  /** Only later ones. */
  readonly after?: number;
  readonly tenant?: string;
  readonly message?: QueueId;
  readonly limit?: number;
};
export const maxEventRows = 1000;
/** Days that events are kept. */
export const eventDays = 30;

// ---------------------------------------------------------------- the queue

/** Mail that waits at one place. */
/** What waits in one park with one urgency. */
export type ParkLane = {
  readonly park: string;
  readonly urgency: number;
  readonly nextAt: Instant;
};
export type Park = {
  readonly park: string;
  readonly recipients: number;
  /** The earliest that is due. */
  readonly nextAt: Instant;
};

export interface SendingReader extends TemplatesReader, EngagementReader, TicketsReader {
  /** All rows of these kinds, by kind and name. */
  sendingRows(kinds: readonly string[]): Promise<readonly SendingRow[]>;
  /** What was used of a day's quotas so far, sites left out. */
  quotasUsed(day: number): Promise<readonly { readonly key: string; readonly used: number }[]>;
  /** Those in force among these hashes and scopes. */
  suppressed(scopes: readonly string[], hashes: readonly string[], now: Instant): Promise<readonly Suppression[]>;
  suppressions(filter: {
    readonly scope: string;
    readonly hash?: string;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly Suppression[]>;
  /** All of a tenant's own, in whatever scope, by scope and hash. */
  tenantSuppressions(filter: {
    readonly tenant: string;
    readonly hash?: string;
    readonly after?: Pick<Suppression, "scope" | "hash">;
    readonly limit: number;
  }): Promise<readonly Suppression[]>;
  /** Whether there is any. */
  anySuppression(): Promise<boolean>;
  sendingEvents(filter: EventFilter): Promise<readonly SendingEvent[]>;
  /** No event that can be read now has a higher number, and all that come have; 0: there is none. */
  newestEvent(): Promise<number>;
  queueParks(): Promise<readonly Park[]>;
  /** Their names alone, which is quick however much waits. */
  parkNames(): Promise<readonly string[]>;
  /** Each urgency of each park in which something waits, and when the next of it is due; as quick. */
  parkLanes(): Promise<readonly ParkLane[]>;
  /** When the next of a park, or of one urgency there, is due; undefined: nothing waits. */
  parkNext(park: string, urgency?: number): Promise<Instant | undefined>;
}

export interface SendingWriter extends TemplatesWriter, EngagementWriter, TicketsWriter {
  /** A value of undefined removes the row. `events`: what is told of it, in the same transaction. */
  putSendingRows(rows: readonly SendingRow[], events?: readonly NewSendingEvent[]): Promise<void>;
  /** How many of each ask were granted; durable when it resolves. */
  takeQuota(asks: readonly QuotaAsk[]): Promise<readonly number[]>;
  /** What is there already stays as it is but for its reason, evidence and end. */
  suppress(rows: readonly Suppression[]): Promise<void>;
  /** Answers whether the address is suppressed now. */
  strike(strikes: readonly Strike[]): Promise<readonly boolean[]>;
  unsuppress(scope: string, hashes: readonly string[]): Promise<number>;
  addSendingEvents(events: readonly NewSendingEvent[]): Promise<void>;
  /** What waits at these places is due now; answers how many there are. */
  wakeParks(parks: readonly string[], now: Instant): Promise<number>;
  /**
   * A message that waits for its time waits for another one, and lives as long after it; answers for how many recipients. Nothing is moved that
   * was tried already, or whose time has come.
   */
  reschedule(queue: QueueId, notBefore: Instant, now: Instant): Promise<number>;
  /** Leases scheduled recipients of tenants' messages whose time is over, where some of these wait in a park or did. */
  claimExpired(request: {
    readonly owner: string;
    readonly now: Instant;
    readonly until: Instant;
    readonly limit: number;
  }): Promise<readonly QueuedMessage[]>;
}

export const sendingReads = [
  "sendingRows",
  "quotasUsed",
  "suppressed",
  "suppressions",
  "tenantSuppressions",
  "anySuppression",
  "sendingEvents",
  "newestEvent",
  "queueParks",
  "parkNames",
  "parkLanes",
  "parkNext",
  ...templateReads,
  ...engagementReads,
  ...ticketReads,
] as const satisfies readonly (keyof SendingReader)[];
export const sendingWrites = [
  "putSendingRows",
  "takeQuota",
  "suppress",
  "strike",
  "unsuppress",
  "addSendingEvents",
  "wakeParks",
  "reschedule",
  "claimExpired",
  ...templateWrites,
  ...engagementWrites,
  ...ticketWrites,
] as const satisfies readonly (keyof SendingWriter)[];
