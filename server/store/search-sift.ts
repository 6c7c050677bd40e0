/**
 * What the index says of a whole search key: which emails may match. For each run of letters of a needle an email must have a word that
 * holds it, or what the filter has of words that are not in the index. It never leaves one out that matches; emails that are not
 * indexed yet must be looked at by other means.
 */
import { BitSet } from "../../protocol/words/email-set.ts";
import { type NeedlePiece, needleGrams } from "../../protocol/words/grams.ts";
import { everywhere, Place, type Places } from "../../protocol/words/postings.ts";
import { type GramBlocks, gramBlocks, mayHold } from "./ops/grams.ts";
import { addEmails, shortOnes, wordsHolding } from "./ops/holding.ts";
import { type Op, rows } from "./ops/tx.ts";
import { isOneLine, isSubject } from "./search-bounds.ts";
import type { Foreknowledge } from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import type { AccountId, EmailId, MailboxId, UidRange } from "./store.ts";

/** Emails are named one by one where they are so few, or one of so many: else the numbers of all rows are gone through. */
const fewNamed = 256;
const oneOf = 8;
/** Emails that are not indexed yet are named up to so many. */
const maxLater = 8_192;

export type Sifted = {
  /** Emails that may match; undefined where all may. */
  readonly emails: BitSet | undefined;
  /** Emails above this one have not been asked. */
  readonly upTo: EmailId;
  /** What is known of each needle. */
  readonly known: ReadonlyMap<SearchKey, Known>;
};

/** What the index says of one needle. */
export type Known = {
  /** Emails that may hold it; undefined where all may. */
  readonly may: BitSet | undefined;
  /** Emails that hold it for sure. */
  readonly sure: BitSet;
};

/** Undefined where there is no index, or nothing to ask of it. */
export function* sift(account: AccountId, key: SearchKey): Op<Sifted | undefined> {
  if (!asksGrams(key)) return undefined;
  const blocks = yield* gramBlocks(account);
  if (blocks.upTo === 0) return undefined;
  const known = new Map<SearchKey, Known>();
  return { emails: yield* ask(account, blocks, key, known), upTo: blocks.upTo, known };
}

function asksGrams(key: SearchKey): boolean {
  switch (key.kind) {
    case "and":
    case "or":
      return key.keys.some(asksGrams);
    case "not":
      return asksGrams(key.key);
    case "header":
      return !(isSubject(key.name) && isOneLine(key.needle));
    default:
      return key.kind === "text" || key.kind === "body";
  }
}

function* ask(
  account: AccountId,
  blocks: GramBlocks,
  key: SearchKey,
  known: Map<SearchKey, Known>,
): Op<BitSet | undefined> {
  switch (key.kind) {
    case "text":
    case "body":
    case "header": {
      if (known.size === maxNeedles) return undefined;
      const found = yield* askNeedle(account, blocks, key.needle, seenPlaces[key.kind]);
      known.set(key, found);
      return found.may?.copy();
    }
    case "not":
      yield* ask(account, blocks, key.key, known);
      return undefined;
    case "and": {
      let all: BitSet | undefined;
      for (const each of key.keys) {
        const found = yield* ask(account, blocks, each, known);
        if (all === undefined) all = found;
        else if (found !== undefined) all.keep(found);
      }
      return all;
    }
    case "or": {
      let any: BitSet | undefined = new BitSet(blocks.upTo + 1);
      for (const each of key.keys) {
        const found = yield* ask(account, blocks, each, known);
        if (found === undefined) any = undefined;
        else any?.join(found);
      }
      return any;
    }
    default:
      return undefined;
  }
}

/** Where a word must have been seen so that the key holds for sure. Which field it was in is not known. */
const seenPlaces = { text: everywhere, body: Place.body | Place.attachment, header: 0 } as const;
/** Needles of one search that are asked for; for more, messages are looked at. */
const maxNeedles = 32;
/** So few emails are sooner looked at than asked about further. */
const fewEmails = 32;
/**
 * Words that may hold one piece of a needle and are read: where there are more of them, only the short ones, for what they know for
 * sure. At least, at most, and for so many emails one.
 */
const minHolding = 256;
const maxHolding = 4_096;
const emailsPerHolding = 8;
/** Words that are told apart for this. */
const maxListed = 20_000;
/** Runs of letters of one needle that are asked for. */
const maxPieces = 8;

function* askNeedle(account: AccountId, blocks: GramBlocks, needle: string, places: Places): Op<Known> {
  const { slots, pieces, bare } = needleGrams(needle);
  const sure = new BitSet(blocks.upTo + 1);
  const most = Math.min(maxHolding, Math.max(minHolding, Math.floor(blocks.upTo / emailsPerHolding)));
  let may = slots.length === 0 ? undefined : yield* mayHold(account, blocks, slots);
  const [only] = pieces;
  if (bare && places !== 0) {
    const holding = yield* wordsHolding(account, only!, maxListed);
    const whole = holding.whole && holding.count <= most;
    const found = new BitSet(blocks.upTo + 1);
    yield* addEmails(account, whole ? holding.blocks : shortOnes(holding, most), found, sure, places);
    if (whole && only!.slots.length > 0) {
      may = yield* mayHold(account, blocks, only!.slots);
      may.join(found);
    }
    return { may, sure };
  }
  // Whole words are cheap to find, and long ones are rare.
  const cost = ({ begins, ends, slots: own }: NeedlePiece): number => (begins && ends ? 0 : 1_000) - own.length;
  const asked = pieces.filter((piece) => piece.slots.length > 0).sort((one, other) => cost(one) - cost(other));
  for (const piece of asked.slice(0, maxPieces)) {
    if (may !== undefined && may.size <= fewEmails) break;
    const holding = yield* wordsHolding(account, piece, most);
    if (!holding.whole) continue;
    const found = yield* mayHold(account, blocks, piece.slots);
    yield* addEmails(account, holding.blocks, found, new BitSet(0), 0);
    if (may === undefined) may = found;
    else may.keep(found);
  }
  return { may, sure };
}

/** The UIDs of a mailbox, within the ranges, that may match; undefined where all may. */
export function* siftedUids(
  account: AccountId,
  mailbox: MailboxId,
  { emails, upTo }: Sifted,
  ranges: readonly UidRange[],
): Op<readonly UidRange[] | undefined> {
  if (emails === undefined || emails.size > Math.max(fewNamed, Math.floor(upTo / oneOf))) return undefined;
  const uids = (yield* rows(
    "SELECT m.uid FROM {list $3} l {cross} messages m {by_email} WHERE m.account = $1 AND m.email = l.value AND m.mailbox = $2",
    account,
    mailbox,
    JSON.stringify(emails.list()),
  )).map(([uid]) => uid as number);
  const later = yield* rows(
    `SELECT m.uid FROM messages m {by_email} WHERE m.account = $1 AND m.email > $2 AND m.mailbox = $3 LIMIT $4`,
    account,
    upTo,
    mailbox,
    maxLater + 1,
  );
  if (later.length > maxLater) return undefined;
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

/** What is known of an email and a needle: whether it holds it, or nothing. */
export const foreknowledgeOf =
  ({ upTo, known }: Sifted): Foreknowledge =>
  (key) => {
    const found = known.get(key);
    if (found === undefined) return undefined;
    const { may, sure } = found;
    return (email) => {
      if (sure.has(email)) return true;
      return may === undefined || email > upTo || may.has(email) ? undefined : false;
    };
  };

/** Whether it decides enough emails that a look at the numbers of all rows pays; `named`: those that may match have been named already. */
export function worthAsking({ known }: Sifted, named: readonly UidRange[] | undefined): boolean {
  for (const { may, sure } of known.values())
    if (sure.size > fewEmails || (named === undefined && may !== undefined)) return true;
  return false;
}
