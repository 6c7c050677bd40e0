/** A message as it stands in the queue right after it came: what the store's rows say, made without reading them. */

import type { AllOf } from "./crossing-lists.ts";
import { queueIdOf } from "./queue-id.ts";
import type { ContentId, NewQueued, NewRecipient, QueuedMessage, QueuedRecipient } from "./store.ts";

export type AllOfQueued = AllOf<
  NewQueued,
  | "envelopeFrom"
  | "recipients"
  | "envid"
  | "ret"
  | "smtputf8"
  | "body"
  | "requireTls"
  | "tlsOptional"
  | "account"
  | "stream"
  | "tenant"
  | "campaign"
  | "author"
  | "counted"
  | "createdAt"
  | "notBefore"
  | "expiresAt"
  | "held"
  | "lease"
>;
export type AllOfRecipient = AllOf<
  NewRecipient,
  "address" | "domain" | "orcpt" | "notify" | "park" | "urgency" | "toldAs"
>;

/** In the place of the domain of recipients that are here, and whose mail waits for its time; no address has it. */
export const hereDomain = "(here)";

/** Whether a recipient is one of this domain as a person asks for it. */
export const isOf = ({ domain, address }: Pick<QueuedRecipient, "domain" | "address">, asked: string): boolean =>
  domain === asked || (domain === hereDomain && address.toLowerCase().endsWith(`@${asked}`));

/** Whom its tenant is told of; "": nobody. */
export const toldAsOf = ({ address, toldAs = address }: Pick<NewRecipient, "address" | "toldAs">): string => toldAs;

export function queuedMessageOf(
  content: ContentId,
  sizeBytes: number,
  queue: NewQueued,
  template?: ContentId,
): QueuedMessage {
  const { tlsOptional, tenant, campaign, author, counted, notBefore, held }: AllOfQueued = queue;
  const lease = held ? undefined : queue.lease;
  const state = held ? "held" : lease === undefined ? "scheduled" : "leased";
  // Property by property, as what follows: to spread objects of so many costs several times as much.
  const message: Writable<QueuedMessage> = {
    id: queueIdOf(content),
    content,
    sizeBytes,
    envelopeFrom: queue.envelopeFrom,
    envid: queue.envid,
    ret: queue.ret,
    smtputf8: queue.smtputf8,
    body: queue.body,
    requireTls: queue.requireTls,
    account: queue.account,
    stream: queue.stream,
    createdAt: queue.createdAt,
    notBefore,
    expiresAt: queue.expiresAt,
    recipients: queue.recipients.map((recipient: AllOfRecipient, index): QueuedRecipient => {
      const { address, domain, orcpt, notify, park, urgency, toldAs } = recipient;
      const waits = { attempts: 0, nextAt: notBefore, delayWarned: false, lastReply: undefined, lease };
      return withTurn({ address, domain, orcpt, notify, id: index + 1, state, ...waits }, park, urgency, toldAs);
    }),
  };
  if (tlsOptional !== undefined) message.tlsOptional = tlsOptional;
  if (template !== undefined) message.template = template;
  return ofTenant(message, tenant, campaign, author, counted);
}

export type Writable<T> = { -readonly [name in keyof T]: T[name] };

type OfTenant = Pick<NewQueued, "tenant" | "campaign" | "author" | "counted">;
type WithTurn = Pick<NewRecipient, "park" | "urgency" | "toldAs">;

/** The message itself, as one of a tenant if it has one. */
export function ofTenant<T extends object>(
  message: T & Writable<OfTenant>,
  tenant: string | undefined,
  campaign: string | undefined,
  author: string | undefined,
  counted: true | undefined,
): T & OfTenant {
  if (tenant !== undefined) message.tenant = tenant;
  if (campaign !== undefined) message.campaign = campaign;
  if (author !== undefined) message.author = author;
  if (counted !== undefined) message.counted = counted;
  return message;
}

/** The recipient itself, with where and how it waits for its turn, if it does, and whom it is told as, if as another. */
export function withTurn<T extends object>(
  recipient: T & Writable<WithTurn>,
  park: string | undefined,
  urgency: number | undefined,
  toldAs: string | undefined,
): T & WithTurn {
  if (park !== undefined) recipient.park = park;
  if (urgency !== undefined) recipient.urgency = urgency;
  if (toldAs !== undefined) recipient.toldAs = toldAs;
  return recipient;
}

/** What mail asks of its way that was made here, or let go on, and asks for nothing special. */
export const plainTransit = {
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "8bitmime",
  requireTls: false,
  account: undefined,
  held: false,
} as const satisfies Partial<NewQueued>;
