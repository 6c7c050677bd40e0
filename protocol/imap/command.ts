/**
 * What an IMAP client may ask, as plain values: RFC 9051 and RFC 3501 with the extensions we offer. Made by
 * `parseCommand` (parse.ts) from what `CommandReader` (reader.ts) read; UID forms carry `uid: true`.
 */
import type { SequenceSet } from "./set.ts";

/** System flags as bits: the same bits as the store's `Flag`. */
export const FlagBit = { seen: 1, answered: 2, flagged: 4, deleted: 8, draft: 16 } as const;

/** Flags as a client gave them: system flags as bits, keywords in the client's spelling, no repeats. */
export type Marks = { readonly flags: number; readonly keywords: readonly string[] };

/**
 * Mailbox names are Unicode paths with "/" between levels (modified UTF-7 is undone already), "INBOX" in capitals whatever
 * the client wrote, also as the first of several levels.
 */
export type MailboxName = string;

export type StatusItem =
  | "MESSAGES"
  | "UIDNEXT"
  | "UIDVALIDITY"
  | "UNSEEN"
  | "RECENT"
  | "DELETED"
  | "DELETED-STORAGE"
  | "SIZE"
  | "HIGHESTMODSEQ"
  | "APPENDLIMIT"
  | "MAILBOXID";

/** Special-use attributes as the store names its roles: `\Junk` is "junk", `\Important` "important". */
export type Use = "archive" | "drafts" | "junk" | "sent" | "trash" | "all" | "flagged" | "important";

/** RFC 7162 §3.2.5. Sets without "*" and "$". */
export type QresyncParams = {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly knownUids: SequenceSet | undefined;
  readonly match: { readonly sequences: SequenceSet; readonly uids: SequenceSet } | undefined;
};

/** RFC 5258 and its kin. `extended` is false for the plain form of RFC 3501. An empty pattern asks for the delimiter. */
export type ListCommand = {
  readonly name: "LIST";
  readonly extended: boolean;
  readonly reference: MailboxName;
  readonly patterns: readonly string[];
  readonly select: {
    readonly subscribed: boolean;
    readonly remote: boolean;
    readonly recursiveMatch: boolean;
    readonly specialUse: boolean;
  };
  readonly returns: {
    readonly subscribed: boolean;
    readonly children: boolean;
    readonly specialUse: boolean;
    readonly status: readonly StatusItem[] | undefined;
    /** RFC 8440. */
    readonly myRights: boolean;
    /** RFC 9590: entries to be told with each mailbox, in lower case. */
    readonly metadata: readonly string[] | undefined;
  };
};

export type AppendMessage = {
  readonly marks: Marks;
  /** INTERNALDATE in milliseconds since 1970; undefined: now. */
  readonly receivedAt: number | undefined;
  /** The message; owns its memory, or is a view of a buffer nobody else writes to. */
  readonly bytes: Buffer;
  /** RFC 6855 §4: sent as UTF8 (~{n}). */
  readonly utf8: boolean;
  /** RFC 3516 §4.4: sent as a literal8, may hold NUL. */
  readonly binary: boolean;
};

/** RFC 9051 §6.4.5 section text. `fields` only with HEADER.FIELDS[.NOT], as the client spelt them. */
export type Section = {
  /** [] is the message itself; [1, 2] is part 1.2. */
  readonly part: readonly number[];
  readonly text: "" | "HEADER" | "HEADER.FIELDS" | "HEADER.FIELDS.NOT" | "TEXT" | "MIME";
  readonly fields: readonly string[];
};

/** RFC 9051 §6.4.5 `<offset.count>`. */
export type Partial = { readonly offset: number; readonly count: number };

export type FetchItem =
  | {
      readonly kind:
        | "uid"
        | "flags"
        | "internaldate"
        | "size"
        | "envelope"
        | "body"
        | "bodystructure"
        | "modseq"
        | "emailid"
        | "threadid"
        | "savedate"
        /** RFC 8970; what LAZY asks for is always at hand. */
        | "preview";
    }
  /** BODY[…], BODY.PEEK[…], RFC822, RFC822.HEADER, RFC822.TEXT. `label` is the item's name in the answer: "BODY[1.TEXT]<0>", "RFC822". */
  | {
      readonly kind: "section";
      readonly section: Section;
      readonly peek: boolean;
      readonly partial: Partial | undefined;
      readonly label: string;
    }
  /** BINARY[…], BINARY.PEEK[…]: `part` [] is the whole message. */
  | {
      readonly kind: "binary";
      readonly part: readonly number[];
      readonly peek: boolean;
      readonly partial: Partial | undefined;
      readonly label: string;
    }
  | { readonly kind: "binary-size"; readonly part: readonly number[]; readonly label: string };

/**
 * SEARCH keys. Those that do not speak of sequence numbers, recency or "now" have the shape of the store's `SearchKey`, so that
 * translating is a walk that replaces "sequence", "uids", "within", "recent", "new", "old", "emailid" and "threadid".
 */
export type ImapSearchKey =
  | { readonly kind: "all" }
  | { readonly kind: "and" | "or"; readonly keys: readonly ImapSearchKey[] }
  | { readonly kind: "not"; readonly key: ImapSearchKey }
  | { readonly kind: "sequence"; readonly set: SequenceSet }
  | { readonly kind: "uids"; readonly set: SequenceSet }
  | { readonly kind: "flag"; readonly flag: number }
  | { readonly kind: "keyword"; readonly keyword: string }
  /** RECENT; NEW is RECENT UNSEEN; OLD is NOT RECENT. */
  | { readonly kind: "recent" | "new" | "old" }
  | { readonly kind: "larger" | "smaller"; readonly bytes: number }
  /** At or above `from`. RFC 7162 §3.1.5: makes the answer carry MODSEQ, and CONDSTORE enabled. */
  | { readonly kind: "modseq"; readonly from: number }
  | { readonly kind: "emailid" | "threadid"; readonly id: string }
  /** Days as UTC midnights in milliseconds; `from` inclusive, `before` exclusive. */
  | {
      readonly kind: "date";
      readonly of: "received" | "saved" | "sent";
      readonly from?: number;
      readonly before?: number;
    }
  /** RFC 5032: arrived within (younger) or before (older) the last `seconds`. */
  | { readonly kind: "younger" | "older"; readonly seconds: number }
  /** RFC 8514: true for every message here. */
  | { readonly kind: "savedatesupported" }
  | { readonly kind: "header"; readonly name: string; readonly needle: string }
  | { readonly kind: "body" | "text"; readonly needle: string };

/** RFC 9394: the results from one place to another, counted from 1, or from the last one backwards. */
export type ResultRange = { readonly first: number; readonly last: number; readonly fromEnd: boolean };

/** RFC 4731, RFC 5182, RFC 9394. `RETURN ()` is ALL. */
export type SearchReturn = {
  readonly min: boolean;
  readonly max: boolean;
  readonly all: boolean;
  readonly count: boolean;
  readonly save: boolean;
  readonly partial: ResultRange | undefined;
};

/** Mailboxes as NOTIFY (RFC 5465 §6) and ESEARCH (RFC 7377 §2.2) name them. */
export type MailboxFilter =
  | { readonly kind: "selected" | "selected-delayed" | "inboxes" | "personal" | "subscribed" }
  | { readonly kind: "subtree" | "subtree-one" | "mailboxes"; readonly names: readonly MailboxName[] };

export type NotifyEvent = "MessageNew" | "MessageExpunge" | "FlagChange" | "MailboxName" | "SubscriptionChange";

/** RFC 5465 §3: what to tell of these mailboxes. `items`: to be fetched of each new message of the selected one. */
export type NotifyGroup = {
  readonly filter: MailboxFilter;
  readonly events: ReadonlySet<NotifyEvent>;
  readonly items: readonly FetchItem[];
};

/** The shape of the store's `SortKey`. */
export type ImapSortKey = {
  readonly by: "arrival" | "cc" | "date" | "from" | "size" | "subject" | "to" | "displayfrom" | "displayto";
  readonly reverse: boolean;
};

export type CommandBody =
  | { readonly name: "CAPABILITY" | "NOOP" | "LOGOUT" | "STARTTLS" | "NAMESPACE" | "IDLE" }
  /** The line that ends IDLE; its tag is "". Out of turn otherwise. */
  | { readonly name: "DONE" }
  | { readonly name: "CHECK" | "CLOSE" | "UNSELECT" | "UNAUTHENTICATE" }
  /** RFC 9698. */
  | { readonly name: "GETJMAPACCESS" }
  /** `mechanism` in capitals; `initial` decoded, "=" is empty. */
  | { readonly name: "AUTHENTICATE"; readonly mechanism: string; readonly initial: Buffer | undefined }
  | { readonly name: "LOGIN"; readonly user: string; readonly password: string }
  /** RFC 2971: undefined for NIL. Values may be NIL. */
  | {
      readonly name: "ID";
      readonly fields: readonly (readonly [field: string, value: string | undefined])[] | undefined;
    }
  /** In capitals. */
  | { readonly name: "ENABLE"; readonly capabilities: readonly string[] }
  | {
      readonly name: "SELECT" | "EXAMINE";
      readonly mailbox: MailboxName;
      readonly condstore: boolean;
      readonly qresync: QresyncParams | undefined;
    }
  /** RFC 6154: at most one use is kept; `uses` as asked. */
  | { readonly name: "CREATE"; readonly mailbox: MailboxName; readonly uses: readonly Use[] }
  | { readonly name: "DELETE" | "SUBSCRIBE" | "UNSUBSCRIBE"; readonly mailbox: MailboxName }
  | { readonly name: "RENAME"; readonly from: MailboxName; readonly to: MailboxName }
  | ListCommand
  | { readonly name: "LSUB"; readonly reference: MailboxName; readonly pattern: string }
  | { readonly name: "STATUS"; readonly mailbox: MailboxName; readonly items: readonly StatusItem[] }
  | { readonly name: "APPEND"; readonly mailbox: MailboxName; readonly messages: readonly AppendMessage[] }
  /** RFC 8508. `set` names one message: its number or UID, or "*". */
  | {
      readonly name: "REPLACE";
      readonly uid: boolean;
      readonly set: SequenceSet;
      readonly mailbox: MailboxName;
      readonly message: AppendMessage;
    }
  /** `set` only with UID EXPUNGE. */
  | { readonly name: "EXPUNGE"; readonly set: SequenceSet | undefined }
  | {
      readonly name: "SEARCH";
      readonly uid: boolean;
      readonly returns: SearchReturn | undefined;
      readonly key: ImapSearchKey;
    }
  | {
      readonly name: "ESEARCH";
      readonly filters: readonly MailboxFilter[];
      readonly returns: SearchReturn | undefined;
      readonly key: ImapSearchKey;
    }
  /** `status`: tell how the mailboxes are at once. No groups: NOTIFY NONE. */
  | { readonly name: "NOTIFY"; readonly groups: readonly NotifyGroup[]; readonly status: boolean }
  | {
      readonly name: "SORT";
      readonly uid: boolean;
      readonly returns: SearchReturn | undefined;
      readonly order: readonly ImapSortKey[];
      readonly key: ImapSearchKey;
    }
  | {
      readonly name: "THREAD";
      readonly uid: boolean;
      readonly algorithm: "REFERENCES" | "ORDEREDSUBJECT";
      readonly key: ImapSearchKey;
    }
  /** Macros are expanded. UID FETCH has "uid" among its items. `vanished` only with `changedSince` and UID. */
  | {
      readonly name: "FETCH";
      readonly uid: boolean;
      readonly set: SequenceSet;
      readonly items: readonly FetchItem[];
      readonly changedSince: number | undefined;
      readonly vanished: boolean;
      readonly partial: ResultRange | undefined;
    }
  | {
      readonly name: "STORE";
      readonly uid: boolean;
      readonly set: SequenceSet;
      readonly mode: "add" | "remove" | "replace";
      readonly silent: boolean;
      readonly marks: Marks;
      readonly unchangedSince: number | undefined;
    }
  | { readonly name: "COPY" | "MOVE"; readonly uid: boolean; readonly set: SequenceSet; readonly mailbox: MailboxName }
  | { readonly name: "GETQUOTA"; readonly root: string }
  | { readonly name: "GETQUOTAROOT"; readonly mailbox: MailboxName }
  | {
      readonly name: "SETQUOTA";
      readonly root: string;
      readonly limits: readonly { readonly resource: string; readonly limit: number }[];
    }
  /** RFC 4314. `identifier` is a name as people log in; `rights` as the client wrote them, with its sign. */
  | { readonly name: "SETACL"; readonly mailbox: MailboxName; readonly identifier: string; readonly rights: string }
  | { readonly name: "DELETEACL" | "LISTRIGHTS"; readonly mailbox: MailboxName; readonly identifier: string }
  | { readonly name: "GETACL" | "MYRIGHTS"; readonly mailbox: MailboxName }
  /** RFC 5464. `mailbox` "" is the server. Entries in lower case; a value is text, undefined takes the entry away. */
  | {
      readonly name: "GETMETADATA";
      readonly mailbox: MailboxName;
      readonly maxSize: number | undefined;
      readonly depth: "0" | "1" | "infinity";
      readonly entries: readonly string[];
    }
  | {
      readonly name: "SETMETADATA";
      readonly mailbox: MailboxName;
      readonly entries: readonly { readonly entry: string; readonly value: string | undefined }[];
    }
  | { readonly name: "COMPRESS"; readonly mechanism: string };

export type Command = { readonly tag: string } & CommandBody;

/** A command that is no command: answered `tag status text`; `text` may begin with a response code. `tag` is "*" where none could be read. */
export type Refused = {
  readonly name: "refused";
  readonly tag: string;
  readonly status: "BAD" | "NO";
  readonly text: string;
  /** RFC 5182 §2.1: a search that was to be saved and is answered NO leaves "$" empty. */
  readonly emptiesSaved?: boolean;
};
