/**
 * What JMAP asks of the store beyond what IMAP does: an email of an account has one id, whatever mailboxes it is in. Messages
 * with \Deleted are not there for JMAP (RFC 8621 §4.1.1). Each operation sees, or makes, one moment.
 */

import type { EmailSet } from "../../protocol/words/email-set.ts";
import type { NewMessage } from "./acceptance.ts";
import type { AccountId, ContentId, EmailId, Instant, MailboxId, ThreadId } from "./ids.ts";
import type { Mailbox } from "./mail-store.ts";
import type { Marks, SpecialUse } from "./marks.ts";
import type { SearchKey } from "./search-key.ts";
import type { WordGroup } from "./words.ts";

/** A moment of an account's mail. `after`: of what changed at `modseq` itself, emails up to this one are known already. */
export type MailState = {
  readonly modseq: number;
  /** The id that the next email will have: who has a smaller one was there. */
  readonly nextEmail: EmailId;
  readonly after: EmailId | undefined;
};

// ---------------------------------------------------------------- query

/** Which flag, or which keyword (lower case). */
export type Mark = { readonly flag: number } | { readonly keyword: string };

export type EmailFilter =
  | { readonly kind: "and" | "or"; readonly of: readonly EmailFilter[] }
  | { readonly kind: "not"; readonly of: EmailFilter }
  | { readonly kind: "in-mailbox"; readonly mailbox: MailboxId }
  | { readonly kind: "in-mailbox-other-than"; readonly mailboxes: readonly MailboxId[] }
  /** `from` inclusive, `before` exclusive. */
  | { readonly kind: "received"; readonly from?: Instant; readonly before?: Instant }
  /** `from` inclusive, `below` exclusive. */
  | { readonly kind: "size"; readonly from?: number; readonly below?: number }
  | ({ readonly kind: "mark" } & MarkOf)
  | { readonly kind: "has-attachment" }
  | { readonly kind: "text"; readonly key: SearchKey }
  /** What the index of words finds; emails that it does not have yet are looked into. `phrase` must stand there as it is. */
  | { readonly kind: "words"; readonly group: WordGroup; readonly phrase: SearchKey | undefined }
  | { readonly kind: "emails"; readonly emails: readonly EmailId[] }
  /** The same where they are many: decided outside of the database. */
  | { readonly kind: "among"; readonly emails: EmailSet }
  | { readonly kind: "newer"; readonly than: EmailId }
  /** In one of these threads: what a mark of a thread comes to where few have it. */
  | { readonly kind: "threads"; readonly threads: readonly ThreadId[] };

export type MarkOf = {
  readonly of: "email" | "all-in-thread" | "some-in-thread";
  readonly mark: Mark;
  /** Of the others in the thread those in these mailboxes count; undefined: all. */
  readonly within?: readonly MailboxId[];
};

/** Emails, or all those of threads, by their numbers. */
export type Those = Extract<EmailFilter, { readonly kind: "emails" | "threads" }>;

export type EmailSort = {
  readonly by:
    | "receivedAt"
    | "sentAt"
    | "size"
    | "subject"
    | "from"
    | "to"
    /** The number that the email got when it came: what ties are broken by. */
    | "number"
    | ({
        /** The emails of which it holds, where they are known. */
        readonly those?: Those;
      } & MarkOf);
  readonly ascending: boolean;
};

export type EmailQuery = {
  readonly filter: EmailFilter | undefined;
  readonly sort: readonly EmailSort[];
  readonly collapseThreads: boolean;
  /** From the start, or from the end where negative; not with `anchor`. */
  readonly position: number;
  readonly anchor: { readonly email: EmailId; readonly offset: number } | undefined;
  readonly limit: number;
  readonly total: boolean;
  /** What fits best comes first, and `sort` is not asked; by time where the filter demands no words. */
  readonly ranked?: boolean;
  /** Orders of the account that were kept (`emailOrder`): one that fits is read from. */
  readonly orders?: readonly EmailOrder[];
};

/** An order that does not change with marks, of a mailbox or of the whole account; the first key ascends. */
export type OrderWanted = {
  readonly mailbox: MailboxId | undefined;
  readonly sort: readonly EmailSort[];
  /** Only of emails that match; undefined: of all. */
  readonly filter: EmailFilter | undefined;
};
/** All emails in that order as they were at a moment; in shared memory, so that threads hand it over for nothing. */
export type EmailOrder = OrderWanted & {
  readonly emails: Uint32Array<SharedArrayBuffer>;
  readonly modseq: number;
  readonly nextEmail: EmailId;
};

/** Emails that are named one by one in place of a filter that they are all that match. */
export const maxFew = 1_000;

export type EmailQueryResult =
  | {
      readonly kind: "done";
      readonly emails: readonly EmailId[];
      readonly position: number;
      readonly total: number | undefined;
      readonly state: MailState;
      /** An order with which the next such query would be quicker. */
      readonly wanted: OrderWanted | undefined;
      /** All of a large mailbox was gone through, and few matched: to know these would have been quicker. */
      readonly sparse: boolean;
    }
  | { readonly kind: "anchor-not-found" }
  /** The text filters would have to read more than `maxQueryBytes`. */
  | { readonly kind: "too-expensive" };

/** What `Email/queryChanges` needs: which emails may have come, gone or moved since, and where they are now. */
export type EmailQueryChanges =
  | {
      readonly kind: "done";
      /** Emails that were there and may have left the result or changed their place. */
      readonly removed: readonly EmailId[];
      readonly added: readonly { readonly email: EmailId; readonly index: number }[];
      readonly total: number | undefined;
      readonly state: MailState;
    }
  | { readonly kind: "too-many"; readonly count: number }
  | { readonly kind: "cannot" }
  | { readonly kind: "too-expensive" };

// ---------------------------------------------------------------- get and changes

/** How much of the bytes: none, the header section, enough for a preview, all. */
export type EmailBytes = "none" | "header" | "start" | "all";
/** Bytes that are enough for a preview. */
export const previewBytes = 64 * 1024;

export type EmailRow = {
  readonly email: EmailId;
  readonly thread: ThreadId;
  readonly content: ContentId;
  readonly mailboxes: readonly MailboxId[];
  readonly marks: Marks; // of all its rows together
  readonly sizeBytes: number;
  readonly receivedAt: Instant;
  readonly headerBytes: number;
  readonly hasAttachment: boolean;
  /** It came by delivery (`NewMessage`); told where bytes are. */
  readonly delivered: boolean;
  readonly bytes?: Uint8Array;
};

export type EmailRows = {
  readonly rows: readonly EmailRow[];
  /** Ids that did not fit into this answer; those in neither list are not there. */
  readonly rest: readonly EmailId[];
  readonly state: MailState;
};

export type Changes<Id> =
  | {
      readonly kind: "done";
      readonly created: readonly Id[];
      readonly updated: readonly Id[];
      readonly destroyed: readonly Id[];
      readonly state: MailState;
      readonly more: boolean;
    }
  | { readonly kind: "cannot" };

/** A mailbox with what JMAP wants besides. */
export type JmapMailbox = Mailbox & { readonly sortOrder: number };
export type MailboxCounts = {
  readonly mailbox: MailboxId;
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
};
/** Threads of a mailbox, each three numbers: the thread, its emails there, and how many of these are unread. */
export type MailboxThreads = { readonly modseq: number; readonly threads: Float64Array };
/** Numbers of emails or threads; one may be there more than once. `matching` are among the touched. */
export type EmailMatching =
  | { readonly kind: "all"; readonly matching: Uint32Array; readonly state: MailState }
  | {
      readonly kind: "touched";
      readonly touched: readonly number[];
      readonly matching: readonly number[];
      readonly state: MailState;
    }
  | { readonly kind: "cannot" };
export type MailboxesChanges =
  | (Extract<Changes<MailboxId>, { kind: "done" }> & { readonly countsOnly: boolean })
  | { readonly kind: "cannot" };

// ---------------------------------------------------------------- set

export type EmailEdit = {
  readonly email: EmailId;
  /** Lower case, system keywords as bits: the whole, or what to add and to take away. */
  readonly marks?: { readonly set: Marks } | { readonly add: Marks; readonly remove: Marks };
  readonly mailboxes?:
    | { readonly set: readonly MailboxId[] }
    | { readonly add: readonly MailboxId[]; readonly remove: readonly MailboxId[] };
};
export type EmailEdited =
  | "done"
  | "not-found"
  | "no-mailbox" // one of the mailboxes is not there
  | "homeless" // it would be in no mailbox
  | "too-many-keywords"
  | "over-quota";
export type EmailsSet =
  | {
      readonly kind: "done";
      readonly edited: readonly EmailEdited[];
      readonly destroyed: readonly ("done" | "not-found")[];
      readonly before: MailState;
      readonly state: MailState;
    }
  | { readonly kind: "state-mismatch" };

export type EmailAdded =
  | {
      readonly kind: "done";
      readonly email: EmailId;
      readonly thread: ThreadId;
      readonly content: ContentId;
      readonly sizeBytes: number;
    }
  | { readonly kind: "no-mailbox" | "over-quota" | "too-many-keywords" };

export type MailboxFields = {
  readonly name: string;
  readonly parent: MailboxId | undefined;
  readonly role: SpecialUse | undefined;
  readonly subscribed: boolean;
  readonly sortOrder: number;
};
export type MailboxMade =
  | { readonly kind: "done"; readonly mailbox: MailboxId }
  | {
      readonly kind:
        | "no-mailbox"
        | "no-parent"
        | "bad-name"
        | "exists"
        | "role-taken"
        | "too-many"
        | "is-inbox"
        | "loop"
        | "has-children"
        | "has-emails";
    };

// ---------------------------------------------------------------- objects, uploads, sessions

/** Something small that is kept as JSON. `id` is unique within its account and type. */
/** `data` is read anew each time: keep what you look at more than once. */
export type StoredObject = { readonly id: string; readonly data: unknown };
/** `chars`: how much all of them are as they are kept. */
export type StoredObjects = {
  readonly objects: readonly StoredObject[];
  readonly state: number;
  readonly chars: number;
};
export type ObjectsChanges =
  | {
      readonly kind: "done";
      readonly created: readonly string[];
      readonly updated: readonly string[];
      readonly destroyed: readonly string[];
      readonly state: number;
      readonly more: boolean;
    }
  | { readonly kind: "cannot" };
/** `put`: undefined data removes. */
export type ObjectEdit = { readonly id: string; readonly data: unknown };

/** `mayGoUntil`: of the uploads that expire by then the oldest go where there is no room (RFC 8620 §6). */
export type UploadBounds = { readonly bytes: number; readonly count: number; readonly mayGoUntil?: Instant };
export type Upload = {
  readonly id: string;
  readonly content: ContentId;
  readonly type: string;
  readonly sizeBytes: number;
};

export type WebSession = {
  readonly account: AccountId;
  readonly kind: "cookie" | "token";
  readonly label: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** What it may; undefined: everything that its account may. */
  readonly scopes?: readonly string[];
  /** Where it was made. */
  readonly remote?: string;
  /** When it was last used, to within some minutes; 0: never. */
  readonly usedAt?: Instant;
};

// ---------------------------------------------------------------- the interface

export interface JmapReader {
  mailState(account: AccountId): Promise<MailState>;
  emailQuery(account: AccountId, query: EmailQuery): Promise<EmailQueryResult>;
  /** `upTo`: places behind this email do not matter. */
  emailQueryChanges(
    account: AccountId,
    query: Pick<EmailQuery, "filter" | "sort" | "collapseThreads" | "total" | "orders">,
    since: MailState,
    max: number | undefined,
    upTo: EmailId | undefined,
  ): Promise<EmailQueryChanges>;
  /**
   * Which emails, or threads where they are collapsed, match a filter without text: all of them, or how it is with those touched since
   * a state; "cannot" where that is not known any more.
   */
  emailMatching(
    account: AccountId,
    what: Pick<EmailQuery, "filter" | "collapseThreads">,
    since: MailState | undefined,
  ): Promise<EmailMatching>;
  /** Goes through all of them: for later, not for who waits. Undefined where they are too many. */
  emailOrder(account: AccountId, wanted: OrderWanted): Promise<EmailOrder | undefined>;
  emailRows(account: AccountId, emails: readonly EmailId[], bytes: EmailBytes): Promise<EmailRows>;
  emailChanges(account: AccountId, since: MailState, max: number): Promise<Changes<EmailId>>;
  threadChanges(account: AccountId, since: MailState, max: number): Promise<Changes<ThreadId>>;
  /** Those of the emails that have come into these mailboxes since then, all their copies there. */
  enteredInto(
    account: AccountId,
    mailboxes: readonly MailboxId[],
    since: MailState,
    emails: readonly EmailId[],
  ): Promise<readonly EmailId[]>;
  /** Those of the emails or threads that one of the mailboxes (or one that is gone) has lost since then. */
  lostFrom(
    account: AccountId,
    mailboxes: readonly MailboxId[],
    since: MailState,
    kind: "email" | "thread",
    ids: readonly number[],
  ): Promise<readonly number[]>;
  /** Emails of each thread, oldest first; threads that are not there are left out. */
  threadEmails(
    account: AccountId,
    threads: readonly ThreadId[],
  ): Promise<{
    readonly threads: readonly { readonly thread: ThreadId; readonly emails: readonly EmailId[] }[];
    readonly state: MailState;
  }>;
  jmapMailboxes(account: AccountId): Promise<{ readonly mailboxes: readonly JmapMailbox[]; readonly state: MailState }>;
  mailboxCounts(account: AccountId, mailboxes: readonly MailboxId[]): Promise<readonly MailboxCounts[]>;
  /** The threads that have been touched since a mod-sequence of the mailbox, or all; undefined where that cannot be told: count all. */
  mailboxThreads(
    account: AccountId,
    mailbox: MailboxId,
    since: number | undefined,
  ): Promise<MailboxThreads | undefined>;
  mailboxChanges(account: AccountId, since: MailState, max: number): Promise<MailboxesChanges>;
  /** Objects of a type, all of them where no ids are given; in the order of their ids. */
  objects(account: AccountId, type: string, ids?: readonly string[]): Promise<StoredObjects>;
  objectStates(account: AccountId): Promise<readonly { readonly type: string; readonly state: number }[]>;
  objectChanges(account: AccountId, type: string, since: number, max: number): Promise<ObjectsChanges>;
  /** All objects of a type, of every account: for what a server does on its own. */
  objectsOfAll(
    type: string,
  ): Promise<readonly { readonly account: AccountId; readonly id: string; readonly data: unknown }[]>;
  uploads(account: AccountId, ids: readonly string[]): Promise<readonly Upload[]>;
  webSession(hash: string): Promise<WebSession | undefined>;
  /** Sessions and tokens of an account, the newest first. */
  webSessions(account: AccountId): Promise<readonly (WebSession & { readonly hash: string })[]>;
}

export interface JmapWriter {
  emailAdd(
    account: AccountId,
    message: NewMessage,
    mailboxes: readonly MailboxId[],
    marks: Marks,
    receivedAt: Instant,
  ): Promise<EmailAdded>;
  /** `ifState`: nothing is done where the account's mail has changed since. */
  emailsSet(
    account: AccountId,
    edits: readonly EmailEdit[],
    destroy: readonly EmailId[],
    ifState: number | undefined,
  ): Promise<EmailsSet>;
  mailboxMake(account: AccountId, fields: MailboxFields): Promise<MailboxMade>;
  mailboxChange(account: AccountId, mailbox: MailboxId, change: Partial<MailboxFields>): Promise<MailboxMade>;
  mailboxRemove(account: AccountId, mailbox: MailboxId, withEmails: boolean): Promise<MailboxMade>;
  /** All or none. Answers the state of the type before and after, or "state-mismatch". */
  objectsPut(
    account: AccountId,
    type: string,
    edits: readonly ObjectEdit[],
    ifState: number | undefined,
  ): Promise<{ readonly before: number; readonly state: number } | "state-mismatch" | "too-many" | "too-much">;
  uploadPut(
    account: AccountId,
    id: string,
    message: NewMessage,
    type: string,
    expiresAt: Instant,
    bounds: UploadBounds,
  ): Promise<Upload | "over-quota">;
  /** Before they expire; answers those that were there. */
  uploadsDrop(account: AccountId, ids: readonly string[]): Promise<readonly string[]>;
  webSessionUsed(hash: string, at: Instant): Promise<void>;
  webSessionPut(hash: string, session: WebSession | undefined): Promise<void>;
  /** All sessions of an account end, but the one with this hash. */
  webSessionsEnd(account: AccountId, except: string): Promise<void>;
}

/** The operations by name, for the drivers. The three that carry bytes are made by hand there. */
export const jmapReads = [
  "mailState",
  "emailRows",
  "emailChanges",
  "threadChanges",
  "lostFrom",
  "enteredInto",
  "threadEmails",
  "jmapMailboxes",
  "mailboxCounts",
  "mailboxThreads",
  "mailboxChanges",
  "objects",
  "objectStates",
  "objectChanges",
  "objectsOfAll",
  "uploads",
  "webSession",
  "webSessions",
] as const satisfies readonly (keyof JmapReader)[];
/** Those that may take long: they stand in a line of their own. */
export const jmapQueries = [
  "emailQuery",
  "emailQueryChanges",
  "emailMatching",
] as const satisfies readonly (keyof JmapReader)[];
export const jmapWrites = [
  "emailsSet",
  "mailboxMake",
  "mailboxChange",
  "mailboxRemove",
  "objectsPut",
  "uploadsDrop",
  "webSessionPut",
  "webSessionUsed",
  "webSessionsEnd",
] as const satisfies readonly (keyof JmapWriter)[];
