/**
 * What the filters of grams say of a whole search key: which emails may match. It never leaves one out that does; emails
 * that are in no block yet must be looked at by other means.
 */
import type { BitSet } from "../../protocol/words/email-set.ts";
import { gramSlots } from "../../protocol/words/grams.ts";
import { type GramBlocks, gramBlocks, mayHold } from "./ops/grams.ts";
import { type Op, rows } from "./ops/tx.ts";
import { isOneLine, isSubject } from "./search-bounds.ts";
import type { SearchKey } from "./search-key.ts";
import type { AccountId, EmailId, MailboxId, UidRange } from "./store.ts";

/** More emails than these, or a quarter of all, are not named one by one: then rows are gone through in their order. */
export const maxSifted = 8_192;

export type Sifted = {
  readonly emails: BitSet;
  /** Emails above this one have not been asked. */
  readonly upTo: EmailId;
};

/** Undefined where they say nothing. */
export function* sift(account: AccountId, key: SearchKey): Op<Sifted | undefined> {
  if (!asksGrams(key)) return undefined;
  const blocks = yield* gramBlocks(account);
  if (blocks.upTo === 0) return undefined;
  const emails = yield* ask(account, blocks, key);
  return emails === undefined ? undefined : { emails, upTo: blocks.upTo };
}

function asksGrams(key: SearchKey): boolean {
  switch (key.kind) {
    case "and":
    case "or":
      return key.keys.some(asksGrams);
    case "header":
      return !(isSubject(key.name) && isOneLine(key.needle));
    default:
      return key.kind === "text" || key.kind === "body";
  }
}

function* ask(account: AccountId, blocks: GramBlocks, key: SearchKey): Op<BitSet | undefined> {
  switch (key.kind) {
    case "text":
    case "body":
    case "header": {
      const slots = gramSlots(key.needle);
      return slots.length === 0 ? undefined : yield* mayHold(account, blocks, slots);
    }
    case "and": {
      let all: BitSet | undefined;
      for (const each of key.keys) {
        const found = yield* ask(account, blocks, each);
        if (all === undefined) all = found;
        else if (found !== undefined) all.keep(found);
      }
      return all;
    }
    case "or": {
      let any: BitSet | undefined;
      for (const each of key.keys) {
        const found = yield* ask(account, blocks, each);
        if (found === undefined) return undefined;
        if (any === undefined) any = found;
        else any.join(found);
      }
      return any;
    }
    default:
      return undefined;
  }
}

/** The UIDs of a mailbox, within the ranges, that may match; undefined where all may. */
export function* siftedUids(
  account: AccountId,
  mailbox: MailboxId,
  key: SearchKey,
  ranges: readonly UidRange[],
): Op<readonly UidRange[] | undefined> {
  const sifted = yield* sift(account, key);
  if (sifted === undefined) return undefined;
  const most = Math.max(maxSifted, sifted.upTo >> 2);
  if (sifted.emails.size > most) return undefined;
  const uids = (yield* rows(
    "SELECT m.uid FROM {list $3} l {cross} messages m {by_email} WHERE m.account = $1 AND m.email = l.value AND m.mailbox = $2",
    account,
    mailbox,
    JSON.stringify(sifted.emails.list()),
  )).map(([uid]) => uid as number);
  const later = yield* rows(
    `SELECT m.uid FROM messages m {by_email} WHERE m.account = $1 AND m.email > $2 AND m.mailbox = $3 LIMIT $4`,
    account,
    sifted.upTo,
    mailbox,
    most + 1,
  );
  if (later.length > most) return undefined;
  for (const [uid] of later) uids.push(uid as number);
  uids.sort((one, other) => one - other);
  const kept: UidRange[] = [];
  let range = 0;
  for (const uid of uids) {
    while (range < ranges.length && ranges[range]![1] < uid) range++;
    if (range < ranges.length && ranges[range]![0] <= uid) kept.push([uid, uid]);
  }
  return kept;
}
