/** The counts of one mailbox, kept by thread, so that a change costs what it touched and not what lies there. */
import type { MailboxCounts, MailboxThreads } from "../store/jmap.ts";
import type { MailboxId } from "../store/store.ts";

/** Emails of a thread and unread ones of these, in one number. */
const shift = 2 ** 26;

export class ThreadCounts {
  readonly #threads = new Map<number, number>();
  #modseq = 0;
  #emails = 0;
  #unread = 0;
  #unreadThreads = 0;

  constructor(all: MailboxThreads) {
    this.take(all);
  }

  /** The state of the mailbox up to which all is known. */
  get modseq(): number {
    return this.#modseq;
  }

  /** Threads that are remembered. */
  get size(): number {
    return this.#threads.size;
  }

  /** Takes what touched threads are now. What is older than what is known says nothing. */
  take({ modseq, threads }: MailboxThreads): void {
    if (modseq < this.#modseq) return;
    this.#modseq = modseq;
    for (let at = 0; at < threads.length; at += 3) {
      const thread = threads[at]!;
      this.#add(this.#threads.get(thread) ?? 0, -1);
      const now = threads[at + 1]! * shift + threads[at + 2]!;
      this.#add(now, 1);
      if (now === 0) this.#threads.delete(thread);
      else this.#threads.set(thread, now);
    }
  }

  #add(counts: number, sign: number): void {
    const unread = counts % shift;
    this.#emails += sign * Math.floor(counts / shift);
    this.#unread += sign * unread;
    if (unread > 0) this.#unreadThreads += sign;
  }

  counts(mailbox: MailboxId): MailboxCounts {
    return {
      mailbox,
      totalEmails: this.#emails,
      unreadEmails: this.#unread,
      totalThreads: this.#threads.size,
      unreadThreads: this.#unreadThreads,
    };
  }
}
