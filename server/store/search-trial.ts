/**
 * Searches that nobody has asked for: code that has not run yet, and an index that has not been read, would make the first ones of people several times as
 * slow as those that follow.
 */

import { type Op, one } from "./ops/tx.ts";
import { Segment } from "./ops/words.ts";
import { searchPacked } from "./search.ts";
import type { AccountId, MailboxId } from "./store.ts";

/** Where there is less mail in the index than this, first searches are fast enough. */
const leastEmails = 1_000;
/** UIDs that are searched: the last ones. */
const lastUids = 1_200;
/** In many messages, in nearly none, and what only a look decides. */
const needles = ["e", "zqxjv", "the zq", " "] as const;

/** Searches the fullest mailbox of the largest index; false where there is none that is worth it yet. */
export function* tryOut(least = leastEmails): Op<boolean> {
  const largest = yield* one<{ readonly account: AccountId }>(
    `SELECT account FROM word_segments WHERE state = ${Segment.read}
     GROUP BY account HAVING sum(emails) >= $1 ORDER BY sum(emails) DESC LIMIT 1`,
    least,
  );
  if (largest === undefined) return false;
  const fullest = yield* one<{ readonly id: MailboxId; readonly uidnext: number }>(
    "SELECT id, uidnext FROM mailboxes WHERE account = $1 ORDER BY messages DESC LIMIT 1",
    largest.account,
  );
  if (fullest === undefined) return true;
  const last = { kind: "uids", uids: [[Math.max(1, fullest.uidnext - lastUids), fullest.uidnext]] } as const;
  for (const needle of needles)
    yield* searchPacked(largest.account, fullest.id, { kind: "and", keys: [last, { kind: "text", needle }] });
  return true;
}
