/**
 * What crosses to the store's writer and back with every message, as flat lists: the general copy of a nest of objects
 * (structured clone) costs both threads several times as much. What is rare crosses as it is, in one place of the list.
 */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import {
  type AllOf,
  type Packed,
  packEvent,
  packJourney,
  Unpacking,
  unpackEvent,
  unpackJourney,
} from "./crossing-lists.ts";
import { packQueued, unpackQueued } from "./crossing-queue.ts";
import type { KeptJourneyEntry, KeptSendingEvent } from "./ops/kept.ts";
import type { StoredBytes } from "./ops/tx.ts";
import { queuedMessageOf } from "./queued.ts";
import type {
  Acceptance,
  Accepted,
  Change,
  ContentId,
  Copies,
  NewQueued,
  Placed,
  Placement,
  SpecialUse,
  Target,
} from "./store.ts";

type AllOfFacts = AllOf<
  MessageFacts,
  | "headerBytes"
  | "envelope"
  | "structure"
  | "subject"
  | "sentAt"
  | "messageId"
  | "references"
  | "hasAttachment"
  | "signature"
>;
type AllOfPlacement = AllOf<Placement, "account" | "target" | "marks" | "receivedAt" | "overQuota">;
type AllOfMarks = AllOf<Placement["marks"], "flags" | "keywords">;

/** Bytes as they came, or already compressed or written (then `bytes` are none). */
type CrossingMessage = {
  readonly bytes: Uint8Array;
  readonly stored?: StoredBytes | undefined;
  readonly facts: MessageFacts;
  readonly delivered?: boolean;
};
export type Crossing = Omit<Acceptance, "message"> & { readonly message: CrossingMessage };
export type Crossed = Omit<Acceptance, "message" | "journey" | "events"> & {
  readonly message: CrossingMessage;
  readonly events?: readonly KeptSendingEvent[];
  readonly journey: readonly KeptJourneyEntry[];
};

// ---------------------------------------------------------------- to the writer

export function packAcceptance(acceptance: Crossing): Packed {
  const { message, placements, queue, journey, events, ...rare } = acceptance;
  const facts: AllOfFacts = message.facts;
  const packed: unknown[] = [
    message.bytes,
    message.stored,
    message.delivered,
    facts.headerBytes,
    facts.envelope,
    facts.structure,
    facts.subject,
    facts.sentAt,
    facts.messageId,
    facts.references.length === 0 ? undefined : facts.references,
    facts.hasAttachment,
    facts.signature,
    Object.values(rare).some((value) => value !== undefined) ? rare : undefined,
    placements.length,
  ];
  for (const { account, target, marks, receivedAt, overQuota } of placements as readonly AllOfPlacement[]) {
    const { flags, keywords }: AllOfMarks = marks;
    const into = "role" in target ? target.role : target;
    packed.push(account, into, flags, keywords.length === 0 ? undefined : keywords, receivedAt, overQuota);
  }
  packQueued(queue, packed);
  packed.push(events?.length ?? 0);
  if (events !== undefined) for (const event of events) packEvent(event, packed);
  packJourney(journey, packed);
  return packed;
}

export function unpackAcceptance(list: Packed): Crossed {
  const from = new Unpacking(list);
  const [bytes, stored, delivered] = [
    from.next<Uint8Array>(),
    from.next<StoredBytes | undefined>(),
    from.next<boolean | undefined>(),
  ];
  const message: CrossingMessage = {
    bytes,
    stored,
    ...(delivered === undefined ? {} : { delivered }),
    facts: {
      headerBytes: from.next(),
      envelope: from.next(),
      structure: from.next(),
      subject: from.next(),
      sentAt: from.next(),
      messageId: from.next(),
      references: from.next<readonly string[] | undefined>() ?? [],
      hasAttachment: from.next(),
      signature: from.next(),
    },
  };
  const rare = from.next<Omit<Acceptance, "message" | "placements" | "queue" | "journey" | "events"> | undefined>();
  const placements: Placement[] = [];
  for (let left = from.next<number>(); left > 0; left--) {
    const account = from.next<number>();
    const target = from.next<Target | SpecialUse>();
    placements.push({
      account,
      target: typeof target === "string" ? { role: target } : target,
      marks: { flags: from.next(), keywords: from.next<readonly string[] | undefined>() ?? [] },
      receivedAt: from.next(),
      overQuota: from.next<boolean | undefined>() === true,
    });
  }
  const queue = unpackQueued(from);
  const events: KeptSendingEvent[] = [];
  for (let left = from.next<number>(); left > 0; left--) events.push(unpackEvent(from));
  return {
    message,
    placements,
    ...rare,
    ...(queue === undefined ? {} : { queue }),
    ...(events.length === 0 ? {} : { events }),
    journey: unpackJourney(from),
  };
}

// ---------------------------------------------------------------- and back

export function packAccepted({ content, placed, queued }: Accepted): Packed {
  const packed: unknown[] = [content, queued?.sizeBytes];
  for (const one of placed) {
    packed.push(one.kind, one.account);
    if (one.kind === "placed") packed.push(one.mailbox, one.uid, one.uidValidity, one.email, one.thread, one.modseq);
  }
  return packed;
}

/** `queue` as it was sent: nothing happens to it on the way that cannot be told here. */
export function unpackAccepted(list: Packed, queue: NewQueued | undefined, template?: ContentId): Accepted {
  const from = new Unpacking(list);
  const content = from.next<number>();
  const sizeBytes = from.next<number | undefined>();
  const queued =
    queue === undefined || sizeBytes === undefined ? undefined : queuedMessageOf(content, sizeBytes, queue, template);
  const placed: Placed[] = [];
  while (!from.isOver) {
    const kind = from.next<Placed["kind"]>();
    const account = from.next<number>();
    placed.push(
      kind !== "placed"
        ? { kind, account }
        : {
            kind,
            account,
            mailbox: from.next(),
            uid: from.next(),
            uidValidity: from.next(),
            email: from.next(),
            thread: from.next(),
            modseq: from.next(),
          },
    );
  }
  return { content, placed, queued };
}

// ---------------------------------------------------------------- many copies

/** A template crosses as it is; its copies as acceptances do. */
export type PackedCopies = readonly [
  template: CrossingMessage,
  known: ContentId | undefined,
  copies: readonly Packed[],
];
export type PackedCopiesAnswer = readonly [template: ContentId | undefined, accepted: readonly Packed[]];

export function packCopiesAnswer(accepted: readonly Accepted[]): PackedCopiesAnswer {
  return [accepted[0]?.queued?.template, accepted.map(packAccepted)];
}

export function unpackCopiesAnswer([template, accepted]: PackedCopiesAnswer, copies: Copies["copies"]): Accepted[] {
  return accepted.map((one, index) => unpackAccepted(one, copies[index]!.queue, template));
}

/** Changes of mail as numbers in threes: account, mailbox, mod-sequence. */
export type PackedChanges = { readonly mail: readonly number[]; readonly changes: readonly Change[] };

export function packChanges(all: readonly Change[]): PackedChanges {
  const mail: number[] = [];
  const changes: Change[] = [];
  for (const change of all) {
    if (change.kind === "mail") mail.push(change.account, change.mailbox, change.modseq);
    else changes.push(change);
  }
  return { mail, changes };
}

export function unpackChanges({ mail, changes }: PackedChanges): readonly Change[] {
  if (mail.length === 0) return changes;
  const all: Change[] = [...changes];
  for (let at = 0; at < mail.length; at += 3)
    all.push({ kind: "mail", account: mail[at]!, mailbox: mail[at + 1]!, modseq: mail[at + 2]! });
  return all;
}
