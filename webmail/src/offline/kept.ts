/** The emails that are kept on this device: heads in memory, whole emails in the database, the oldest gone where there are too many. */
import type { Email, Id, Mailbox } from "../jmap/types.ts";
import { applyPatch, type Patch } from "../state/patch.ts";
import { type Database, type KeptHead, maxChars, maxEmailChars, maxEmails, openDatabase } from "./db.ts";
import { isLocal } from "./local.ts";

const headOf = (email: Email, chars: number): KeptHead => ({
  id: email.id,
  blobId: email.blobId,
  threadId: email.threadId,
  mailboxIds: email.mailboxIds,
  keywords: email.keywords,
  from: email.from,
  sender: email.sender,
  "header:List-Id": email["header:List-Id"],
  "header:List-Post": email["header:List-Post"],
  to: email.to,
  cc: email.cc,
  messageId: email.messageId,
  subject: email.subject,
  receivedAt: email.receivedAt,
  preview: email.preview,
  hasAttachment: email.hasAttachment,
  size: email.size,
  chars,
});

export class Kept {
  readonly db: Database;
  readonly heads = new Map<Id, KeptHead>();

  private constructor(db: Database) {
    this.db = db;
  }

  static async open(): Promise<Kept> {
    const kept = new Kept(await openDatabase());
    await kept.reload();
    return kept;
  }

  /** Another tab has changed something. */
  async reload(): Promise<void> {
    this.heads.clear();
    for (const head of await this.db.getAll("heads")) this.heads.set(head.id, head);
  }

  async fact<T>(name: string): Promise<T | undefined> {
    return (await this.db.get("facts", name)) as T | undefined;
  }
  async putFact(name: string, value: unknown): Promise<void> {
    await this.db.put("facts", value, name);
  }

  email(id: Id): Promise<Email | undefined> {
    return this.db.get("bodies", id);
  }

  get chars(): number {
    let chars = 0;
    for (const head of this.heads.values()) chars += head.chars;
    return chars;
  }

  async put(emails: readonly Email[]): Promise<void> {
    const tx = this.db.transaction(["heads", "bodies"], "readwrite");
    for (const email of emails) {
      const chars = JSON.stringify(email).length;
      if (chars > maxEmailChars && !isLocal(email.id)) continue;
      const head = headOf(email, chars);
      this.heads.set(email.id, head);
      void tx.objectStore("heads").put(head);
      void tx.objectStore("bodies").put(email);
    }
    await tx.done;
    await this.#bound();
  }

  /** Keywords and mailboxes as the server says, or as was done here. */
  async mark(changes: Iterable<readonly [Id, Pick<KeptHead, "keywords" | "mailboxIds">]>): Promise<void> {
    const tx = this.db.transaction(["heads", "bodies"], "readwrite");
    for (const [id, { keywords, mailboxIds }] of changes) {
      const head = this.heads.get(id);
      if (head === undefined) continue;
      const fresh = { ...head, keywords, mailboxIds };
      this.heads.set(id, fresh);
      void tx.objectStore("heads").put(fresh);
      const body = await tx.objectStore("bodies").get(id);
      if (body !== undefined) void tx.objectStore("bodies").put({ ...body, keywords, mailboxIds });
    }
    await tx.done;
  }

  /** Answers how it looked before. */
  async patch(id: Id, patch: Patch): Promise<KeptHead | undefined> {
    const before = this.heads.get(id);
    if (before === undefined) return undefined;
    await this.mark([[id, applyPatch(before, patch)]]);
    return before;
  }

  async drop(ids: Iterable<Id>): Promise<void> {
    const tx = this.db.transaction(["heads", "bodies"], "readwrite");
    for (const id of ids) {
      this.heads.delete(id);
      void tx.objectStore("heads").delete(id);
      void tx.objectStore("bodies").delete(id);
    }
    await tx.done;
  }

  async #bound(): Promise<void> {
    let { chars } = this;
    if (this.heads.size <= maxEmails && chars <= maxChars) return;
    const oldestFirst = [...this.heads.values()]
      .filter(({ id }) => !isLocal(id))
      .sort((a, b) => a.receivedAt.localeCompare(b.receivedAt));
    const gone: Id[] = [];
    for (const { id, chars: its } of oldestFirst) {
      if (this.heads.size - gone.length <= maxEmails && chars <= maxChars) break;
      gone.push(id);
      chars -= its;
    }
    await this.drop(gone);
  }

  /** The mailboxes as the server last told them, with what was done here since. */
  async mailboxes(): Promise<readonly Mailbox[] | undefined> {
    return this.fact<readonly Mailbox[]>("mailboxes");
  }

  /** What a change of one email means for the counts of mailboxes. */
  async recount(before: KeptHead | undefined, after: KeptHead | undefined): Promise<void> {
    const list = await this.mailboxes();
    if (list === undefined) return;
    const count = (head: KeptHead | undefined, id: Id) => {
      const is = head?.mailboxIds[id] === true;
      return { total: is ? 1 : 0, unread: is && !head?.keywords["$seen"] ? 1 : 0 };
    };
    await this.putFact(
      "mailboxes",
      list.map((box) => {
        const was = count(before, box.id);
        const is = count(after, box.id);
        const total = is.total - was.total;
        const unread = is.unread - was.unread;
        if (total === 0 && unread === 0) return box;
        const least = (value: number) => Math.max(0, value);
        return {
          ...box,
          totalEmails: least(box.totalEmails + total),
          totalThreads: least(box.totalThreads + total),
          unreadEmails: least(box.unreadEmails + unread),
          unreadThreads: least(box.unreadThreads + unread),
        };
      }),
    );
  }
}
