/**
 * A reference model of one account's mail, small enough to be seen to be right, and clients that only follow: by JMAP's states and by
 * IMAP's CONDSTORE and QRESYNC. What a follower knows must be what the model says.
 */
import type { Any, JmapTalk } from "./jmap-talk.ts";
import type { Wire } from "./wire.ts";

/** The copies of an email, by the path of their mailbox; their flags by JMAP's names, "\deleted" among them. */
export type Copies = Map<string, Set<string>>;
export const deleted = "\\deleted";

export class Model {
  readonly emails = new Map<string, Copies>();
  readonly mailboxes = new Set<string>();

  copies(id: string): Copies {
    const found = this.emails.get(id);
    if (found === undefined) throw new Error(`the model has no ${id}`);
    return found;
  }

  /** The copies that JMAP knows. */
  shown(id: string): Copies {
    return new Map([...this.copies(id)].filter(([, flags]) => !flags.has(deleted)));
  }

  keywords(id: string): Set<string> {
    return new Set([...this.shown(id).values()].flatMap((flags) => [...flags]));
  }

  add(id: string, mailbox: string, flags: Iterable<string> = []): void {
    this.emails.set(id, new Map([[mailbox, new Set(flags)]]));
  }

  remove(id: string, mailbox: string): void {
    const copies = this.copies(id);
    copies.delete(mailbox);
    if (copies.size === 0) this.emails.delete(id);
  }

  /** JMAP sets the keywords of all copies; copies that come are as the others are. */
  setByJmap(id: string, keywords: ReadonlySet<string>, mailboxes: Iterable<string>): void {
    const copies = this.copies(id);
    for (const mailbox of this.shown(id).keys()) copies.delete(mailbox);
    for (const mailbox of mailboxes) copies.set(mailbox, new Set(keywords));
  }

  /** Lines as a JMAP client would write down what it knows. */
  asJmap(): string[] {
    return [...this.emails.keys()]
      .filter((id) => this.shown(id).size > 0)
      .map((id) => `${id} in ${[...this.shown(id).keys()].sort()} with ${[...this.keywords(id)].sort()}`)
      .sort();
  }

  asImap(mailbox: string): string[] {
    return [...this.emails]
      .flatMap(([id, copies]) => {
        const flags = copies.get(mailbox);
        return flags === undefined ? [] : [`${id} with ${[...flags].sort()}`];
      })
      .sort();
  }

  counts(mailbox: string): string {
    const ids = [...this.emails.keys()].filter((id) => this.shown(id).has(mailbox));
    return `${mailbox}: ${ids.length} of them ${ids.filter((id) => !this.keywords(id).has("$seen")).length} unread`;
  }
}

/** Knows emails, mailboxes, threads and one query by /changes and /queryChanges alone. */
export class JmapFollower {
  readonly #talk: JmapTalk;
  readonly #emails = new Map<string, Any>();
  readonly #boxes = new Map<string, Any>();
  readonly #threads = new Map<string, string>();
  #query: string[] = [];
  #states = { email: "", mailbox: "", thread: "", query: "" };
  readonly #maxChanges: number;
  readonly #asked: Any;

  private constructor(talk: JmapTalk, inbox: string, maxChanges: number) {
    this.#talk = talk;
    this.#maxChanges = maxChanges;
    this.#asked = { filter: { inMailbox: inbox }, sort: [{ property: "receivedAt", isAscending: false }] };
  }

  static async open(talk: JmapTalk, inbox: string, maxChanges: number): Promise<JmapFollower> {
    const follower = new JmapFollower(talk, inbox, maxChanges);
    const [emails, boxes, query] = (
      await talk.calls(
        ["Email/get", { ids: null, properties: emailProperties }],
        ["Mailbox/get", { ids: null }],
        ["Email/query", follower.#asked],
      )
    ).map(([, answer]) => answer);
    for (const email of emails.list) follower.#emails.set(email.id, email);
    for (const box of boxes.list) follower.#boxes.set(box.id, box);
    const threads = await talk.call("Thread/get", { ids: [...new Set(emails.list.map((one: Any) => one.threadId))] });
    for (const thread of threads.list) follower.#threads.set(thread.id, threadText(thread));
    follower.#query = query.ids;
    follower.#states = {
      email: emails.state,
      mailbox: boxes.state,
      thread: threads.state,
      query: query.queryState,
    };
    return follower;
  }

  async catchUp(): Promise<void> {
    await this.#catchUpEmails();
    await this.#catchUpMailboxes();
    await this.#catchUpThreads();
    const changes = await this.#talk.call("Email/queryChanges", {
      ...this.#asked,
      sinceQueryState: this.#states.query,
    });
    const removed = new Set(changes.removed);
    this.#query = this.#query.filter((id) => !removed.has(id));
    for (const { id, index } of changes.added) this.#query.splice(index, 0, id);
    this.#states.query = changes.newQueryState;
  }

  async #catchUpEmails(): Promise<void> {
    for (let more = true; more; ) {
      const changes = await this.#changes("Email", this.#states.email);
      for (const id of changes.destroyed) this.#emails.delete(id);
      const ids = [...changes.created, ...changes.updated];
      const { list, notFound } = await this.#talk.call("Email/get", { ids, properties: emailProperties });
      for (const id of notFound) this.#emails.delete(id);
      for (const email of list) this.#emails.set(email.id, email);
      this.#states.email = changes.newState;
      more = changes.hasMoreChanges;
    }
  }

  async #catchUpMailboxes(): Promise<void> {
    for (let more = true; more; ) {
      const changes = await this.#changes("Mailbox", this.#states.mailbox);
      for (const id of changes.destroyed) this.#boxes.delete(id);
      const made = await this.#talk.call("Mailbox/get", { ids: changes.created });
      for (const box of made.list) this.#boxes.set(box.id, box);
      const { list } = await this.#talk.call("Mailbox/get", {
        ids: changes.updated,
        properties: changes.updatedProperties,
      });
      for (const box of list) this.#boxes.set(box.id, { ...this.#boxes.get(box.id), ...box });
      this.#states.mailbox = changes.newState;
      more = changes.hasMoreChanges;
    }
  }

  async #catchUpThreads(): Promise<void> {
    for (let more = true; more; ) {
      const changes = await this.#changes("Thread", this.#states.thread);
      for (const id of changes.destroyed) this.#threads.delete(id);
      const { list, notFound } = await this.#talk.call("Thread/get", { ids: [...changes.created, ...changes.updated] });
      for (const id of notFound) this.#threads.delete(id);
      for (const thread of list) this.#threads.set(thread.id, threadText(thread));
      this.#states.thread = changes.newState;
      more = changes.hasMoreChanges;
    }
  }

  /** A piece of the changes; all of them where one step alone is more than is asked for. */
  async #changes(type: string, sinceState: string): Promise<Any> {
    const [answer] = await this.#talk.calls([`${type}/changes`, { sinceState, maxChanges: this.#maxChanges }]);
    return answer?.[0] === "error" ? this.#talk.call(`${type}/changes`, { sinceState }) : answer?.[1];
  }

  paths(): ReadonlyMap<string, string> {
    const path = (box: Any): string =>
      box.parentId === null ? box.name : `${path(this.#boxes.get(box.parentId))}/${box.name}`;
    return new Map([...this.#boxes.values()].map((box) => [box.id, box.role === "inbox" ? "INBOX" : path(box)]));
  }

  emails(): string[] {
    const paths = this.paths();
    return [...this.#emails.values()]
      .map(({ id, keywords, mailboxIds }) => {
        const places = Object.keys(mailboxIds).map((one) => paths.get(one) ?? one);
        return `${id} in ${places.sort()} with ${Object.keys(keywords).sort()}`;
      })
      .sort();
  }

  counts(): string[] {
    const paths = this.paths();
    return [...this.#boxes.values()]
      .map((box) => `${paths.get(box.id)}: ${box.totalEmails} of them ${box.unreadEmails} unread`)
      .sort();
  }

  /** Threads by what they say and by what emails say of theirs: these must be the same. */
  threads(): readonly [said: string[], byEmails: string[]] {
    const byEmails = new Map<string, string[]>();
    for (const { id, threadId } of this.#emails.values()) {
      const emails = byEmails.get(threadId);
      if (emails === undefined) byEmails.set(threadId, [id]);
      else emails.push(id);
    }
    return [
      [...this.#threads.values()].sort(),
      [...byEmails].map(([id, emailIds]) => threadText({ id, emailIds })).sort(),
    ];
  }

  /** The query as it was followed, and as it is when it is asked anew. */
  async query(): Promise<readonly [followed: string[], asked: string[]]> {
    return [this.#query, (await this.#talk.call("Email/query", this.#asked)).ids];
  }
}

const emailProperties = ["keywords", "mailboxIds", "threadId"];
const threadText = ({ id, emailIds }: Any): string => `${id}: ${[...emailIds].sort()}`;

/** Knows one mailbox by what IMAP tells it: live in a session, or by resynchronizing (RFC 7162) each time. */
export class ImapFollower {
  readonly #wire: Wire;
  readonly #mailbox: string;
  readonly #live: boolean;
  /** By UID: id and flags. */
  readonly #known = new Map<number, { id: string; flags: string }>();
  #uidValidity = "";
  #modseq = "";

  private constructor(wire: Wire, mailbox: string, live: boolean) {
    this.#wire = wire;
    this.#mailbox = mailbox;
    this.#live = live;
  }

  static async open(wire: Wire, mailbox: string, kind: "live" | "resync"): Promise<ImapFollower> {
    const follower = new ImapFollower(wire, mailbox, kind === "live");
    await wire.imap("ENABLE QRESYNC");
    follower.#noteStates(await wire.imap(`SELECT "${mailbox}"`));
    await follower.#take(await wire.imap("UID FETCH 1:* (FLAGS EMAILID)"));
    return follower;
  }

  async catchUp(): Promise<void> {
    if (this.#live) {
      await this.#take(await this.#wire.imap("NOOP"));
      return this.#fetchNew();
    }
    const known = [...this.#known.keys()];
    const uids = known.length === 0 ? "" : ` ${Math.min(...known)}:${Math.max(...known)}`;
    await this.#wire.imap("UNSELECT");
    const said = await this.#wire.imap(
      `SELECT "${this.#mailbox}" (QRESYNC (${this.#uidValidity} ${this.#modseq}${uids}))`,
    );
    this.#noteStates(said);
    await this.#take(said);
    await this.#fetchNew();
  }

  #noteStates(said: string): void {
    this.#uidValidity = /UIDVALIDITY (\d+)/.exec(said)?.[1] ?? "";
    this.#modseq = /HIGHESTMODSEQ (\d+)/.exec(said)?.[1] ?? "";
  }

  async #take(said: string): Promise<void> {
    const vanished = /^\* VANISHED (?:\(EARLIER\) )?([\d:,]+)/gm;
    for (const [, set = ""] of said.matchAll(vanished))
      for (const range of set.split(",")) {
        const [from = 0, to = from] = range.split(":").map(Number);
        for (const uid of [...this.#known.keys()]) if (uid >= from && uid <= to) this.#known.delete(uid);
      }
    for (const { uid, id, flags } of fetched(said)) {
      const before = this.#known.get(uid);
      this.#known.set(uid, { id: id ?? before?.id ?? "", flags: flags ?? before?.flags ?? "" });
    }
    const unnamed = [...this.#known].filter(([, { id }]) => id === "").map(([uid]) => uid);
    if (unnamed.length > 0) await this.#take(await this.#wire.imap(`UID FETCH ${unnamed} (EMAILID FLAGS)`));
  }

  /** New messages: RFC 7162 §3.2.5.2 tells of those alone that the client knows. */
  async #fetchNew(): Promise<void> {
    const last = Math.max(0, ...this.#known.keys());
    await this.#take(await this.#wire.imap(`UID FETCH ${last + 1}:* (EMAILID FLAGS)`));
  }

  lines(): string[] {
    return [...this.#known.values()].map(({ id, flags }) => `${id} with ${flags}`).sort();
  }
}

/** The FETCH answers in what was said: flags by JMAP's names. */
export function fetched(
  said: string,
): { uid: number; id: string | undefined; flags: string | undefined; modseq: string }[] {
  return [...said.matchAll(/^\* \d+ FETCH \((.*)\)\r$/gm)].flatMap(([, items = ""]) => {
    const uid = Number(/UID (\d+)/.exec(items)?.[1]);
    const flags = /FLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (Number.isNaN(uid)) return [];
    return [
      {
        uid,
        id: /EMAILID \(([^)]*)\)/.exec(items)?.[1],
        flags: flags === undefined ? undefined : jmapFlags(flags),
        modseq: /MODSEQ \((\d+)\)/.exec(items)?.[1] ?? "",
      },
    ];
  });
}

const jmapFlags = (flags: string): string =>
  flags
    .split(" ")
    .filter((flag) => flag !== "" && flag !== "\\Recent")
    .map((flag) => flag.toLowerCase())
    .map((flag) => (flag === deleted ? flag : flag.replace(/^\\/, "$")))
    .sort()
    .join(",");
