/** Mailbox objects (RFC 8621 §2), with their counts remembered until the mailbox changes. */
import { allRights, jmapRights } from "../../protocol/imap/rights.ts";
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { JmapMailbox, MailboxCounts, MailState } from "../store/jmap.ts";
import type { AccountId, SpecialUse, Store } from "../store/store.ts";
import type { Access } from "./access.ts";
import { ThreadCounts } from "./thread-counts.ts";

export const mailboxProperties: readonly string[] = [
  "id",
  "name",
  "parentId",
  "role",
  "sortOrder",
  "totalEmails",
  "unreadEmails",
  "totalThreads",
  "unreadThreads",
  "myRights",
  "isSubscribed",
  "shareWith",
];
const countNames = ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"];
export const roles: readonly SpecialUse[] = [
  "inbox",
  "archive",
  "drafts",
  "junk",
  "sent",
  "trash",
  "all",
  "flagged",
  "important",
];

/** INBOX has a name for people. */
export const shownName = (mailbox: Pick<JmapMailbox, "name" | "role">): string =>
  mailbox.role === "inbox" && mailbox.name === "INBOX" ? "Inbox" : mailbox.name;

type Known = { readonly modseq: number; readonly counts: MailboxCounts; readonly threads?: ThreadCounts };
/** `kept`: threads that were counted for it. */
type Remembered = Known & { readonly kept: number };
type CountingStore = Pick<Store, "jmapMailboxes" | "mailboxCounts" | "mailboxThreads" | "mailboxRights">;

/** Threads of all mailboxes that are remembered together. */
const maxThreadsKept = 500_000;

export class MailboxMemory {
  readonly #store: CountingStore;
  readonly #counts = new Map<string, Remembered>();
  readonly #max: number;
  #threadsKept = 0;

  constructor(store: CountingStore, max = 50_000) {
    this.#store = store;
    this.#max = max;
  }

  /** Those that can be seen; a parent that cannot is none. */
  async list(
    account: AccountId,
    access: Access,
  ): Promise<{ readonly mailboxes: readonly JmapMailbox[]; readonly state: MailState }> {
    const all = await this.#store.jmapMailboxes(account);
    if (access.own) return all;
    const mailboxes = all.mailboxes
      .filter(({ id }) => access.sees(id))
      .map((one) => ({
        ...one,
        parent: one.parent !== undefined && access.sees(one.parent) ? one.parent : undefined,
        subscribed: access.subscribed(one.id),
      }));
    return { mailboxes, state: all.state };
  }

  /** Whom each mailbox is shared with, by principal; of those that `access` may share. */
  async #shares(account: AccountId): Promise<ReadonlyMap<number, JsonObject>> {
    const shares = new Map<number, { [principal: string]: JsonObject }>();
    for (const { mailbox, grantee, rights } of await this.#store.mailboxRights(account)) {
      const own = shares.get(mailbox) ?? {};
      own[`P${grantee}`] = jmapRights(rights);
      shares.set(mailbox, own);
    }
    return shares;
  }

  /** The objects of these mailboxes with these properties. */
  async show(
    account: AccountId,
    mailboxes: readonly JmapMailbox[],
    properties: readonly string[],
    access: Access,
  ): Promise<readonly JsonObject[]> {
    const shares = properties.includes("shareWith") ? await this.#shares(account) : undefined;
    const counts = properties.some((name) => countNames.includes(name))
      ? await this.#countsOf(account, mailboxes)
      : undefined;
    return mailboxes.map((mailbox) => {
      const isInbox = mailbox.role === "inbox";
      const { mailbox: _, ...numbers } = counts?.get(mailbox.id) ?? { mailbox: 0 };
      const all: JsonObject = {
        id: idOf("F", mailbox.id),
        name: shownName(mailbox),
        parentId: mailbox.parent === undefined ? null : idOf("F", mailbox.parent),
        role: mailbox.role ?? null,
        sortOrder: mailbox.sortOrder,
        ...numbers,
        myRights: {
          ...jmapRights(access.rightsOf(mailbox.id) ?? allRights),
          ...(isInbox ? { mayRename: false, mayDelete: false } : {}),
        },
        isSubscribed: mailbox.subscribed,
        shareWith: access.may(mailbox.id, "a") ? (shares?.get(mailbox.id) ?? null) : null,
      };
      return Object.fromEntries(properties.map((name) => [name, all[name] ?? null])) as JsonObject;
    });
  }

  async #countsOf(account: AccountId, mailboxes: readonly JmapMailbox[]): Promise<ReadonlyMap<number, MailboxCounts>> {
    const counts = new Map<number, MailboxCounts>();
    const unknown: JmapMailbox[] = [];
    for (const mailbox of mailboxes) {
      const known = this.#counts.get(`${account} ${mailbox.id}`);
      if (mailbox.messages === 0)
        counts.set(mailbox.id, {
          mailbox: mailbox.id,
          totalEmails: 0,
          unreadEmails: 0,
          totalThreads: 0,
          unreadThreads: 0,
        });
      else if (known?.modseq === mailbox.highestModseq) counts.set(mailbox.id, known.counts);
      else unknown.push(mailbox);
    }
    const whole: JmapMailbox[] = [];
    for (const mailbox of unknown) {
      const found = await this.#recount(account, mailbox);
      if (found === undefined) whole.push(mailbox);
      else counts.set(mailbox.id, found);
    }
    if (whole.length === 0) return counts;
    for (const found of await this.#store.mailboxCounts(
      account,
      whole.map(({ id }) => id),
    )) {
      const mailbox = whole.find(({ id }) => id === found.mailbox) as JmapMailbox;
      counts.set(found.mailbox, found);
      this.#remember(account, mailbox.id, { modseq: mailbox.highestModseq, counts: found });
    }
    return counts;
  }

  /** The counts of a mailbox that has changed since they were told, from what was touched; undefined where it must be counted as a whole. */
  async #recount(account: AccountId, { id }: JmapMailbox): Promise<MailboxCounts | undefined> {
    const known = this.#counts.get(`${account} ${id}`);
    // Threads are remembered from the first change on: many mailboxes are looked at once.
    if (known === undefined) return undefined;
    const found = await this.#store.mailboxThreads(account, id, known.threads?.modseq);
    if (found === undefined) return undefined;
    const threads = known.threads ?? new ThreadCounts(found);
    threads.take(found);
    const counts = threads.counts(id);
    this.#remember(account, id, { modseq: threads.modseq, counts, threads });
    return counts;
  }

  #remember(account: AccountId, id: number, what: Known): void {
    const key = `${account} ${id}`;
    this.#forget(key);
    if (this.#counts.size >= this.#max) this.#forget(this.#counts.keys().next().value as string);
    const kept = what.threads?.size ?? 0;
    this.#counts.set(key, { ...what, kept });
    this.#threadsKept += kept;
    for (const [oldest, one] of this.#counts) {
      if (this.#threadsKept <= maxThreadsKept) break;
      if (one.kept > 0) this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#threadsKept -= this.#counts.get(key)?.kept ?? 0;
    this.#counts.delete(key);
  }
}
