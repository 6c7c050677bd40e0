/**
 * What a reader remembers from one search to the next, so that it need not be read and unpacked again: parts of the index that never change, and which
 * email each UID of a mailbox is. Each thing is remembered under a name, or with a stamp, that the data themselves tell anew at every search.
 */
import type { GramBlocks } from "./ops/grams.ts";
import type { BlockList } from "./ops/holding.ts";
import type { MailboxEmails } from "./ops/mailbox-emails.ts";

/** Bytes of blocks and lists of words, unpacked; of filters that wait for a block; of UIDs and the numbers of their emails. */
const maxWordBytes = 32 * 1024 * 1024;
const maxGramBytes = 8 * 1024 * 1024;
const maxMailboxBytes = 16 * 1024 * 1024;

export class SearchMemory {
  /** Blocks of the index, by account, segment and first word. */
  readonly blocks = new Recent<Uint8Array>(maxWordBytes / 2);
  /** The lists of a segment's words, by account and segment. */
  readonly lists = new Recent<readonly BlockList[]>(maxWordBytes / 2);
  /** By account. */
  readonly grams = new Recent<GramBlocks>(maxGramBytes);
  /** By account and mailbox. */
  readonly mailboxes = new Recent<MailboxEmails>(maxMailboxBytes);
}

/** Things by name up to a number of bytes: what was not asked for longest goes first. */
export class Recent<T> {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, { readonly value: T; readonly bytes: number }>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(name: string): T | undefined {
    const known = this.#kept.get(name);
    if (known === undefined) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, known);
    return known.value;
  }

  /** Whether something of this size is kept at all. */
  takes(bytes: number): boolean {
    return bytes <= this.#maxBytes;
  }

  put(name: string, value: T, bytes: number): void {
    this.#forget(name);
    if (!this.takes(bytes)) return;
    this.#kept.set(name, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#forget(oldest);
    }
  }

  #forget(name: string): void {
    const known = this.#kept.get(name);
    if (known === undefined) return;
    this.#kept.delete(name);
    this.#bytes -= known.bytes;
  }
}
