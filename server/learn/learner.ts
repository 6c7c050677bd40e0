/**
 * Learns from what people do with their mail, by whatever protocol: moving to and from Junk, $Junk and $NotJunk. It looks where the
 * messages lie after each change of a Junk mailbox, compares with what it has learned of them before, and teaches or takes back. Nothing
 * waits for it.
 */

import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { headerValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import type { Campaigns } from "../judge/content/campaigns.ts";
import type { Asked, Reading } from "../judge/content/filter.ts";
import { judgeMessage } from "../judge/content/filter.ts";
import { hashText } from "../judge/content/hash.ts";
import type { ModelState } from "../judge/content/model.ts";
import { type Lesson, teach, unteach } from "../judge/content/personal.ts";
import type { Reported } from "../judge/content/reported.ts";
import { wasUnproved } from "../judge/content/vouching.ts";
import type { AccountId, Change, EmailId, Instant, Mailbox, MailboxId, Store } from "../store/store.ts";
import type { Lessons } from "./lessons.ts";
import type { Tenants } from "./tenants.ts";
import { verdictIn, type Wish, wishOf } from "./wishes.ts";

export type LearnerPorts = {
  readonly store: Pick<Store, "mailboxes" | "changesSince" | "fetch" | "content">;
  readonly lessons: Lessons;
  readonly campaigns: Campaigns;
  readonly reported: Reported;
  readonly tenants: Tenants;
  /** Campaigns or reported domains have changed. */
  readonly opinionsChanged: () => void;
  readonly model: () => ModelState | undefined;
  /** Odds from which mail is junk for the account. */
  readonly threshold: (account: AccountId) => number;
  readonly read: (bytes: Uint8Array, reading: Reading) => Promise<Asked>;
  /** Told what a person has said of a message by moving or marking it; `spam` false: the opposite, or that it was no spam after all. */
  readonly moved?: ((account: AccountId, bytes: Uint8Array, spam: boolean) => Promise<void>) | undefined;
  readonly now: () => Instant;
  readonly log: Log;
};

/** Changes that come together are looked at together. */
const pauseMs = 150;
/** Messages of one mailbox that one look takes, the newest. */
const maxLooked = 300;
/** How far back the first look at an account goes: a copy comes before the removal that tells of it. */
const lookBack = 40;
/** Mail that was filed within this time of its arrival was filed by delivery; asked only of mail from before the server started. */
const deliveryMs = 5_000;
/** Deliveries into other mailboxes than the inbox that are remembered. */
const maxDelivered = 50_000;
const inboxId = 1;

/** Whose mail it is, lower case; undefined where that was not proved when it came. */
function senderOf(bytes: Uint8Array): string | undefined {
  const header = splitHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  const from = mailboxesOf(headerValue(header, "from") ?? "", 1)[0];
  return from === undefined || wasUnproved(header.text) ? undefined : `${from.local}@${from.domain}`.toLowerCase();
}

type Waiting = { from: number; timer: NodeJS.Timeout | undefined; running: boolean };

export class Learner {
  readonly #ports: LearnerPorts;
  readonly #roles = new Map<AccountId, Promise<ReadonlyMap<MailboxId, Mailbox>>>();
  readonly #waiting = new Map<AccountId, Waiting>();
  readonly #seen = new Map<AccountId, number>();
  /** Whether it was filed in Junk, by account and email. */
  readonly #delivered = new Map<string, boolean>();
  readonly #started: Instant;

  constructor(ports: LearnerPorts) {
    this.#ports = ports;
    this.#started = ports.now();
  }

  /** A message that delivery filed elsewhere than in the inbox. */
  filed(account: AccountId, email: EmailId, inJunk: boolean): void {
    if (this.#delivered.size >= maxDelivered) this.#delivered.clear();
    this.#delivered.set(`${account} ${email}`, inJunk);
  }

  /** Told of every change of the store; returns at once. */
  changed(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === "mailboxes") this.#roles.delete(change.account);
      else if (change.kind === "mail" && change.mailbox !== inboxId)
        this.#mailbox(change.account, change.mailbox)
          .then((mailbox) => {
            if (mailbox?.role === "junk") this.look(change.account, change.modseq);
          })
          .catch((error: unknown) => this.#ports.log.error({ error }, "mailboxes cannot be read"));
    }
  }

  /** Looks at what has changed in the account since shortly before `modseq`. */
  look(account: AccountId, modseq: number): void {
    const waiting = this.#waiting.get(account) ?? { from: Number.MAX_SAFE_INTEGER, timer: undefined, running: false };
    this.#waiting.set(account, waiting);
    waiting.from = Math.min(waiting.from, this.#seen.get(account) ?? Math.max(0, modseq - lookBack));
    if (waiting.running) return;
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => void this.#run(account, waiting), pauseMs).unref();
  }

  /** Ends when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  async #run(account: AccountId, waiting: Waiting): Promise<void> {
    waiting.running = true;
    const from = waiting.from;
    waiting.from = Number.MAX_SAFE_INTEGER;
    try {
      await this.#review(account, from);
    } catch (error) {
      this.#ports.log.error({ account, error }, "the filter could not learn; it tries again at the next change");
    }
    waiting.running = false;
    if (waiting.from === Number.MAX_SAFE_INTEGER) this.#waiting.delete(account);
    else this.look(account, waiting.from);
  }

  async #review(account: AccountId, since: number): Promise<void> {
    const { store, now } = this.#ports;
    const wishes = new Map<EmailId, { wish: Wish; readonly content: number }>();
    let highest = since;
    for (const mailbox of (await this.#mailboxes(account)).values()) {
      const changes = await store.changesSince(account, mailbox.id, since);
      if (changes.kind !== "done") continue;
      highest = Math.max(highest, changes.highestModseq);
      const uids = changes.changed.map(({ uid }) => uid).slice(-maxLooked);
      if (uids.length === 0) continue;
      const wanted = new Set(uids);
      let next: number | undefined = uids[0]!;
      while (next !== undefined) {
        const page: Awaited<ReturnType<typeof store.fetch>> = await store.fetch(
          account,
          mailbox.id,
          [[next, uids.at(-1)!]],
          ["marks", "email", "header", "receivedAt"],
        );
        next = page.next;
        for (const row of page.rows) {
          if (!wanted.has(row.uid)) continue;
          const wish = wishOf({
            role: mailbox.role,
            keywords: row.keywords,
            verdict: verdictIn(Buffer.from(row.header ?? new Uint8Array()).toString("latin1")),
            delivered:
              row.savedAt > this.#started
                ? this.#delivered.has(`${account} ${row.email}`)
                : row.savedAt - row.receivedAt < deliveryMs,
            junked: this.#delivered.get(`${account} ${row.email}`) === true,
          });
          const before = wishes.get(row.email)?.wish;
          // A copy outside Junk speaks louder than one that was left behind there.
          if (wish !== undefined && (before === undefined || before === "nothing" || wish === "ham"))
            wishes.set(row.email, { wish, content: row.content });
        }
      }
    }
    this.#seen.set(account, highest);
    for (const [email, { wish, content }] of wishes) await this.#fulfil(account, email, wish, content, now());
  }

  async #fulfil(account: AccountId, email: EmailId, wish: Wish, content: number, at: Instant): Promise<void> {
    const before = await this.#ports.lessons.of(account, email);
    const has = before === undefined ? "nothing" : before.spam ? "spam" : "ham";
    if (wish === undefined || wish === has) return;
    const bytes = await this.#ports.store.content(content);
    if (bytes === undefined) return;
    await this.#learn(account, email, bytes, wish, at);
    // Spam that was rescued and put back is as it was: nobody has said anything new.
    if (wish !== "nothing" || before?.spam === true) await this.#ports.moved?.(account, bytes, wish === "spam");
    this.#ports.log.info({ account, email, wish, before: has }, "the filter learned from a person");
  }

  /** What a person says of a message that lies in no mailbox (the quarantine). Resolves when it is durable. */
  async told(account: AccountId, bytes: Uint8Array, spam: boolean): Promise<void> {
    // A key that no email has: the same bytes are the same lesson.
    const key = -1 - hashText(Buffer.from(bytes).toString("latin1", 0, 65_536));
    await this.#learn(account, key, bytes, spam ? "spam" : "ham", this.#ports.now());
  }

  async #learn(
    account: AccountId,
    email: EmailId,
    bytes: Uint8Array,
    wish: "spam" | "ham" | "nothing",
    at: Instant,
  ): Promise<void> {
    const { lessons, campaigns, reported, tenants, opinionsChanged, model, threshold, read } = this.#ports;
    // As the next one will be judged: after good mail its sender is known, after spam that was taken for good too.
    const asked = await read(bytes, { known: { seenBefore: wish === "spam" } });
    const { features, print, domains } = asked;
    const { odds } = judgeMessage(asked, model());
    const before = await lessons.of(account, email);
    await lessons.change(
      account,
      email,
      (personal): Lesson | undefined => {
        if (before !== undefined) unteach(personal, features, before);
        return wish === "nothing" ? undefined : teach(personal, features, wish === "spam", odds, threshold(account));
      },
      senderOf(bytes),
    );
    await tenants.of(account);
    if (print !== undefined) campaigns.vote(print, account, wish === "nothing" ? undefined : wish === "spam", at);
    reported.change(domains, account, before === undefined ? "nothing" : before.spam ? "spam" : "ham", wish);
    opinionsChanged();
  }

  async #mailbox(account: AccountId, id: MailboxId): Promise<Mailbox | undefined> {
    return (await this.#mailboxes(account)).get(id);
  }

  #mailboxes(account: AccountId): Promise<ReadonlyMap<MailboxId, Mailbox>> {
    let known = this.#roles.get(account);
    if (known === undefined) {
      if (this.#roles.size > 10_000) this.#roles.clear();
      known = this.#ports.store.mailboxes(account).then((list) => new Map(list.map((one) => [one.id, one])));
      known.catch(() => this.#roles.delete(account));
      this.#roles.set(account, known);
    }
    return known;
  }
}
