/**
 * What the index says of a whole search key: which emails may match. For each run of letters of a needle an email must have a word that
 * holds it, or what the filter has of words that are not in the index. It never leaves one out that matches; emails that are not
 * indexed yet must be looked at by other means.
 */
import { BitSet } from "../../protocol/words/email-set.ts";
import { GramKind, type NeedlePiece, needleGrams } from "../../protocol/words/grams.ts";
import { everywhere, Place, type Places } from "../../protocol/words/postings.ts";
import { type GramBlocks, gramBlocks, mayHold } from "./ops/grams.ts";
import { emailsHolding } from "./ops/holding.ts";
import { knowsMailbox, mailboxEmails, type Numbers, numbersOf } from "./ops/mailbox-emails.ts";
import { type Op, rows } from "./ops/tx.ts";
import { isOneLine, isSubject } from "./search-bounds.ts";
import type { Foreknowledge } from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import type { AccountId, EmailId, MailboxId } from "./store.ts";

/** Emails are named one by one where they are so few, or one of so many: else all of the mailbox are gone through. */
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
  /** Each needle has been asked for: of the emails that were, signatures would hardly rule out more. */
  readonly whole: boolean;
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
  const emails = yield* ask(account, blocks, key, known);
  const whole = known.size < maxNeedles && [...known.values()].every(({ may }) => may !== undefined);
  return { emails, upTo: blocks.upTo, known, whole };
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
/** Words of one segment of the index that are read because they hold a needle: reading them all is sooner done than looking into their emails. */
const maxHolding = 20_000;
/** Of a needle of several runs: one word for so many emails, at least, at most. A run in more words than that says too little. */
const emailsPerPiece = 8;
const minPiece = 256;
const maxPiece = 4_096;
/** Runs of letters of one needle that are asked for. */
const maxPieces = 8;

function* askNeedle(account: AccountId, blocks: GramBlocks, needle: string, places: Places): Op<Known> {
  const { slots, pieces, bare } = needleGrams(needle);
  const end = blocks.upTo + 1;
  const [only] = pieces;
  if (bare && places !== 0) {
    const { found, sure } = yield* emailsHolding(account, only!, maxHolding, places, end);
    if (found === undefined || only!.slots.length === 0) return { may: undefined, sure };
    const may = yield* mayHold(account, blocks, GramKind.run, only!.slots);
    may.join(found);
    return { may, sure };
  }
  const sure = new BitSet(0);
  let may = slots.length === 0 ? undefined : yield* mayHold(account, blocks, GramKind.between, slots);
  // Whole words are cheap to find, and long ones are rare.
  const cost = ({ begins, ends, slots: own }: NeedlePiece): number => (begins && ends ? 0 : 1_000) - own.length;
  const most = Math.min(maxPiece, Math.max(minPiece, Math.floor(blocks.upTo / emailsPerPiece)));
  // A mark above a letter alone is in no word of the index: it says nothing.
  const asked = pieces
    .filter(({ slots: own, word }) => own.length > 0 && word !== "")
    .sort((one, other) => cost(one) - cost(other));
  for (const piece of asked.slice(0, maxPieces)) {
    if (may !== undefined && may.size <= fewEmails) break;
    const { found } = yield* emailsHolding(account, piece, most, 0, end);
    if (found === undefined) continue;
    found.join(yield* mayHold(account, blocks, GramKind.run, piece.slots));
    if (may === undefined) may = found;
    else may.keep(found);
  }
  return { may, sure };
}

/** Whether so few emails may match that they are sooner named than all of a mailbox gone through. */
const areFew = ({ emails, upTo }: Sifted): boolean =>
  emails !== undefined && emails.size <= Math.max(fewNamed, Math.floor(upTo / oneOf));

/** Numbers of a mailbox. */
export type Named = {
  /** By which its blocks of signatures are remembered; "" where these are some of its numbers alone. */
  readonly name: string;
  readonly numbers: Numbers;
};

/** The messages of a mailbox that may match, or more; undefined where there is no such mailbox. */
export function* candidatesOf(
  account: AccountId,
  mailbox: MailboxId,
  sifted: Sifted | undefined,
): Op<Named | undefined> {
  if (sifted !== undefined && areFew(sifted) && !(yield* knowsMailbox(account, mailbox))) {
    const numbers = yield* namedEmails(account, mailbox, sifted);
    if (numbers !== undefined) return { name: "", numbers };
  }
  const numbers = yield* mailboxEmails(account, mailbox);
  return numbers && { name: `${account}/${mailbox}/${numbers.uidValidity}`, numbers };
}

/** The UIDs of those that may match, ascending, where they are few: otherwise reading row by row is the shorter way. */
export function* fewUids(account: AccountId, mailbox: MailboxId, sifted: Sifted): Op<Uint32Array | undefined> {
  if (!areFew(sifted)) return undefined;
  const named = yield* candidatesOf(account, mailbox, sifted);
  if (named === undefined) return undefined;
  const { emails, upTo } = sifted;
  const { numbers } = named;
  return numbers.uids.filter((_, at) => numbers.emails[at]! > upTo || emails!.has(numbers.emails[at]!));
}

/** The same, email by email; undefined where too many are not indexed yet. */
function* namedEmails(account: AccountId, mailbox: MailboxId, { emails, upTo }: Sifted): Op<Numbers | undefined> {
  const named = yield* rows(
    "SELECT m.uid, m.email, m.content, m.size FROM {list $3} l {cross} messages m {by_email} WHERE m.account = $1 AND m.email = l.value AND m.mailbox = $2",
    account,
    mailbox,
    JSON.stringify(emails!.list()),
  );
  const later = yield* rows(
    `SELECT m.uid, m.email, m.content, m.size FROM messages m {by_email} WHERE m.account = $1 AND m.email > $2 AND m.mailbox = $3 LIMIT $4`,
    account,
    upTo,
    mailbox,
    maxLater + 1,
  );
  if (later.length > maxLater) return undefined;
  return numbersOf([...named, ...later].sort(([one], [other]) => (one as number) - (other as number)));
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

/** Whether it decides enough emails that a look at the rows alone pays; `named`: those that may match have been named already. */
export function worthAsking({ known }: Sifted, named: boolean): boolean {
  for (const { may, sure } of known.values()) if (sure.size > fewEmails || (!named && may !== undefined)) return true;
  return false;
}
