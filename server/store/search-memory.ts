/**
 * What a reader remembers from one search to the next, so that it need not be read and unpacked again: parts of the index that never change, and which
 * email each UID of a mailbox is. Each thing is remembered under a name, or with a stamp, that the data themselves tell anew at every search.
 */
import type { FoldedText } from "../../protocol/mime/search-text.ts";
import type { Chunks, GramBlocks } from "./ops/grams.ts";
import type { WordLists } from "./ops/holding.ts";
import type { MailboxEmails } from "./ops/mailbox-emails.ts";
import type { SignatureBlock } from "./ops/signatures.ts";
import { Recent } from "./recent.ts";

/** Bytes of blocks and lists of words, unpacked; of filters; of UIDs and the numbers of their emails. */
const maxWordBytes = 32 * 1024 * 1024;
const maxGramBytes = 32 * 1024 * 1024;
const maxMailboxBytes = 16 * 1024 * 1024;
/** Of signatures of messages. */
const maxSignatureBytes = 32 * 1024 * 1024;
/** Of folded text of messages. */
const maxTextBytes = 32 * 1024 * 1024;

export class SearchMemory {
  /** Blocks of the index, by account, segment and first word. */
  readonly blocks = new Recent<Uint8Array>(maxWordBytes / 2);
  /** The lists of a segment's words, by account and segment. */
  readonly lists = new Recent<WordLists>(maxWordBytes / 2);
  /** By account. */
  readonly grams = new Recent<GramBlocks>(maxGramBytes / 2);
  /** Columns of filters, by account, what `GramBlocks` says, size and chunk. */
  readonly columns = new Recent<Chunks>(maxGramBytes / 2);
  /** By account and mailbox. */
  readonly mailboxes = new Recent<MailboxEmails>(maxMailboxBytes);
  /** By account, mailbox, its UIDVALIDITY and block of UIDs. */
  readonly signatures = new Recent<SignatureBlock>(maxSignatureBytes);
  /** By content: text of messages that were looked into. */
  readonly texts = new Recent<FoldedText, number>(maxTextBytes);
}
