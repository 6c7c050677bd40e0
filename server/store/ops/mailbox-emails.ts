/** Which email each UID of a mailbox is, remembered: what an index says of emails becomes UIDs without a row read for each. */
import type { AccountId, MailboxId } from "../store.ts";
import { type Cells, memory, type Op, one, rows } from "./tx.ts";

/** UIDs, ascending, and beside each its email, its content and its size. Never changed, but replaced by others. */
export type Numbers = {
  readonly uids: Uint32Array;
  readonly emails: Uint32Array;
  readonly contents: Uint32Array;
  readonly sizes: Uint32Array;
};

/** Rows of UID, email, content and size as columns. */
export function numbersOf(found: readonly Cells[]): Numbers {
  const count = found.length;
  const numbers = {
    uids: new Uint32Array(count),
    emails: new Uint32Array(count),
    contents: new Uint32Array(count),
    sizes: new Uint32Array(count),
  };
  for (let at = 0; at < count; at++) {
    const cells = found[at]!;
    numbers.uids[at] = cells[0] as number;
    numbers.emails[at] = cells[1] as number;
    numbers.contents[at] = cells[2] as number;
    numbers.sizes[at] = cells[3] as number;
  }
  return numbers;
}

export type MailboxEmails = Numbers & {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly modseq: number;
};

type State = {
  readonly uidvalidity: number;
  readonly uidnext: number;
  readonly modseq: number;
  readonly messages: number;
  readonly tombstones_from: number;
};

const bytesEach = 16;

/** Undefined where there is no such mailbox. */
export function* mailboxEmails(account: AccountId, mailbox: MailboxId): Op<MailboxEmails | undefined> {
  const state = yield* one<State>(
    "SELECT uidvalidity, uidnext, modseq, messages, tombstones_from FROM mailboxes WHERE account = $1 AND id = $2",
    account,
    mailbox,
  );
  if (state === undefined) return undefined;
  const { mailboxes } = yield* memory();
  const name = `${account}/${mailbox}`;
  const known = mailboxes.get(name);
  // No UID is given twice: with the same next one nothing has come, and with as many messages nothing has gone.
  const same =
    known !== undefined &&
    known.uidValidity === state.uidvalidity &&
    known.uidNext === state.uidnext &&
    known.uids.length === state.messages;
  if (same) return known;
  const caughtUp = known === undefined ? undefined : yield* since(account, mailbox, state, known);
  const now = caughtUp ?? (yield* read(account, mailbox, state, 0));
  mailboxes.put(name, now, now.uids.length * bytesEach);
  return now;
}

/** Whether it is remembered, so that it costs little; it may have to catch up. */
export function* knowsMailbox(account: AccountId, mailbox: MailboxId): Op<boolean> {
  return (yield* memory()).mailboxes.get(`${account}/${mailbox}`) !== undefined;
}

/** What is known, without what has gone, and with what has come since; undefined where that is not to be told. */
function* since(
  account: AccountId,
  mailbox: MailboxId,
  state: State,
  known: MailboxEmails,
): Op<MailboxEmails | undefined> {
  // On PostgreSQL another search may have seen a later state than this one.
  if (known.uidValidity !== state.uidvalidity || known.uidNext > state.uidnext || known.modseq > state.modseq)
    return undefined;
  if (known.modseq < state.tombstones_from) return undefined;
  const fresh = yield* read(account, mailbox, state, known.uidNext);
  const gone = new Set<number>();
  if (known.uids.length + fresh.uids.length !== state.messages)
    for (const [uid] of yield* rows(
      "SELECT uid FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq > $3",
      account,
      mailbox,
      known.modseq,
    ))
      gone.add(uid as number);
  const stayed = gone.size === 0 ? known : only(known, (at) => !gone.has(known.uids[at]!));
  if (stayed.uids.length + fresh.uids.length !== state.messages) return undefined;
  return {
    ...fresh,
    uids: joined(stayed.uids, fresh.uids),
    emails: joined(stayed.emails, fresh.emails),
    contents: joined(stayed.contents, fresh.contents),
    sizes: joined(stayed.sizes, fresh.sizes),
  };
}

/** Those of which `stays` holds, asked by their places. */
function only({ uids, emails, contents, sizes }: Numbers, stays: (at: number) => boolean): Numbers {
  const places: number[] = [];
  for (let at = 0; at < uids.length; at++) if (stays(at)) places.push(at);
  const of = (numbers: Uint32Array): Uint32Array => Uint32Array.from(places, (at) => numbers[at]!);
  return { uids: of(uids), emails: of(emails), contents: of(contents), sizes: of(sizes) };
}

function joined(one: Uint32Array, other: Uint32Array): Uint32Array {
  if (other.length === 0) return one;
  const both = new Uint32Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Those from a UID on. */
function* read(account: AccountId, mailbox: MailboxId, state: State, from: number): Op<MailboxEmails> {
  const found = yield* rows(
    "SELECT uid, email, content, size FROM messages WHERE account = $1 AND mailbox = $2 AND uid >= $3 ORDER BY uid",
    account,
    mailbox,
    from,
  );
  return { uidValidity: state.uidvalidity, uidNext: state.uidnext, modseq: state.modseq, ...numbersOf(found) };
}
