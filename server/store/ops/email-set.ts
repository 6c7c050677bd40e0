/** Emails come into several mailboxes at once, and many of them are changed together: JMAP's writing. */
import type { EmailAdded, EmailEdit, EmailEdited, EmailsSet } from "../jmap.ts";
import { type AccountId, type EmailId, Flag, type FlagBits, type MailboxId, type Marks } from "../store.ts";
import { insertContent } from "./contents.ts";
import { jmapKeywords, mailState } from "./email-rows.ts";
import type { KeptMessage } from "./kept.ts";
import { adoptKeywords, keywordText } from "./keywords.ts";
import { lockAccount, type MailboxRow, mailboxRow, nextModseq } from "./mailbox-tree.ts";
import { insertMessage } from "./place.ts";
import { rangesOf, within } from "./ranges.ts";
import { joinThread, threadHashes } from "./threads.ts";
import { remove, type Taken, touchMailbox } from "./transfer.ts";
import { now, type Op, one, publish, rows, run } from "./tx.ts";

export function* emailAdd(
  account: AccountId,
  message: KeptMessage,
  mailboxes: readonly MailboxId[],
  marks: Marks,
  receivedAt: number,
): Op<EmailAdded> {
  if (mailboxes.length === 0 || !(yield* lockAccount(account))) return { kind: "no-mailbox" };
  const places: { readonly id: MailboxId; readonly keywords: string }[] = [];
  for (const id of mailboxes) {
    if ((yield* mailboxRow(account, id)) === undefined) return { kind: "no-mailbox" };
    const keywords = yield* adoptKeywords(account, id, marks.keywords);
    if (keywords === "too-many") return { kind: "too-many-keywords" };
    places.push({ id, keywords: keywordText(keywords) });
  }
  const { sizeBytes } = message.stored;
  const owner = yield* one<{ modseq: number; next_email: number }>(
    `UPDATE accounts SET used_bytes = used_bytes + $2, used_messages = used_messages + $3, modseq = modseq + 1,
       next_email = next_email + 1
     WHERE id = $1 AND (quota_bytes = 0 OR used_bytes + $2 <= quota_bytes) RETURNING modseq, next_email`,
    account,
    sizeBytes * places.length,
    places.length,
  );
  if (owner === undefined) return { kind: "over-quota" };
  const email = owner.next_email - 1;
  const content = yield* insertContent(message, places.length);
  const thread = yield* joinThread(account, email, threadHashes(message.facts));
  const row: NewRow = {
    email,
    thread,
    content,
    flags: marks.flags,
    receivedAt,
    size: sizeBytes,
    shared: places.length > 1 ? 1 : 0,
  };
  const savedAt = yield* now();
  for (const { id, keywords } of places) {
    yield* insertRow(account, id, row, keywords, owner.modseq, savedAt);
    yield* publish({ kind: "mail", account, mailbox: id, modseq: owner.modseq });
  }
  return { kind: "done", email, thread, content, sizeBytes };
}

type NewRow = {
  readonly email: EmailId;
  readonly thread: number;
  readonly content: number;
  readonly flags: FlagBits;
  readonly receivedAt: number;
  readonly size: number;
  readonly shared: 0 | 1;
};

function* insertRow(
  account: AccountId,
  mailbox: MailboxId,
  row: NewRow,
  keywords: string,
  modseq: number,
  savedAt: number,
): Op<void> {
  const taken = yield* one<{ uidnext: number }>(
    `UPDATE mailboxes SET uidnext = uidnext + 1, messages = messages + 1, unseen = unseen + $3, size = size + $4, modseq = $5
     WHERE account = $1 AND id = $2 RETURNING uidnext`,
    account,
    mailbox,
    (row.flags & Flag.seen) === 0 ? 1 : 0,
    row.size,
    modseq,
  );
  if (taken === undefined) throw new Error(`Mailbox ${mailbox} is not there.`);
  const { email, thread, content, flags, receivedAt, size, shared } = row;
  const uid = taken.uidnext - 1;
  yield* insertMessage(
    account,
    mailbox,
    uid,
    email,
    thread,
    content,
    flags,
    keywords,
    modseq,
    receivedAt,
    savedAt,
    size,
    shared,
  );
}

// ---------------------------------------------------------------- changing

type Row = {
  readonly email: EmailId;
  readonly mailbox: MailboxId;
  readonly uid: number;
  readonly thread: number;
  readonly content: number;
  readonly flags: FlagBits;
  readonly keywords: string;
  readonly size: number;
  readonly receivedAt: number;
  readonly shared: number;
};

/** What is to be done, worked out before anything is. */
type Work = {
  readonly leave: Row[];
  readonly remark: { readonly row: Row; readonly marks: Marks }[];
  readonly enter: { readonly mailbox: MailboxId; readonly row: NewRow; readonly marks: Marks }[];
  readonly share: EmailId[];
};

export function* emailsSet(
  account: AccountId,
  edits: readonly EmailEdit[],
  destroy: readonly EmailId[],
  ifState: number | undefined,
): Op<EmailsSet> {
  yield* lockAccount(account);
  const before = yield* mailState(account);
  if (ifState !== undefined && ifState !== before.modseq) return { kind: "state-mismatch" };
  const byEmail = yield* rowsOf(account, [...edits.map(({ email }) => email), ...destroy]);
  const places = new Set(
    (yield* rows("SELECT id FROM mailboxes WHERE account = $1", account)).map(([id]) => id as number),
  );
  const work: Work = { leave: [], remark: [], enter: [], share: [] };
  const edited = edits.map((edit) => planEdit(edit, byEmail.get(edit.email) ?? [], places, work));
  const destroyed = destroy.map((email) => {
    const own = byEmail.get(email) ?? [];
    if (!own.some(isVisible)) return "not-found";
    // What an edit of the same call has planned for it is of no use any more.
    drop(work.remark, ({ row }) => row.email === email);
    drop(work.enter, ({ row }) => row.email === email);
    drop(work.leave, (row) => row.email === email);
    work.leave.push(...own);
    byEmail.delete(email);
    return "done";
  });
  const refusal = yield* perform(account, work);
  const answer = refusal === undefined ? edited : edited.map((one) => (one === "done" ? refusal : one));
  if (refusal !== undefined && destroy.length > 0) {
    // Only what takes away is left to do.
    const only: Work = { leave: [], remark: [], enter: [], share: [] };
    for (const [i, email] of destroy.entries())
      if (destroyed[i] === "done") only.leave.push(...((yield* rowsOf(account, [email])).get(email) ?? []));
    yield* perform(account, only);
  }
  return { kind: "done", edited: answer, destroyed, before, state: yield* mailState(account) };
}

function drop<T>(list: T[], which: (one: T) => boolean): void {
  for (let i = list.length - 1; i >= 0; i--) if (which(list[i] as T)) list.splice(i, 1);
}

const isVisible = (row: Row): boolean => (row.flags & Flag.deleted) === 0;

function* rowsOf(account: AccountId, emails: readonly EmailId[]): Op<Map<EmailId, Row[]>> {
  const found = yield* rows(
    `SELECT m.email, m.mailbox, m.uid, m.thread, m.content, m.flags, m.keywords, m.size, m.received_at, m.shared
     FROM {list $2} l {cross} messages m {by_email} WHERE m.account = $1 AND m.email = l.value`,
    account,
    JSON.stringify([...new Set(emails)]),
  );
  const byEmail = new Map<EmailId, Row[]>();
  for (const cells of found as readonly (readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    string,
    number,
    number,
    number,
  ])[]) {
    const [email, mailbox, uid, thread, content, flags, keywords, size, receivedAt, shared] = cells;
    const row: Row = { email, mailbox, uid, thread, content, flags, keywords, size, receivedAt, shared };
    const list = byEmail.get(email);
    if (list === undefined) byEmail.set(email, [row]);
    else list.push(row);
  }
  return byEmail;
}

function planEdit(edit: EmailEdit, own: readonly Row[], places: ReadonlySet<MailboxId>, work: Work): EmailEdited {
  const there = own.filter(isVisible);
  const sample = there[0];
  if (sample === undefined) return "not-found";
  let flags = 0;
  const keywords = new Set<string>();
  for (const row of there) {
    flags |= row.flags;
    for (const keyword of jmapKeywords(row.keywords)) keywords.add(keyword);
  }
  const { marks } = edit;
  let after: Marks = { flags, keywords: [...keywords] };
  if (marks !== undefined && "set" in marks) after = marks.set;
  else if (marks !== undefined) {
    for (const keyword of marks.remove.keywords) keywords.delete(keyword);
    for (const keyword of marks.add.keywords) keywords.add(keyword);
    after = { flags: (flags & ~marks.remove.flags) | marks.add.flags, keywords: [...keywords] };
  }
  const current = new Set(there.map(({ mailbox }) => mailbox));
  let target = current;
  if (edit.mailboxes !== undefined) {
    target = new Set("set" in edit.mailboxes ? edit.mailboxes.set : current);
    if ("add" in edit.mailboxes) {
      for (const id of edit.mailboxes.remove) target.delete(id);
      for (const id of edit.mailboxes.add) target.add(id);
    }
    for (const id of target) if (!places.has(id)) return "no-mailbox";
    if (target.size === 0) return "homeless";
  }
  const entering = [...target].filter((id) => !current.has(id));
  const staying = there.filter(({ mailbox }) => target.has(mailbox));
  work.leave.push(...there.filter(({ mailbox }) => !target.has(mailbox)));
  // A copy that leaves takes no keyword of the email with it.
  if (marks !== undefined || staying.length < there.length)
    for (const row of staying) work.remark.push({ row, marks: after });
  const shared = sample.shared === 1 || staying.length + entering.length > 1 ? 1 : 0;
  if (shared === 1 && staying.some((row) => row.shared === 0)) work.share.push(edit.email);
  const { email, thread, content, size, receivedAt } = sample;
  for (const mailbox of entering)
    work.enter.push({
      mailbox,
      row: { email, thread, content, flags: after.flags, receivedAt, size, shared },
      marks: after,
    });
  return "done";
}

/** Does the work, all of it or nothing. */
function* perform(account: AccountId, work: Work): Op<"over-quota" | "too-many-keywords" | undefined> {
  const bytes = (list: readonly { readonly size: number }[]) => list.reduce((sum, { size }) => sum + size, 0);
  const growth = bytes(work.enter.map(({ row }) => row)) - bytes(work.leave);
  // Keywords are adopted first: what a mailbox cannot take is seen before anything has changed.
  const named = new Map<string, string>();
  const textIn = (mailbox: MailboxId, marks: Marks) => named.get(`${mailbox} ${marks.keywords.join(" ")}`) ?? "";
  for (const { mailbox, marks } of [
    ...work.remark.map(({ row, marks }) => ({ mailbox: row.mailbox, marks })),
    ...work.enter,
  ]) {
    const name = `${mailbox} ${marks.keywords.join(" ")}`;
    if (named.has(name)) continue;
    const adopted = yield* adoptKeywords(account, mailbox, marks.keywords);
    if (adopted === "too-many") return "too-many-keywords";
    named.set(name, keywordText(adopted));
  }
  const remark = work.remark.filter(
    ({ row, marks }) => row.flags !== marks.flags || row.keywords !== textIn(row.mailbox, marks),
  );
  if (remark.length === 0 && work.enter.length === 0 && work.leave.length === 0) return undefined;
  const paid = yield* run(
    `UPDATE accounts SET used_bytes = used_bytes + $2, used_messages = used_messages + $3
     WHERE id = $1 AND (quota_bytes = 0 OR $2 <= 0 OR used_bytes + $2 <= quota_bytes)`,
    account,
    growth,
    work.enter.length - work.leave.length,
  );
  if (paid === 0) return "over-quota";
  const modseq = yield* nextModseq(account);
  const savedAt = yield* now();
  const touched = new Set<MailboxId>();
  for (const { mailbox, row, marks } of work.enter) {
    touched.add(mailbox);
    yield* run("UPDATE contents SET refs = refs + 1 WHERE id = $1", row.content);
    yield* insertRow(account, mailbox, row, textIn(mailbox, marks), modseq, savedAt);
  }
  for (const [mailbox, list] of Map.groupBy(work.leave, (row) => row.mailbox)) {
    touched.add(mailbox);
    yield* leave(account, (yield* mailboxRow(account, mailbox)) as MailboxRow, list, modseq);
  }
  for (const [mailbox, list] of Map.groupBy(remark, ({ row }) => row.mailbox)) {
    touched.add(mailbox);
    const groups = Map.groupBy(list, ({ marks }) => `${marks.flags} ${textIn(mailbox, marks)}`);
    for (const group of groups.values()) {
      const { marks } = group[0] as (typeof group)[number];
      const exact = within(account, mailbox, rangesOf(group.map(({ row }) => row.uid).sort((a, b) => a - b)));
      yield* run(
        `UPDATE messages SET flags = $5, keywords = $6, modseq = $7 WHERE ${exact.own}`,
        ...exact.params,
        marks.flags,
        textIn(mailbox, marks),
        modseq,
      );
    }
    const unseen = list.reduce((sum, { row, marks }) => sum + (row.flags & Flag.seen) - (marks.flags & Flag.seen), 0);
    yield* run(
      "UPDATE mailboxes SET unseen = unseen + $3, modseq = $4 WHERE account = $1 AND id = $2",
      account,
      mailbox,
      unseen,
      modseq,
    );
  }
  // Copies that were so already: what is unread in their mailboxes may have changed with the others.
  const changed = new Set([...remark.map(({ row }) => row.email), ...work.leave.map(({ email }) => email)]);
  for (const { row } of work.remark)
    if (row.shared === 1 && changed.has(row.email) && !touched.has(row.mailbox)) {
      touched.add(row.mailbox);
      yield* touchMailbox(account, row.mailbox, modseq);
    }
  if (work.share.length > 0)
    yield* run(
      `UPDATE messages {by_email} SET shared = 1 WHERE account = $1 AND email IN {list $2} AND shared = 0`,
      account,
      JSON.stringify(work.share),
    );
  for (const mailbox of touched) yield* publish({ kind: "mail", account, mailbox, modseq });
  return undefined;
}

function* leave(account: AccountId, mailbox: MailboxRow, list: readonly Row[], modseq: number): Op<void> {
  const uids = list.map(({ uid }) => uid).sort((a, b) => a - b);
  const taken: Taken = {
    uids,
    size: list.reduce((sum, { size }) => sum + size, 0),
    unseen: list.filter(({ flags }) => (flags & Flag.seen) === 0).length,
    deleted: list.filter(({ flags }) => (flags & Flag.deleted) !== 0).length,
  };
  const part = within(account, mailbox.id, rangesOf(uids));
  yield* run(
    `UPDATE contents SET refs = refs - d.n
     FROM (SELECT m.content, count(*) AS n FROM ${part.from} WHERE ${part.where} GROUP BY m.content) AS d
     WHERE contents.id = d.content`,
    ...part.params,
  );
  yield* remove(mailbox, part, "", taken, modseq);
}
