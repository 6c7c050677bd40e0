/** What the queue sends to the store's writer with every message that goes elsewhere, as flat lists (see `crossing.ts`). */
import {
  type AllOf,
  type Packed,
  packEvent,
  packJourney,
  Unpacking,
  unpackEvent,
  unpackJourney,
} from "./crossing-lists.ts";
import type { KeptJourneyEntry, KeptSettlement } from "./ops/kept.ts";
import { type AllOfQueued, type AllOfRecipient, ofTenant, type Writable, withTurn } from "./queued.ts";
import type { Lease, NewQueued, NewRecipient, Settlement, SettleRequest } from "./store.ts";

type Later = Extract<Settlement["outcome"], { kind: "later" }>;
type AllOfLease = AllOf<Lease, "owner" | "until" | "token">;
type AllOfSettlement = AllOf<Settlement, "queue" | "recipient" | "token" | "outcome" | "reply" | "event">;
type AllOfLater = AllOf<Later, "kind" | "nextAt" | "delayWarned" | "countsAsAttempt" | "park">;

export function packQueued(queue: NewQueued | undefined, packed: unknown[]): void {
  if (queue === undefined) {
    packed.push(-1);
    return;
  }
  const one: AllOfQueued = queue;
  const lease: AllOfLease | undefined = one.lease;
  packed.push(one.recipients.length);
  packed.push(one.envelopeFrom, one.envid, one.ret, one.smtputf8, one.body, one.requireTls, one.tlsOptional);
  packed.push(one.account, one.stream, one.tenant, one.campaign, one.author, one.counted);
  packed.push(one.createdAt, one.notBefore, one.expiresAt, one.held, lease?.owner, lease?.until, lease?.token);
  for (const { address, domain, orcpt, notify, park, urgency, toldAs } of one.recipients as readonly AllOfRecipient[])
    packed.push(address, domain, orcpt, notify, park, urgency, toldAs);
}

export function unpackQueued(from: Unpacking): NewQueued | undefined {
  const count = from.next<number>();
  if (count < 0) return undefined;
  const queue: Writable<NewQueued> = {
    envelopeFrom: from.next(),
    envid: from.next(),
    ret: from.next(),
    smtputf8: from.next(),
    body: from.next(),
    requireTls: from.next(),
    recipients: [],
    account: undefined,
    stream: "",
    createdAt: 0,
    notBefore: 0,
    expiresAt: 0,
    held: false,
    lease: undefined,
  };
  const tlsOptional = from.next<boolean | undefined>();
  if (tlsOptional !== undefined) queue.tlsOptional = tlsOptional;
  queue.account = from.next();
  queue.stream = from.next();
  ofTenant(queue, from.next(), from.next(), from.next(), from.next());
  queue.createdAt = from.next();
  queue.notBefore = from.next();
  queue.expiresAt = from.next();
  queue.held = from.next();
  const owner = from.next<string | undefined>();
  const until = from.next<number>();
  const token = from.next<number>();
  if (owner !== undefined) queue.lease = { owner, until, token };
  const recipients: NewRecipient[] = [];
  for (let left = count; left > 0; left--) recipients.push(unpackRecipient(from));
  queue.recipients = recipients;
  return queue;
}

function unpackRecipient(from: Unpacking): NewRecipient {
  const plain = {
    address: from.next<string>(),
    domain: from.next<string>(),
    orcpt: from.next<string | undefined>(),
    notify: from.next<NewRecipient["notify"]>(),
  };
  return withTurn(plain, from.next(), from.next(), from.next());
}

// ---------------------------------------------------------------- settling

/** A request with nothing but settlements and journey in most cases; `Notice` is what a notice is on its way. */
export type CrossingSettle<Notice> = Omit<SettleRequest, "notices"> & { readonly notices: readonly Notice[] };
export type CrossedSettle<Notice> = Omit<CrossingSettle<Notice>, "settlements" | "journey"> & {
  readonly settlements: readonly KeptSettlement[];
  readonly journey: readonly KeptJourneyEntry[];
};

export function packSettle<Notice>(request: CrossingSettle<Notice>): Packed {
  const { settlements, journey, notices, ...rare } = request;
  const isRare = notices.length > 0 || Object.values(rare).some((value) => value !== undefined);
  const packed: unknown[] = [isRare ? { ...rare, notices } : undefined, settlements.length];
  for (const { queue, recipient, token, outcome, reply, event } of settlements as readonly AllOfSettlement[]) {
    packed.push(queue, recipient, token, reply, event !== undefined);
    if (event !== undefined) packEvent(event, packed);
    packed.push(outcome.kind);
    if (outcome.kind !== "later") continue;
    const { nextAt, delayWarned, countsAsAttempt, park }: AllOfLater = outcome;
    packed.push(nextAt, delayWarned, countsAsAttempt, park);
  }
  packJourney(journey, packed);
  return packed;
}

export function unpackSettle<Notice>(list: Packed): CrossedSettle<Notice> {
  const from = new Unpacking(list);
  const rare = from.next<Omit<CrossedSettle<Notice>, "settlements" | "journey"> | undefined>();
  const settlements: KeptSettlement[] = [];
  for (let left = from.next<number>(); left > 0; left--)
    settlements.push({
      queue: from.next(),
      recipient: from.next(),
      token: from.next(),
      reply: from.next(),
      ...(from.next<boolean>() ? { event: unpackEvent(from) } : {}),
      outcome: unpackOutcome(from),
    });
  return { notices: [], ...rare, settlements, journey: unpackJourney(from) };
}

function unpackOutcome(from: Unpacking): Settlement["outcome"] {
  const kind = from.next<Settlement["outcome"]["kind"]>();
  if (kind !== "later") return { kind };
  const later = {
    kind,
    nextAt: from.next<number>(),
    delayWarned: from.next<boolean>(),
    countsAsAttempt: from.next<boolean>(),
  };
  const park = from.next<string | undefined>();
  return park === undefined ? later : { ...later, park };
}
