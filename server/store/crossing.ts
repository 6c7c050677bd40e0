/**
 * What crosses to the store's writer and back with every message, as flat lists: the general copy of a nest of objects
 * (structured clone) costs both threads several times as much. What is rare crosses as it is, in one place of the list.
 */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { KeptJourneyEntry } from "./ops/kept.ts";
import type { StoredBytes } from "./ops/tx.ts";
import type { Acceptance, Accepted, Change, JourneyEntry, Placed, Placement, SpecialUse, Target } from "./store.ts";

export type Packed = readonly unknown[];

/** `T`, where these are all its properties: what is added to it must be thought of here. */
type AllOf<T, Names extends keyof T> = [Exclude<keyof T, Names>] extends [never] ? T : never;
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
type AllOfEntry = AllOf<JourneyEntry, "at" | "stage" | "trace" | "keys" | "detail">;

/** Bytes as they came, or already compressed or written (then `bytes` are none). */
type CrossingMessage = {
  readonly bytes: Uint8Array;
  readonly stored?: StoredBytes | undefined;
  readonly facts: MessageFacts;
};
export type Crossing = Omit<Acceptance, "message"> & { readonly message: CrossingMessage };
export type Crossed = Omit<Acceptance, "message" | "journey"> & {
  readonly message: CrossingMessage;
  readonly journey: readonly KeptJourneyEntry[];
};

/** Reads a list from its beginning. */
class Unpacking {
  readonly #list: Packed;
  #at = 0;

  constructor(list: Packed) {
    this.#list = list;
  }

  next<T>(): T {
    return this.#list[this.#at++] as T;
  }

  get isOver(): boolean {
    return this.#at >= this.#list.length;
  }
}

// ---------------------------------------------------------------- to the writer

export function packAcceptance(acceptance: Crossing): Packed {
  const { message, placements, journey, ...rare } = acceptance;
  const facts: AllOfFacts = message.facts;
  const packed: unknown[] = [
    message.bytes,
    message.stored,
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
  packJourney(journey, packed);
  return packed;
}

export function unpackAcceptance(list: Packed): Crossed {
  const from = new Unpacking(list);
  const message: CrossingMessage = {
    bytes: from.next(),
    stored: from.next(),
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
  const rare = from.next<Omit<Acceptance, "message" | "placements" | "journey"> | undefined>();
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
  return { message, placements, ...rare, journey: unpackJourney(from) };
}

/** Details become the text as which they are kept. */
function packJourney(journey: readonly JourneyEntry[], packed: unknown[]): void {
  for (const { at, stage, trace, keys, detail } of journey as readonly AllOfEntry[])
    packed.push(at, stage, trace, keys.length === 0 ? undefined : keys, JSON.stringify(detail));
}

function unpackJourney(from: Unpacking): readonly KeptJourneyEntry[] {
  const journey: KeptJourneyEntry[] = [];
  while (!from.isOver)
    journey.push({
      at: from.next(),
      stage: from.next(),
      trace: from.next(),
      keys: from.next<readonly string[] | undefined>() ?? [],
      detail: from.next<string>(),
    });
  return journey;
}

// ---------------------------------------------------------------- and back

export function packAccepted({ content, placed, queued }: Accepted): Packed {
  const packed: unknown[] = [content, queued];
  for (const one of placed) {
    packed.push(one.kind, one.account);
    if (one.kind === "placed") packed.push(one.mailbox, one.uid, one.uidValidity, one.email, one.thread, one.modseq);
  }
  return packed;
}

export function unpackAccepted(list: Packed): Accepted {
  const from = new Unpacking(list);
  const content = from.next<number>();
  const queued = from.next<Accepted["queued"]>();
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
