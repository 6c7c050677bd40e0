/**
 * The store: everything Angarium remembers. Each operation is whole (it is atomic, and it crosses to another thread or
 * another machine exactly once) and speaks plain data. `StoreReader` cannot write. Implementations: SQLite and
 * PostgreSQL, one set of operations (`ops/*`), two drivers. The contract suite is `test/contract/store.ts`.
 *
 * A promise of a `StoreWriter` operation resolves only after the commit is durable (ARCHITECTURE.md, law 4).
 * Operations reject only for breakage, with a `StoreTrouble` ("disk-full", "io", "unavailable"; see `trouble.ts`) where it is
 * the disk's or the database's; what a caller may ask wrongly is a value in the result.
 */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { StsMode } from "../../protocol/policy/mta-sts.ts";
import type { CarryReader, CarryWriter } from "./carry-store.ts";
import type { HostingReader, HostingWriter, RequestTurn } from "./hosting.ts";
import type { JmapReader, JmapWriter } from "./jmap.ts";
import type { ListSettings, ListsReader, ListsWriter, NewListPost } from "./lists-store.ts";
import type { PeerReader, PeerWriter } from "./peers.ts";
import type { NewQuarantined, QuarantineReader, QuarantineWriter } from "./quarantine.ts";
import type { SearchKey, SortKey } from "./search-key.ts";
import type { Scope, SecurityReader, SecurityWriter } from "./security-store.ts";
import type { NewSendingEvent, SendingReader, SendingWriter, Strike, Suppression, Told } from "./sending.ts";
import type { SharingReader, SharingWriter } from "./sharing-store.ts";
import type { Remembered, SieveReader, SieveWriter } from "./sieve-store.ts";
import type { StsReader, StsWriter } from "./sts-store.ts";
import type { TallyReader, TallyWriter } from "./tallies.ts";
import type { WordsReader, WordsWriter } from "./words.ts";

export type Instant = number; // milliseconds since 1970, UTC
export type AccountId = number;
export type MailboxId = number; // unique within its account, and never given twice; INBOX is 1
export type ContentId = number; // one stored sequence of message bytes, shared by all who received it
export type EmailId = number; // one email of one account; copies in several mailboxes share it (RFC 8474 EMAILID)
export type ThreadId = number;
export type QueueId = string; // of a queued message, as people see it: "q" + base32, e.g. "q7k3m9xw2c"

// ---------------------------------------------------------------- people, domains, addresses

export type Account = {
  readonly id: AccountId;
  /** Login name and primary address, lower case: "u1@example.test". */
  readonly name: string;
  readonly displayName: string;
  readonly role: "user" | "admin";
  readonly disabled: boolean;
  /** Bytes this account may keep; 0 means no limit. */
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly createdAt: Instant;
};

export type Credential = {
  readonly id: number;
  readonly account: AccountId;
  readonly kind: "password" | "app-password";
  readonly label: string;
  /** Argon2id in PHC string format. */
  readonly argon2id: string;
  /** RFC 5803 style "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", or "" where SCRAM is not offered. */
  readonly scramSha256: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  /** What it is good for; without any, for everything. */
  readonly scopes?: readonly Scope[];
  readonly usedAt?: Instant;
  /** How much may be sent by it, as plain JSON (`server/restrain`); without any, what its account may. */
  readonly limits?: { readonly [name: string]: unknown };
  /** Set by the store where the account has a second factor: this password alone is not enough. */
  readonly secondFactor?: true;
};

export type Domain = {
  readonly name: string; // lower-case A-label form
  readonly kind: "local" | "relay";
  readonly settings: DomainSettings;
};

export type DomainSettings = {
  /** Address that gets what no other address of the domain takes; in "*@b.test" the star stands for the local part. */
  readonly catchAll?: string;
  /** Separates a user from a detail in a local part; "" switches sub-addressing off. Default "+". */
  readonly subaddressSeparator?: string;
  /** kind relay: where the mail goes ("mx" or "smtp:host:port" or "lmtp:host:port"), and who is a recipient. */
  readonly relayTo?: string;
  readonly relayRecipients?: "any" | "listed" | "callout";
  readonly maxMessageBytes?: number;
  /** Mode of the MTA-STS policy that we serve for it (RFC 8461 §3.2); "testing" where it is not set. */
  readonly mtaSts?: StsMode;
  /** MX hosts besides our own that the policy names. */
  readonly mtaStsMx?: readonly string[];
  /** DKIM signatures expire after so many days (x= of RFC 6376 §3.5); undefined: never. */
  readonly signatureDays?: number;
  /** BIMI: where the picture of the domain is (l=), and the certificate about it (a=); https URLs. */
  readonly bimiLogo?: string;
  readonly bimiEvidence?: string;
};

/** One address and where its mail goes. `local` "" with targets is refused: a catch-all is a domain setting. */
export type Address = {
  readonly local: string; // lower case, no detail
  readonly domain: string;
  readonly kind: "account" | "alias" | "relay";
  /** kind account: the account. kind alias: addresses ("a@b.test"), local or remote, at least one. */
  readonly account: AccountId | undefined;
  readonly targets: readonly string[];
  /** Accounts that may send as this address, besides the one that it goes to. */
  readonly senders: readonly AccountId[];
  /** Accounts that may write in its name with themselves as Sender (RFC 5322 §3.6.2). */
  readonly onBehalf?: readonly AccountId[] | undefined;
  /** kind alias: what kind of alias it is, where it is more than one. `kind` stands first. */
  readonly about?:
    | {
        readonly kind: "group";
        readonly displayName: string;
        readonly description: string;
        /** Who may write to it; anyone where nothing is said. People: those of its domain. */
        readonly posting?: "anyone" | "people" | "members";
      }
    /** A one-off address of one account; one that is off takes no mail. */
    | {
        readonly kind: "masked";
        readonly owner: AccountId;
        readonly label: string;
        readonly createdAt: Instant;
        readonly off: boolean;
      }
    /** A mailing list: it has members of its own, and no targets. */
    | ({ readonly kind: "list" } & ListSettings);
};

// ---------------------------------------------------------------- mailboxes and messages

export type SpecialUse = "inbox" | "archive" | "drafts" | "junk" | "sent" | "trash" | "all" | "flagged" | "important";

export type Mailbox = {
  readonly id: MailboxId;
  readonly parent: MailboxId | undefined;
  /** One level, NFC, no "/" and no control characters. The path is the names joined with "/". */
  readonly name: string;
  readonly path: string; // "INBOX" is the inbox, whatever its case
  readonly role: SpecialUse | undefined;
  readonly subscribed: boolean;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number; // with \Deleted
  readonly sizeBytes: number;
};

/** System flags as bits of `flags`; everything else is a keyword. */
export const Flag = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;
export type FlagBits = number;

/** Flags and keywords of a message. Keywords keep the case they first came in and compare without it. */
export type Marks = { readonly flags: FlagBits; readonly keywords: readonly string[] };

export type NewMessage = {
  /** The message exactly as it will be kept (trace fields included). */
  readonly bytes: Uint8Array;
  readonly facts: MessageFacts;
  /** It came by delivery: what bears our name in its Authentication-Results is ours. Whoever appends or imports may have written anything. */
  readonly delivered?: boolean;
};

/** Where a delivery or an append puts a message: a mailbox by id, by role, or by path (made when `create`, with the special use where no other has it). */
export type Target =
  | { readonly id: MailboxId }
  | { readonly role: SpecialUse }
  | { readonly path: string; readonly create: boolean; readonly specialUse?: SpecialUse };

export type Placement = {
  readonly account: AccountId;
  readonly target: Target;
  readonly marks: Marks;
  readonly receivedAt: Instant; // INTERNALDATE
  /** Deliver even where the quota is used up (postmaster, abuse, an administrator's restore). */
  readonly overQuota?: boolean;
};

export type Placed =
  | {
      readonly kind: "placed";
      readonly account: AccountId;
      readonly mailbox: MailboxId;
      readonly uid: number;
      readonly uidValidity: number;
      readonly email: EmailId;
      readonly thread: ThreadId;
      readonly modseq: number;
    }
  | { readonly kind: "over-quota"; readonly account: AccountId }
  | { readonly kind: "no-mailbox"; readonly account: AccountId }
  | { readonly kind: "no-account"; readonly account: AccountId };

/** A message that we take responsibility for: filed for local people, queued for others, its journey noted; all or nothing, except that each placement answers for itself. Where none can take it and nothing is queued, nothing is kept: `content` is 0 and no journey is noted. */
export type Acceptance = {
  readonly message: NewMessage;
  readonly placements: readonly Placement[];
  readonly queue?: NewQueued;
  /** Kept and not shown: one row for each account, and one for the recipients elsewhere. */
  readonly quarantine?: readonly NewQuarantined[];
  /** Posts to mailing lists that wait for a moderator, or are archived. */
  readonly listPosts?: readonly NewListPost[];
  /** Rows of the quarantine that this takes the place of. */
  readonly released?: readonly number[];
  /** The request that hands it in: it is accepted in its turn alone. */
  readonly under?: RequestTurn;
  /** Noted with it. */
  readonly events?: readonly NewSendingEvent[];
  readonly journey: readonly JourneyEntry[];
};
/** One message in many copies: what they have in common is kept once, as the content of nothing but the copies. */
export type Copies = {
  readonly template: NewMessage;
  /** The content that has these very bytes, of an earlier call, while anything of that waits; undefined: none is known. */
  readonly known: ContentId | undefined;
  /** Their messages are recipes: what makes of the template the message that is sent. */
  readonly copies: readonly (Acceptance & { readonly queue: NewQueued })[];
};
export type Accepted = {
  readonly content: ContentId;
  readonly placed: readonly Placed[];
  readonly queued: QueuedMessage | undefined;
};

/** What a session shows of an open mailbox. `uids` ascend. Plain typed array: 4 bytes per message. */
export type MailboxSnapshot = {
  readonly mailbox: Mailbox;
  readonly uids: Uint32Array;
  /** Sequence number of the first message without \Seen, or undefined. */
  readonly firstUnseen: number | undefined;
  /** UIDs at or above this are \Recent for the first session that selects read-write after they came. */
  readonly recentFrom: number;
  /** Keywords in use in the mailbox, for the FLAGS response. */
  readonly keywords: readonly string[];
  /** Mod-sequence below which tombstones have been dropped: QRESYNC from before it must be answered in full. */
  readonly tombstonesFrom: number;
};

/** Fields of a message that FETCH, POP3 or JMAP may ask; ask only what you need, bytes are read only for `bytes`/`header`. */
export type Field =
  | "marks"
  | "size"
  | "receivedAt"
  | "envelope"
  | "structure"
  | "subject"
  | "email"
  | "thread"
  | "bytes"
  | "header"
  | "facts";

/** One row per message found, in UID order. Only the asked fields are set. */
export type MessageRow = {
  readonly uid: number;
  readonly flags: FlagBits;
  readonly keywords: readonly string[]; // shared frozen empty array when there are none
  readonly modseq: number;
  readonly sizeBytes: number;
  readonly receivedAt: Instant;
  readonly savedAt: Instant;
  readonly email: EmailId;
  readonly thread: ThreadId;
  readonly content: ContentId;
  readonly envelope?: string;
  readonly structure?: string;
  readonly subject?: string;
  readonly sentAt?: Instant | undefined;
  readonly messageId?: string | undefined;
  readonly hasAttachment?: boolean;
  readonly headerBytes?: number;
  readonly bytes?: Uint8Array; // the whole message
  readonly header?: Uint8Array; // the header section, empty line included
};

/** Ascending, disjoint, inclusive ranges of UIDs; `high` may be 0xffffffff for "*". */
export type UidRange = readonly [low: number, high: number];

export type FlagChange = {
  readonly uids: readonly UidRange[];
  readonly mode: "add" | "remove" | "replace";
  readonly marks: Marks;
  /** RFC 7162 §3.1.3: leave alone what has changed since. */
  readonly unchangedSince?: number;
};
export type FlagResult =
  | {
      readonly kind: "done";
      readonly changed: readonly {
        readonly uid: number;
        readonly flags: FlagBits;
        readonly keywords: readonly string[];
        readonly modseq: number;
        /** Of the message before the change: what somebody else had done to it last. */
        readonly modseqBefore: number;
      }[];
      /** UIDs that failed `unchangedSince`. */
      readonly modified: readonly number[];
      /** Mod-sequence of the account after the change. */
      readonly modseq: number;
    }
  | NoMailbox
  | { readonly kind: "too-many-keywords" };

export type CopyResult =
  | {
      readonly kind: "done";
      readonly uidValidity: number;
      readonly from: readonly number[];
      readonly to: readonly number[];
      readonly modseq: number;
    }
  | NoMailbox
  | { readonly kind: "no-target" }
  | { readonly kind: "over-quota" };

export type ExpungeResult =
  | { readonly kind: "done"; readonly uids: readonly number[]; readonly modseq: number }
  | NoMailbox;
export type NoMailbox = { readonly kind: "no-mailbox" };

export type MailboxChanges =
  | {
      readonly kind: "done";
      /** Messages whose marks changed or that are new since the given mod-sequence, in UID order. */
      readonly changed: readonly {
        readonly uid: number;
        readonly flags: FlagBits;
        readonly keywords: readonly string[];
        readonly modseq: number;
      }[];
      /** UIDs expunged since then, ascending. */
      readonly vanished: readonly number[];
      readonly uidNext: number;
      readonly highestModseq: number;
    }
  | NoMailbox;

export type MailboxEdit =
  | { readonly kind: "done"; readonly mailbox: Mailbox }
  | { readonly kind: "exists" | "no-mailbox" | "bad-name" | "too-many" | "is-inbox" | "has-children" | "role-taken" };

// ---------------------------------------------------------------- queue

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

/** What one attempt came to, for one recipient. `token` must match the lease or the settlement is dropped. */
export type Settlement = {
  readonly queue: QueueId;
  readonly recipient: number;
  readonly token: number;
  readonly outcome:
    | { readonly kind: "delivered" }
    | { readonly kind: "failed" }
    | {
        readonly kind: "later";
        readonly nextAt: Instant;
        readonly delayWarned: boolean;
        readonly countsAsAttempt: boolean;
        /** Where it waits from now on; undefined: nowhere. */
        readonly park?: string;
      };
  readonly reply: string;
  /** What its tenant is told, where no entry of the journey does (`Told`): not where the lease was lost. */
  readonly event?: NewSendingEvent;
};
/** Settlements, the notices they cause, and the journey, in one transaction: no bounce is lost or sent twice. */
export type SettleRequest = {
  readonly settlements: readonly Settlement[];
  readonly notices: readonly Acceptance[];
  /** What Sieve scripts must not do again for a while. */
  readonly remember?: readonly Remembered[];
  readonly journey: readonly JourneyEntry[];
  /** Where nobody takes any of the first so many notices, nothing at all is done; 0 and undefined: it does not matter. */
  readonly ifTaken?: number;
  /** Posts of a list that waited and go now: where the first is gone already somebody else let them through, and nothing is done. */
  readonly letThrough?: readonly number[];
  readonly events?: readonly NewSendingEvent[];
  /** Addresses that the results show to be nobody's, and failures that count when they repeat. */
  readonly suppress?: readonly Suppression[];
  readonly strikes?: readonly Strike[];
};
export type SettleResult = { readonly stale: number; readonly accepted: readonly Accepted[] };

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

// ---------------------------------------------------------------- journey

/** One thing that happened to a message. `trace` joins all entries of one message: the queue id, or "m" + content id. */
export type JourneyEntry = {
  readonly at: Instant;
  readonly stage:
    | "accepted"
    | "refused"
    | "filed"
    | "queued"
    | "attempt"
    | "delivered"
    | "deferred"
    | "bounced"
    | "held"
    | "released"
    | "deleted"
    | "rescheduled"
    | "expired"
    | "notified"
    | "quarantined";
  /** Undefined: filled in by `accept` with the id it gives. */
  readonly trace: string | undefined;
  /** What `angarium trace` finds it by: message id, addresses. Lower-cased by the store. */
  readonly keys: readonly string[];
  /** Plain JSON: reasons, replies, hosts, times. */
  readonly detail: { readonly [name: string]: unknown };
  /** A tenant is told of it; not where the same request settles the recipient and its lease was lost. */
  readonly told?: Told;
};

// ---------------------------------------------------------------- changes

/** Something that others may be looking at has changed. Published after the commit, never before. */
export type Change =
  | { readonly kind: "mail"; readonly account: AccountId; readonly mailbox: MailboxId; readonly modseq: number }
  | { readonly kind: "mailboxes"; readonly account: AccountId; readonly modseq: number }
  /** Objects of a type beside mail (`jmap.ts`). */
  | { readonly kind: "objects"; readonly account: AccountId; readonly type: string; readonly modseq: number }
  /** Scripts, the vacation answer or annotations of an account; undefined: scripts of a domain or of the server. */
  | { readonly kind: "sieve"; readonly account: AccountId | undefined }
  | { readonly kind: "directory" }
  /**
   * Whoever is signed in to the account is so no more, or has to prove it again: it is closed or deleted, or a password has changed.
   * With a session (the hash of its secret): who is signed in by that one.
   */
  | { readonly kind: "signed-out"; readonly account: AccountId; readonly session?: string }
  | { readonly kind: "queue" }
  /** Rows of these kinds of sending's model, "suppression", or "event". */
  | { readonly kind: "sending"; readonly of: readonly string[] };

// ---------------------------------------------------------------- the interface

export type FetchedPage = {
  readonly rows: readonly MessageRow[];
  /** The UID that the next page begins with. */
  readonly next: number | undefined;
};

export interface StoreReader
  extends JmapReader,
    TallyReader,
    SieveReader,
    StsReader,
    PeerReader,
    QuarantineReader,
    SendingReader,
    SecurityReader,
    CarryReader,
    WordsReader,
    SharingReader,
    ListsReader,
    HostingReader {
  // directory
  /** By name; of one name only that. */
  domains(filter?: { readonly name?: string }): Promise<readonly Domain[]>;
  accounts(filter?: {
    readonly name?: string;
    readonly id?: AccountId;
    readonly role?: "user" | "admin";
  }): Promise<readonly Account[]>;
  credentials(account: AccountId): Promise<readonly Credential[]>;
  addresses(filter?: {
    readonly domain?: string;
    readonly local?: string;
    readonly account?: AccountId;
  }): Promise<readonly Address[]>;
  setting(key: string): Promise<unknown | undefined>;
  settings(prefix: string): Promise<readonly { readonly key: string; readonly value: unknown }[]>;
  // mailboxes and messages
  mailboxes(account: AccountId): Promise<readonly Mailbox[]>;
  /** Paths that are subscribed and of which there was no mailbox any more when IMAP deleted it. */
  absentSubscriptions(account: AccountId): Promise<readonly string[]>;
  openMailbox(account: AccountId, mailbox: MailboxId): Promise<MailboxSnapshot | NoMailbox>;
  /** Rows of these UIDs. The caller pages: at most `maxFetchRows` rows and about `maxFetchBytes` bytes per call; `next` is the first UID not answered yet. */
  fetch(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly UidRange[],
    fields: readonly Field[],
  ): Promise<FetchedPage>;
  changesSince(account: AccountId, mailbox: MailboxId, modseq: number): Promise<MailboxChanges>;
  /** UIDs that match, ascending, and, where it is asked for, the highest mod-sequence among them (RFC 7162 §3.1.5). */
  search(
    account: AccountId,
    mailbox: MailboxId,
    key: SearchKey,
    withModseq?: boolean,
  ): Promise<{ readonly uids: readonly number[]; readonly highestModseq: number }>;
  /** RFC 5256 SORT: UIDs in the order asked. */
  sort(
    account: AccountId,
    mailbox: MailboxId,
    key: SearchKey,
    order: readonly SortKey[],
  ): Promise<{ readonly uids: readonly number[] }>;
  content(content: ContentId): Promise<Uint8Array | undefined>;
  // queue and journey
  queueCount(): Promise<number>; // recipients not yet delivered, held ones included
  queueList(filter: QueueFilter): Promise<readonly QueuedMessage[]>;
  trace(key: string, limit: number): Promise<readonly (JourneyEntry & { readonly id: number })[]>;
}

export interface StoreWriter
  extends JmapWriter,
    TallyWriter,
    SieveWriter,
    StsWriter,
    PeerWriter,
    QuarantineWriter,
    SendingWriter,
    SecurityWriter,
    CarryWriter,
    WordsWriter,
    SharingWriter,
    ListsWriter,
    HostingWriter {
  // directory; each answers "exists"/"missing" instead of throwing
  /** "deleted": one of this name can come back, and what was kept by its name is still its own. */
  putDomain(domain: Domain): Promise<"done" | "deleted">;
  removeDomain(name: string): Promise<"done" | "missing" | "in-use">;
  createAccount(
    account: {
      readonly name: string;
      readonly displayName: string;
      readonly role: "user" | "admin";
      readonly quotaBytes: number;
    },
    credentials: readonly Omit<Credential, "id" | "account">[],
    at: Instant,
  ): Promise<{ readonly kind: "done"; readonly account: Account } | { readonly kind: "exists" | "no-domain" }>;
  updateAccount(
    id: AccountId,
    change: {
      readonly displayName?: string;
      readonly role?: "user" | "admin";
      readonly disabled?: boolean;
      readonly quotaBytes?: number;
    },
  ): Promise<"done" | "missing">;
  /**
   * Gives an account another address, as it is kept. The one before becomes an alias of it, and whatever named it (aliases, groups, masked
   * addresses, members of lists) names the new one. "exists": the address is somebody else's; an alias of this account alone is taken.
   */
  renameAccount(id: AccountId, name: string): Promise<"done" | "missing" | "exists" | "no-domain">;
  removeAccount(id: AccountId): Promise<"done" | "missing">;
  putCredential(account: AccountId, credential: Omit<Credential, "id" | "account">): Promise<number>; // kind "password" replaces the old one
  removeCredential(account: AccountId, id: number): Promise<"done" | "missing">;
  putAddress(address: Address): Promise<"done" | "no-domain" | "no-account" | "taken">; // "taken": an account's own address cannot become an alias
  removeAddress(local: string, domain: string): Promise<"done" | "missing" | "in-use">;
  putSetting(key: string, value: unknown): Promise<void>; // undefined removes
  /** The same where `before`, as it was read, still stands (undefined: nothing does); false: somebody else was first, and nothing was put. */
  swapSetting(key: string, before: unknown, after: unknown): Promise<boolean>;
  // mail
  accept(acceptance: Acceptance): Promise<Accepted>;
  /** All or none; the template's content is in each answer's `queued`. */
  acceptCopies(copies: Copies): Promise<readonly Accepted[]>;
  /** IMAP APPEND / MULTIAPPEND, JMAP import: all or none. A mailbox is named by its number, or by its path: that spares a look before. */
  append(
    account: AccountId,
    mailbox: MailboxId | string,
    messages: readonly (NewMessage & { readonly marks: Marks; readonly receivedAt: Instant })[],
  ): Promise<
    | {
        readonly kind: "done";
        readonly mailbox: MailboxId;
        readonly uidValidity: number;
        readonly uids: readonly number[];
        readonly emails: readonly EmailId[];
        readonly modseq: number;
      }
    | NoMailbox
    | { readonly kind: "over-quota" }
  >;
  /** RFC 8508 REPLACE: a message comes to `mailbox` and `old` goes, both or neither; where `old` is gone already, nothing happens. */
  replaceMessage(
    account: AccountId,
    mailbox: MailboxId,
    message: NewMessage & { readonly marks: Marks; readonly receivedAt: Instant },
    old: { readonly mailbox: MailboxId; readonly uid: number },
  ): Promise<
    | { readonly kind: "done"; readonly uidValidity: number; readonly uid: number; readonly modseq: number }
    | NoMailbox
    | { readonly kind: "no-message" }
    | { readonly kind: "over-quota" }
  >;
  /** Makes missing parents too. A name that was subscribed while there was no such mailbox is so again. */
  createMailbox(account: AccountId, path: string, role?: SpecialUse, subscribed?: boolean): Promise<MailboxEdit>;
  renameMailbox(account: AccountId, mailbox: MailboxId, path: string): Promise<MailboxEdit>; // INBOX: RFC 9051 §6.3.6, its mail moves to a new mailbox
  /** `nameStays`: the name is subscribed on (RFC 9051 §6.3.7), see `absentSubscriptions`. */
  deleteMailbox(account: AccountId, mailbox: MailboxId, nameStays?: boolean): Promise<MailboxEdit>;
  setSubscribed(account: AccountId, path: string, subscribed: boolean): Promise<MailboxEdit>;
  setFlags(account: AccountId, mailbox: MailboxId, change: FlagChange): Promise<FlagResult>;
  copy(account: AccountId, from: MailboxId, uids: readonly UidRange[], to: MailboxId): Promise<CopyResult>;
  move(account: AccountId, from: MailboxId, uids: readonly UidRange[], to: MailboxId): Promise<CopyResult>;
  /** Removes messages with \Deleted (among `uids` where given), or exactly `uids` when `force`. */
  expunge(
    account: AccountId,
    mailbox: MailboxId,
    uids: readonly UidRange[] | undefined,
    force?: boolean,
  ): Promise<ExpungeResult>;
  /** RFC 3501 \Recent: a read-write SELECT takes them, and at its end those below `below`, which it was told of; answers the first recent UID. */
  takeRecent(account: AccountId, mailbox: MailboxId, below?: number): Promise<number>;
  // queue
  claim(request: {
    readonly owner: string;
    readonly now: Instant;
    readonly until: Instant;
    readonly limit: number;
    readonly exceptDomains?: readonly string[];
    /** Of what waits there, the most urgent first; undefined: of what waits nowhere. */
    readonly park?: string;
    /** Only this urgency of a park. */
    readonly urgency?: number;
  }): Promise<readonly QueuedMessage[]>; // only the leased recipients are listed
  settle(request: SettleRequest): Promise<SettleResult>;
  renewLeases(owner: string, until: Instant): Promise<void>;
  releaseLeases(owner: string): Promise<void>; // at start: what a former life of this node held
  /** Recipients touched. `why`: what their journeys say of it; undefined: an administrator did it. */
  queueAct(filter: QueueFilter, action: QueueAction, now: Instant, why?: string): Promise<number>;
  note(journey: readonly JourneyEntry[]): Promise<void>;
  // upkeep
  /** Removes bytes nobody names, old tombstones and journey entries; bounded work per call; answers whether there is more. */
  tidy(now: Instant): Promise<{ readonly more: boolean }>;
}

export interface Store extends StoreReader, StoreWriter {
  /** Told of every change this process made (and, in a cluster, the others made), after its commit. Answers the unsubscriber. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Online, consistent copy into an empty or missing folder. */
  backup(folder: string, progress?: (done: number, total: number) => void): Promise<void>;
  /** Reads everything and checks it against everything else; sentences about what is wrong. */
  verify(progress?: (done: number, total: number) => void): Promise<readonly string[]>;
  close(): Promise<void>;
}
