/** What has changed in an account's mail since a moment, in pieces that grow with what is answered and with nothing else. */
import type { Changes, MailboxesChanges, MailState } from "../jmap.ts";
import { type AccountId, type EmailId, Flag, type MailboxId, type ThreadId } from "../store.ts";
import { mailState } from "./email-rows.ts";
import { all, type Op, one, rows } from "./tx.ts";

/** One email was touched: by an expunge (`gone`, its thread known) or otherwise. */
type Touch = {
  readonly modseq: number;
  readonly email: EmailId;
  readonly thread: ThreadId;
  readonly gone: boolean;
  /** It was \Deleted, and is no more. */
  readonly back: boolean;
};
type Touches = {
  /** In the order of (modseq, email); of an email touched more than once, the last. */
  readonly touches: readonly Touch[];
  /** Undefined where these are all. */
  readonly upTo: { readonly modseq: number; readonly email: EmailId } | undefined;
};

type Place = { readonly id: MailboxId };

/** Undefined where what went since then is forgotten. */
export function* touchesSince(account: AccountId, since: MailState, max: number): Op<Touches | undefined> {
  const known = yield* one<{ changes_from: number }>("SELECT changes_from FROM accounts WHERE id = $1", account);
  if (known === undefined || since.modseq < known.changes_from) return undefined;
  // A mailbox that is younger than `since` has lost nothing that could matter.
  const lost = yield* one(
    "SELECT id FROM mailboxes WHERE account = $1 AND tombstones_from > $2 AND created_modseq <= $2 LIMIT 1",
    account,
    since.modseq,
  );
  if (lost !== undefined) return undefined;
  const from = since.after === undefined ? since.modseq + 1 : since.modseq;
  const places = [
    ...(yield* all<Place & { [column: string]: number }>(
      "SELECT id FROM mailboxes WHERE account = $1 AND modseq >= $2",
      account,
      from,
    )),
    ...(yield* all<Place & { [column: string]: number }>(
      "SELECT id FROM gone_mailboxes WHERE account = $1 AND modseq >= $2",
      account,
      from,
    )),
  ];
  const limit = max + 1;
  const found: Touch[] = [];
  let horizon = Number.POSITIVE_INFINITY;
  const take = (list: readonly Touch[]) => {
    for (const touch of list) found.push(touch);
    if (list.length === limit) horizon = Math.min(horizon, (list.at(-1) as Touch).modseq);
  };
  for (const { id } of places) {
    take(yield* changedIn(account, id, from, Number.MAX_SAFE_INTEGER, limit));
    take(yield* cameInto(account, id, from, Number.MAX_SAFE_INTEGER, limit));
    take(yield* wentFrom(account, id, from, Number.MAX_SAFE_INTEGER, limit));
  }
  let complete = horizon === Number.POSITIVE_INFINITY ? found : found.filter(({ modseq }) => modseq < horizon);
  const isNew = ({ modseq, email }: Touch) => since.after === undefined || modseq > since.modseq || email > since.after;
  complete = complete.filter(isNew);
  if (complete.length === 0 && horizon !== Number.POSITIVE_INFINITY) {
    // One step alone touched more than is asked for: it is taken whole, and answered in pieces.
    for (const { id } of places) {
      complete.push(...(yield* changedIn(account, id, horizon, horizon, noLimit)));
      complete.push(...(yield* cameInto(account, id, horizon, horizon, noLimit)));
      complete.push(...(yield* wentFrom(account, id, horizon, horizon, noLimit)));
    }
    complete = complete.filter(isNew);
  }
  // What remains of an email counts more than where it went from.
  complete.sort((a, b) => a.modseq - b.modseq || a.email - b.email || Number(b.gone) - Number(a.gone));
  const last = new Map<EmailId, Touch>();
  for (const touch of complete) {
    const before = last.get(touch.email);
    last.delete(touch.email);
    last.set(touch.email, before?.back === true ? { ...touch, back: true } : touch);
  }
  const touches = [...last.values()];
  const isAll = horizon === Number.POSITIVE_INFINITY;
  if (touches.length <= max && isAll) return { touches, upTo: undefined };
  const cut = touches.slice(0, max);
  const end = cut.at(-1);
  if (end === undefined) return { touches: [], upTo: undefined };
  return { touches: cut, upTo: { modseq: end.modseq, email: end.email } };
}

const noLimit = 0xffffffff;

const touched = (cells: readonly unknown[], gone: boolean): Touch => ({
  modseq: cells[0] as number,
  email: cells[1] as number,
  thread: cells[2] as number,
  gone: gone && (cells[3] as number) > 0,
  back: gone && (cells[3] as number) < 0,
});

export function* changedIn(account: number, mailbox: number, low: number, high: number, limit: number): Op<Touch[]> {
  return (yield* rows(
    `SELECT modseq, email, thread FROM messages WHERE account = $1 AND mailbox = $2 AND modseq BETWEEN $3 AND $4
       AND modseq > created_modseq ORDER BY modseq, uid LIMIT $5`,
    account,
    mailbox,
    low,
    high,
    limit,
  )).map((cells) => touched(cells, false));
}

export function* wentFrom(account: number, mailbox: number, low: number, high: number, limit: number): Op<Touch[]> {
  return (yield* rows(
    `SELECT modseq, email, thread, uid FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq BETWEEN $3 AND $4
     ORDER BY modseq, uid LIMIT $5`,
    account,
    mailbox,
    low,
    high,
    limit,
  )).map((cells) => touched(cells, true));
}

/** The first UID of the messages that came with this mod-sequence or later: UIDs ascend with it, so that it is found by halving. */
export function* firstSince(account: number, mailbox: number, low: number): Op<number> {
  const last = yield* one<{ uid: number | null }>(
    "SELECT max(uid) AS uid FROM messages WHERE account = $1 AND mailbox = $2",
    account,
    mailbox,
  );
  let [from, to] = [1, (last?.uid ?? 0) + 1]; // The answer is in from…to, `to` for none.
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    const next = yield* one<{ uid: number; created_modseq: number }>(
      "SELECT uid, created_modseq FROM messages WHERE account = $1 AND mailbox = $2 AND uid >= $3 ORDER BY uid LIMIT 1",
      account,
      mailbox,
      middle,
    );
    if (next === undefined || next.created_modseq >= low) to = middle;
    else from = next.uid + 1;
  }
  return from;
}

/** New messages. */
export function* cameInto(account: number, mailbox: number, low: number, high: number, limit: number): Op<Touch[]> {
  return (yield* rows(
    `SELECT modseq, email, thread FROM messages WHERE account = $1 AND mailbox = $2 AND uid >= $3
       AND created_modseq <= $4 AND modseq = created_modseq ORDER BY uid LIMIT $5`,
    account,
    mailbox,
    yield* firstSince(account, mailbox, low),
    high,
    limit,
  )).map((cells) => touched(cells, false));
}

/** The emails among these that are there. */
function* visibleAmong(account: AccountId, emails: readonly EmailId[]): Op<ReadonlySet<EmailId>> {
  const found = yield* rows(
    `SELECT DISTINCT m.email FROM {list $2} l {cross} messages m {by_email}
     WHERE m.account = $1 AND m.email = l.value AND (m.flags & ${Flag.deleted}) = 0`,
    account,
    JSON.stringify(emails),
  );
  return new Set(found.map(([email]) => email as number));
}

/** Those of the emails (or threads) that a mailbox of these, or one that is gone, has lost since then: to expunging or to \\Deleted. */
export function* lostFrom(
  account: AccountId,
  mailboxes: readonly MailboxId[],
  since: MailState,
  kind: "email" | "thread",
  ids: readonly number[],
): Op<readonly number[]> {
  if (ids.length === 0) return [];
  const asked = new Set(ids);
  const lost = new Set<number>();
  const gone = yield* all<{ id: number }>(
    "SELECT id FROM gone_mailboxes WHERE account = $1 AND modseq >= $2",
    account,
    since.modseq,
  );
  const keep = (found: readonly (readonly unknown[])[]) => {
    for (const [id] of found) if (asked.has(id as number)) lost.add(id as number);
  };
  for (const mailbox of [...mailboxes, ...gone.map(({ id }) => id)]) {
    keep(
      yield* rows(
        `SELECT ${kind} FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq >= $3 AND uid > 0`,
        account,
        mailbox,
        since.modseq,
      ),
    );
    keep(
      yield* rows(
        `SELECT ${kind} FROM messages WHERE account = $1 AND mailbox = $2 AND modseq >= $3 AND (flags & ${Flag.deleted}) <> 0`,
        account,
        mailbox,
        since.modseq,
      ),
    );
  }
  return [...lost];
}

/** Those of the emails whose every copy in these mailboxes was put there since then. */
export function* enteredInto(
  account: AccountId,
  mailboxes: readonly MailboxId[],
  since: MailState,
  emails: readonly EmailId[],
): Op<readonly EmailId[]> {
  if (emails.length === 0 || mailboxes.length === 0) return [];
  const found = yield* rows(
    `SELECT m.email FROM {list $2} l {cross} messages m {by_email}
     WHERE m.account = $1 AND m.email = l.value AND m.mailbox IN {list $3} AND (m.flags & ${Flag.deleted}) = 0
     GROUP BY m.email HAVING min(m.created_modseq) > $4`,
    account,
    JSON.stringify(emails),
    JSON.stringify(mailboxes),
    since.after === undefined ? since.modseq : since.modseq - 1,
  );
  return found.map(([email]) => email as number);
}

export function* emailChanges(account: AccountId, since: MailState, max: number): Op<Changes<EmailId>> {
  const now = yield* mailState(account);
  if (since.modseq > now.modseq) return { kind: "cannot" };
  const found = yield* touchesSince(account, since, max);
  if (found === undefined) return { kind: "cannot" };
  const there = yield* visibleAmong(
    account,
    found.touches.map(({ email }) => email),
  );
  const [created, updated, destroyed]: [EmailId[], EmailId[], EmailId[]] = [[], [], []];
  for (const { email, back } of found.touches) {
    const isThere = there.has(email);
    // What has come back was told to be destroyed, or may have been: a client must get it anew.
    if (email >= since.nextEmail || (back && isThere)) {
      if (isThere) created.push(email);
    } else (isThere ? updated : destroyed).push(email);
  }
  return { kind: "done", created, updated, destroyed, ...next(found, since, now) };
}

/** Where the next piece begins. Until the last one, what was new at first stays so. */
function next(found: Touches, since: MailState, now: MailState): { readonly state: MailState; readonly more: boolean } {
  const { upTo } = found;
  if (upTo === undefined) return { state: now, more: false };
  return { state: { modseq: upTo.modseq, nextEmail: since.nextEmail, after: upTo.email }, more: true };
}

export function* threadChanges(account: AccountId, since: MailState, max: number): Op<Changes<ThreadId>> {
  const now = yield* mailState(account);
  if (since.modseq > now.modseq) return { kind: "cannot" };
  const found = yield* touchesSince(account, since, max);
  if (found === undefined) return { kind: "cannot" };
  const there = yield* visibleAmong(
    account,
    found.touches.map(({ email }) => email),
  );
  // A thread changes when emails come into it or leave it.
  const threads = new Set<ThreadId>();
  for (const { email, thread, back } of found.touches)
    if (thread !== 0 && (email >= since.nextEmail || back || !there.has(email))) threads.add(thread);
  const list = JSON.stringify([...threads]);
  const alive = new Set<ThreadId>();
  for (const [index, where] of [
    ["{by_email}", "x.email = l.value AND x.thread = l.value"],
    ["{by_thread}", "x.thread = l.value AND x.thread <> x.email"],
  ])
    for (const [thread] of yield* rows(
      `SELECT DISTINCT x.thread FROM {list $2} l {cross} messages x ${index}
       WHERE x.account = $1 AND ${where} AND (x.flags & ${Flag.deleted}) = 0`,
      account,
      list,
    ))
      alive.add(thread as number);
  const [created, updated, destroyed]: [ThreadId[], ThreadId[], ThreadId[]] = [[], [], []];
  for (const thread of threads) {
    if (thread >= since.nextEmail) {
      if (alive.has(thread)) created.push(thread);
    } else (alive.has(thread) ? updated : destroyed).push(thread);
  }
  return { kind: "done", created, updated, destroyed, ...next(found, since, now) };
}

export function* mailboxChanges(account: AccountId, since: MailState, max: number): Op<MailboxesChanges> {
  const now = yield* mailState(account);
  const known = yield* one<{ changes_from: number }>("SELECT changes_from FROM accounts WHERE id = $1", account);
  if (known === undefined || since.modseq > now.modseq || since.modseq < known.changes_from) return { kind: "cannot" };
  const found = yield* all<{ id: number; created_modseq: number; changed_modseq: number; at: number }>(
    `SELECT id, created_modseq, changed_modseq,
       CASE WHEN modseq > changed_modseq THEN modseq ELSE changed_modseq END AS at
     FROM mailboxes WHERE account = $1 AND (modseq > $2 OR changed_modseq > $2)`,
    account,
    since.modseq,
  );
  const gone = yield* all<{ id: number; at: number }>(
    "SELECT id, modseq AS at FROM gone_mailboxes WHERE account = $1 AND modseq > $2",
    account,
    since.modseq,
  );
  const steps = [
    ...found.map((row) => ({ ...row, isGone: false })),
    ...gone.map((row) => ({ ...row, isGone: true, created_modseq: 0, changed_modseq: 0 })),
  ].sort((a, b) => a.at - b.at);
  // All steps of one moment belong together; there are never more of them than mailboxes in one operation.
  let end = Math.min(max, steps.length);
  while (end < steps.length && end > 0 && steps[end]?.at === steps[end - 1]?.at) end--;
  if (end === 0 && steps.length > 0) return { kind: "cannot" };
  const piece = steps.slice(0, end);
  const more = end < steps.length;
  const fresh = piece.filter((row) => !row.isGone && row.created_modseq > since.modseq);
  const old = piece.filter((row) => !row.isGone && row.created_modseq <= since.modseq);
  return {
    kind: "done",
    created: fresh.map(({ id }) => id),
    updated: old.map(({ id }) => id),
    destroyed: piece.filter(({ isGone }) => isGone).map(({ id }) => id),
    countsOnly: old.length > 0 && old.every((row) => row.changed_modseq <= since.modseq),
    state: more ? { modseq: (piece.at(-1) as { at: number }).at, nextEmail: since.nextEmail, after: undefined } : now,
    more,
  };
}
