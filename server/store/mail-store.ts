/** Mailboxes and their messages, as IMAP and POP3 see them (JMAP: `jmap.ts`). A part of `Store`. */
import type { NewMessage } from "./acceptance.ts";
import type { AccountId, ContentId, EmailId, Instant, MailboxId, ThreadId } from "./ids.ts";
import type { FlagBits, Marks, SpecialUse, UidRange } from "./marks.ts";
import type { SearchKey, SortKey } from "./search-key.ts";

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

export type FlagChange = {
  readonly uids: readonly UidRange[];
  readonly mode: "add" | "remove" | "replace";
  readonly marks: Marks;
  /** RFC 7162 §3.1.3: leave alone what has changed since. */
  readonly unchangedSince?: number;
};
/** A message's marks as they are after a change, and its mod-sequence. */
type MarksNow = {
  readonly uid: number;
  readonly flags: FlagBits;
  readonly keywords: readonly string[];
  readonly modseq: number;
};
export type FlagResult =
  | {
      readonly kind: "done";
      /** `modseqBefore`: of the message before the change, what somebody else had done to it last. */
      readonly changed: readonly (MarksNow & { readonly modseqBefore: number })[];
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
      readonly changed: readonly MarksNow[];
      /** UIDs expunged since then, ascending. */
      readonly vanished: readonly number[];
      readonly uidNext: number;
      readonly highestModseq: number;
    }
  | NoMailbox;

export type MailboxEdit =
  | { readonly kind: "done"; readonly mailbox: Mailbox }
  | { readonly kind: "exists" | "no-mailbox" | "bad-name" | "too-many" | "is-inbox" | "has-children" | "role-taken" };

export type FetchedPage = {
  readonly rows: readonly MessageRow[];
  /** The UID that the next page begins with. */
  readonly next: number | undefined;
};

export interface MailReader {
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
}

export interface MailWriter {
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
}
