/** What every part of the store's contract needs: a store with a domain, accounts at will, and messages by hand. */
import assert from "node:assert/strict";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { segmentOf } from "../../server/extract/segment.ts";
import type {
  Account,
  AccountId,
  Instant,
  Mailbox,
  MailboxId,
  MailboxSnapshot,
  Marks,
  MessageRow,
  NewMessage,
  NewQueued,
  Placed,
  Placement,
  Store,
  Target,
  UidRange,
} from "../../server/store/store.ts";
import { Flag } from "../../server/store/store.ts";

/** A store under test. `reopen` closes it and opens the same data again; `beside` opens the same data in a second process's place. */
export type Opened = {
  readonly store: Store;
  readonly close: () => Promise<void>;
  readonly reopen?: () => Promise<Store>;
  readonly beside?: () => Promise<Store>;
};
export type Open = () => Promise<Opened>;

export const noon: Instant = Date.UTC(2026, 5, 1, 12);
export const day = 86_400_000;
export const all: readonly UidRange[] = [[1, 0xffffffff]];
export const unmarked: Marks = { flags: 0, keywords: [] };
export const marks = (flags: number, ...keywords: string[]): Marks => ({ flags, keywords });
export const only = (...uids: number[]): readonly UidRange[] => uids.map((uid) => [uid, uid]);

export type Letter = {
  readonly subject?: string;
  readonly id?: string;
  readonly references?: readonly string[];
  readonly sentAt?: Instant;
  readonly body?: string;
  readonly from?: string;
};

let letters = 0;

/** A message with facts made by hand: what the store keeps must not depend on the MIME code. */
export function letter(given: Letter = {}): NewMessage {
  letters += 1;
  const id = given.id ?? `letter-${letters}@contract.test`;
  const subject = given.subject ?? `Letter ${letters}`;
  const from = given.from ?? "Ann <ann@contract.test>";
  const header = [
    `From: ${from}`,
    `Subject: ${subject}`,
    `Message-ID: <${id}>`,
    ...(given.references?.length ? [`References: ${given.references.map((known) => `<${known}>`).join(" ")}`] : []),
    ...(given.sentAt === undefined ? [] : [`Date: ${new Date(given.sentAt).toUTCString().replace("GMT", "+0000")}`]),
    "",
    "",
  ].join("\r\n");
  const bytes = Buffer.from(`${header}${given.body ?? `Hello, this is letter ${letters}.\r\n`}`);
  const facts: MessageFacts = {
    headerBytes: Buffer.byteLength(header),
    envelope: `(NIL ${JSON.stringify(subject)} NIL NIL NIL NIL NIL NIL NIL "<${id}>")`,
    structure: '("TEXT" "PLAIN" ("CHARSET" "us-ascii") NIL NIL "7BIT" 10 1 NIL NIL NIL NIL)',
    subject,
    sentAt: given.sentAt,
    messageId: id,
    references: given.references ?? [],
    hasAttachment: false,
    signature: new Uint8Array(0),
  };
  return { bytes, facts };
}

export const domainName = "contract.test";
let people = 0;

/** A new account in `contract.test` (made when missing). */
export async function newAccount(store: Store, quotaBytes = 0): Promise<Account> {
  const person = (people += 1);
  await store.putDomain({ name: domainName, kind: "local", settings: {} });
  const made = await store.createAccount(
    { name: `person${person}@${domainName}`, displayName: `Person ${person}`, role: "user", quotaBytes },
    [],
    noon,
  );
  assert.equal(made.kind, "done");
  return made.kind === "done" ? made.account : assert.fail();
}

export async function mailboxAt(store: Store, account: AccountId, path: string): Promise<Mailbox> {
  const found = (await store.mailboxes(account)).find((mailbox) => mailbox.path === path);
  assert.ok(found, `a mailbox ${path}`);
  return found;
}

export const inboxOf = async (store: Store, account: AccountId): Promise<MailboxId> =>
  (await mailboxAt(store, account, "INBOX")).id;

/** The mailbox at `path`, made when missing. */
export async function made(store: Store, account: AccountId, path: string): Promise<MailboxId> {
  const edit = await store.createMailbox(account, path);
  assert.equal(edit.kind, "done", `create ${path}`);
  return edit.kind === "done" ? edit.mailbox.id : assert.fail();
}

export function placement(account: AccountId, target: Target, given: Partial<Placement> = {}): Placement {
  return { account, target, marks: unmarked, receivedAt: noon, ...given };
}

/** Delivers one letter to one mailbox and answers where it went. */
export async function deliver(
  store: Store,
  account: AccountId,
  mailbox: MailboxId,
  given: Letter & { readonly marks?: Marks; readonly receivedAt?: Instant } = {},
): Promise<Extract<Placed, { kind: "placed" }>> {
  const accepted = await store.accept({
    message: letter(given),
    placements: [
      placement(account, { id: mailbox }, { marks: given.marks ?? unmarked, receivedAt: given.receivedAt ?? noon }),
    ],
    journey: [],
  });
  return placedOf(accepted.placed[0]);
}

/** Delivers `count` letters, in order. */
export async function deliverMany(store: Store, account: AccountId, mailbox: MailboxId, count: number): Promise<void> {
  const appended = await store.append(
    account,
    mailbox,
    Array.from({ length: count }, () => ({ ...letter(), marks: unmarked, receivedAt: noon })),
  );
  assert.equal(appended.kind, "done");
}

export function placedOf(placed: Placed | undefined): Extract<Placed, { kind: "placed" }> {
  assert.equal(placed?.kind, "placed");
  return placed?.kind === "placed" ? placed : assert.fail();
}

/** The value of a union's case `kind`, asserted. */
export function expectKind<T extends { readonly kind: string }, K extends T["kind"]>(
  value: T,
  kind: K,
): Extract<T, { readonly kind: K }> {
  assert.equal(value.kind, kind, JSON.stringify(value));
  return value as Extract<T, { readonly kind: K }>;
}

export async function snapshot(store: Store, account: AccountId, mailbox: MailboxId): Promise<MailboxSnapshot> {
  const opened = await store.openMailbox(account, mailbox);
  assert.ok("uids" in opened, "the mailbox is there");
  return opened;
}

/** Every row of a mailbox, over as many pages as it takes. */
export async function rows(
  store: Store,
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[] = all,
): Promise<MessageRow[]> {
  const found: MessageRow[] = [];
  for (let from: number | undefined = 1; from !== undefined; ) {
    const low: number = from;
    const rest = uids.filter(([, high]) => high >= low).map(([a, b]): UidRange => [Math.max(a, low), b]);
    const page = await store.fetch(account, mailbox, rest, ["marks"]);
    found.push(...page.rows);
    assert.ok(page.next === undefined || page.next > low, "paging moves on");
    from = page.next;
  }
  return found;
}

/** What a mailbox says about itself must be what a recount says. */
export async function recount(store: Store, account: AccountId): Promise<void> {
  let usedBytes = 0;
  const contents = new Map<string, number>();
  for (const mailbox of await store.mailboxes(account)) {
    const found = await rows(store, account, mailbox.id);
    const opened = await snapshot(store, account, mailbox.id);
    const says = (name: string) => `${mailbox.path}: ${name}`;
    assert.deepEqual(
      [...opened.uids],
      found.map((row) => row.uid),
      says("uids"),
    );
    assert.equal(mailbox.messages, found.length, says("messages"));
    assert.equal(mailbox.unseen, found.filter((row) => (row.flags & Flag.seen) === 0).length, says("unseen"));
    assert.equal(mailbox.deleted, found.filter((row) => (row.flags & Flag.deleted) !== 0).length, says("deleted"));
    assert.equal(
      mailbox.sizeBytes,
      found.reduce((sum, row) => sum + row.sizeBytes, 0),
      says("sizeBytes"),
    );
    const unseen = found.findIndex((row) => (row.flags & Flag.seen) === 0);
    assert.equal(opened.firstUnseen, unseen < 0 ? undefined : unseen + 1, says("firstUnseen"));
    assert.ok(mailbox.uidNext > (found.at(-1)?.uid ?? 0), says("uidNext"));
    assert.ok(mailbox.highestModseq >= Math.max(0, ...found.map((row) => row.modseq)), says("highestModseq"));
    for (const row of found) {
      usedBytes += row.sizeBytes;
      contents.set(`${mailbox.id}/${row.uid}`, row.sizeBytes);
    }
  }
  const [account_] = await store.accounts({ id: account });
  assert.equal(account_?.usedBytes, usedBytes, "usedBytes");
  assert.equal(account_?.usedMessages, contents.size, "usedMessages");
}

export function newQueued(given: Partial<NewQueued> & { readonly to?: readonly string[] } = {}): NewQueued {
  const { to = ["bob@far.test"], ...rest } = given;
  return {
    envelopeFrom: `ann@${domainName}`,
    recipients: to.map((address) => ({
      address,
      domain: address.slice(address.lastIndexOf("@") + 1).toLowerCase(),
      orcpt: undefined,
      notify: undefined,
    })),
    envid: undefined,
    ret: undefined,
    smtputf8: false,
    body: "7bit",
    requireTls: false,
    account: undefined,
    stream: "default",
    createdAt: noon,
    notBefore: noon,
    expiresAt: noon + 5 * day,
    held: false,
    lease: undefined,
    ...rest,
  };
}

/** One portion of the index, as the indexer makes it. */
export async function index(store: Store, account: AccountId, max: number): Promise<boolean> {
  const { messages, after, upTo, more } = await store.wordsInput(account, undefined, max);
  if (upTo === after) return false;
  const { blocks, words, grams } = await segmentOf({ messages });
  let segment = 0;
  for (const block of blocks) segment = await store.wordsLay(account, segment, [block]);
  assert.equal(await store.wordsJoin(account, segment, after, upTo, { emails: messages.length, words, grams }), "done");
  return more;
}

/** A small fast generator (mulberry32): the same seed gives the same story again. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
