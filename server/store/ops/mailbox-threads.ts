/** How many emails of each thread lie in one mailbox: of all threads once, then of those that have been touched since. */
import type { MailboxThreads } from "../jmap.ts";
import { type AccountId, Flag, type MailboxId } from "../store.ts";
import { cameInto, changedIn, wentFrom } from "./email-changes.ts";
import { rowsOfThreads } from "./email-rows.ts";
import { type Op, one, rows } from "./tx.ts";

/** Threads of a mailbox that are told; of more, only their number can be asked (`mailboxCounts`). */
export const maxThreadsTold = 100_000;
/** Changes that are gone through; after more all is counted anew. */
const maxTouches = 1_000;
const unreadMask = Flag.seen | Flag.draft;

/** `since`: a mod-sequence; undefined for all. Answers undefined where it cannot be told so: count all then. */
export function* mailboxThreads(
  account: AccountId,
  mailbox: MailboxId,
  since: number | undefined,
): Op<MailboxThreads | undefined> {
  const row = yield* one<{ modseq: number; tombstones_from: number }>(
    "SELECT modseq, tombstones_from FROM mailboxes WHERE account = $1 AND id = $2",
    account,
    mailbox,
  );
  // Of emails that are in several mailboxes the other copies matter too.
  const shared = yield* one(
    "SELECT m.email FROM messages m {by_shared} WHERE m.account = $1 AND m.mailbox = $2 AND m.shared = 1 LIMIT 1",
    account,
    mailbox,
  );
  if (row === undefined || shared !== undefined) return undefined;
  const { modseq } = row;
  if (since === undefined) {
    const found = yield* rows(
      `SELECT m.thread, count(*), sum(CASE WHEN (m.flags & ${unreadMask}) = 0 THEN 1 ELSE 0 END) FROM messages m
       WHERE m.account = $1 AND m.mailbox = $2 AND (m.flags & ${Flag.deleted}) = 0 GROUP BY m.thread LIMIT ${maxThreadsTold + 1}`,
      account,
      mailbox,
    );
    return found.length > maxThreadsTold ? undefined : { modseq, threads: packed(found) };
  }
  if (row.tombstones_from > since) return undefined;
  const touched = new Map<number, [emails: number, unread: number]>();
  for (const touches of [changedIn, cameInto, wentFrom]) {
    const found = yield* touches(account, mailbox, since + 1, Number.MAX_SAFE_INTEGER, maxTouches + 1);
    if (found.length > maxTouches) return undefined;
    for (const { thread } of found) {
      // Older tombstones do not know it.
      if (thread === 0) return undefined;
      touched.set(thread, [0, 0]);
    }
  }
  for (const [thread, box, flags] of yield* rowsOfThreads(
    account,
    [...touched.keys()],
    "x.thread, x.mailbox, x.flags",
  )) {
    const counts = touched.get(thread as number);
    if (counts === undefined || box !== mailbox) continue;
    counts[0]++;
    if (((flags as number) & unreadMask) === 0) counts[1]++;
  }
  return { modseq, threads: packed([...touched].map(([thread, counts]) => [thread, ...counts])) };
}

function packed(found: readonly (readonly unknown[])[]): Float64Array {
  const threads = new Float64Array(found.length * 3);
  let at = 0;
  for (const cells of found) for (let i = 0; i < 3; i++) threads[at++] = Number(cells[i]);
  return threads;
}
