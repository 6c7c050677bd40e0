/** RFC 8621 §3: which messages belong together. */
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import { baseSubject } from "../../../protocol/mime/subject.ts";
import type { AccountId, EmailId, ThreadId } from "../store.ts";
import { all, type Op, one, run } from "./tx.ts";

/** Of a longer list of references the newest count: they are the ones that others share. */
export const maxThreadReferences = 50;

/** A hash of up to 53 bits, so that it is an exact number everywhere. Not against ill will: a clash joins two threads of one account. */
export function hash53(text: string): number {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** What a message is threaded by: its own id first, then those it refers to, newest first; each together with the base subject. */
export function threadHashes(facts: MessageFacts): readonly number[] {
  const { messageId, references } = facts;
  if (messageId === undefined && references.length === 0) return [];
  const subject = `\0${baseSubject(facts.subject).text.toLowerCase()}`;
  const hashes = new Set<number>();
  if (messageId !== undefined) hashes.add(hash53(messageId + subject));
  for (const id of references.slice(-maxThreadReferences).reverse()) hashes.add(hash53(id + subject));
  return [...hashes];
}

/** The thread of a new email: the oldest that shares an id and the base subject, else its own (`email`). */
export function* joinThread(account: AccountId, email: EmailId, hashes: readonly number[]): Op<ThreadId> {
  const own = hashes[0];
  if (own === undefined) return email;
  if (hashes.length === 1) {
    const isNew = yield* run(
      "INSERT INTO thread_refs (account, hash, thread) VALUES ($1, $2, $3) ON CONFLICT (account, hash) DO NOTHING",
      account,
      own,
      email,
    );
    if (isNew === 1) return email;
    const row = yield* one<{ thread: number }>(
      "SELECT thread FROM thread_refs WHERE account = $1 AND hash = $2",
      account,
      own,
    );
    return row?.thread ?? email;
  }
  const list = JSON.stringify(hashes);
  const known = yield* all<{ hash: number; thread: number }>(
    "SELECT hash, thread FROM thread_refs WHERE account = $1 AND hash IN {list $2}",
    account,
    list,
  );
  const thread = known.reduce((oldest, row) => Math.min(oldest, row.thread), email);
  if (known.length < hashes.length)
    yield* run(
      `INSERT INTO thread_refs (account, hash, thread) SELECT $1, l.value, $3 FROM {list $2} AS l WHERE true
       ON CONFLICT (account, hash) DO NOTHING`,
      account,
      list,
      thread,
    );
  return thread;
}
