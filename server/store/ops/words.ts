/**
 * The index of words, asked. A segment holds the words of some emails as blocks of a sorted dictionary; what is in any
 * of the segments that are read is found.
 */

import { compareWords, eachEntry, entryOf } from "../../../protocol/words/dictionary.ts";
import { type EmailSet, FewEmails, inAll, TermSet } from "../../../protocol/words/email-set.ts";
import { Place, type Places, PostingList } from "../../../protocol/words/postings.ts";
import type { AskedWord } from "../../../protocol/words/words.ts";
import type { AccountId, EmailId } from "../store.ts";
import type { IndexInput, WordGroup, WordsFound, WordsSize } from "../words.ts";
import { all, type Cells, type Encoding, load, memory, type Op, one, rows } from "./tx.ts";
import { unpackBody } from "./word-body.ts";

/** Words of all segments that one beginning may stand for, and bytes of blocks that are read for it. */
export const maxExpansion = 20_000;
export const maxExpansionBytes = 32 * 1024 * 1024;
/** Bytes of messages given to the indexer at once; one message may have more. */
const maxInputBytes = 8 * 1024 * 1024;
const end = "\u{10ffff}";
/** States of a segment. */
export const Segment = { laying: 0, read: 1, merging: 2, dropped: 3 } as const;

export function* wordsDue(limit: number): Op<readonly { readonly account: AccountId; readonly waiting: number }[]> {
  const found = yield* rows(
    `SELECT a.id, a.next_email - 1 - COALESCE(w.up_to, 0) AS waiting FROM accounts a LEFT JOIN word_states w ON w.account = a.id
     WHERE a.next_email - 1 > COALESCE(w.up_to, 0) ORDER BY 2 DESC LIMIT $1`,
    limit,
  );
  return found.map(([account, waiting]) => ({ account: account as number, waiting: waiting as number }));
}

export function* indexedUpTo(account: AccountId): Op<EmailId> {
  const state = yield* one<{ readonly up_to: number }>("SELECT up_to FROM word_states WHERE account = $1", account);
  return state?.up_to ?? 0;
}

export function* wordsInput(account: AccountId, after: EmailId | undefined, max: number): Op<IndexInput> {
  const from = after ?? (yield* indexedUpTo(account));
  const last = yield* one<{ readonly next_email: number }>("SELECT next_email FROM accounts WHERE id = $1", account);
  const found = yield* rows(
    `SELECT m.email, c.size, b.encoding, b.blob, b.data FROM messages m {cross} contents c {cross} bytes b
     WHERE m.account = $1 AND m.email > $2 AND c.id = m.content AND b.content = c.id ORDER BY m.email LIMIT $3`,
    account,
    from,
    max,
  );
  const messages: { email: EmailId; bytes: Uint8Array }[] = [];
  let bytes = 0;
  let stopped: EmailId | undefined;
  for (const cells of found) {
    const [email, size] = cells as readonly [number, number, ...Cells];
    if (messages.at(-1)?.email === email) continue;
    if (messages.length > 0 && bytes + size > maxInputBytes) {
      stopped = messages.at(-1)!.email;
      break;
    }
    bytes += size;
    const stored = {
      encoding: cells[2] as Encoding,
      sizeBytes: size,
      blob: cells[3] as string,
      data: cells[4] as Uint8Array | null,
    };
    messages.push({ email, bytes: yield* load(stored, size) });
  }
  const whole = stopped === undefined && found.length < max;
  const upTo = whole ? Math.max(from, (last?.next_email ?? 1) - 1) : (stopped ?? messages.at(-1)?.email ?? from);
  return { messages, after: from, upTo, more: !whole };
}

// ---------------------------------------------------------------- asking

export type WordsSet = {
  readonly emails: EmailSet;
  readonly indexedUpTo: EmailId;
  /** A beginning stood for more words than are looked at: there may be more. */
  readonly cut: boolean;
};

type Term = { readonly lists: readonly PostingList[]; readonly places: Places };

/** The emails in which all words of all groups are, as a set that is read as far as it is asked. */
export function* wordsSet(account: AccountId, groups: readonly WordGroup[]): Op<WordsSet> {
  const { terms, ...rest } = yield* termsOf(account, groups);
  if (terms === undefined) return { emails: new FewEmails([]), ...rest };
  const past = rest.indexedUpTo + 1;
  const sets = terms.map(({ lists, places }) => new TermSet(lists, places, past));
  return { emails: inAll(sets, past), ...rest };
}

const weights: readonly (readonly [place: Places, weight: number])[] = [
  [Place.subject, 8],
  [Place.from, 6],
  [Place.to, 3],
  [Place.body, 2],
  [Place.attachment, 1],
];
/** By the bits of the places: the weight of the best of them. */
const weightOf = Float64Array.from({ length: 32 }, (_, places) => {
  for (const [place, weight] of weights) if ((places & place) !== 0) return weight;
  return 0;
});

export function* findWords(account: AccountId, groups: readonly WordGroup[]): Op<WordsFound> {
  const { terms, ...rest } = yield* termsOf(account, groups);
  if (terms === undefined) return { emails: [], scores: [], ...rest };
  const past = rest.indexedUpTo + 1;
  const emails = inAll(
    terms.map(({ lists, places }) => new TermSet(lists, places, past)),
    past,
  ).list();
  const scores = new Float64Array(emails.length);
  for (const { lists, places } of terms) {
    const best = new Uint8Array(past);
    let holding = 0;
    for (const list of lists) {
      holding += list.count;
      for (let block = 0; block < list.blocks; block++)
        list.eachOf(block, (email, found) => {
          if (email < past) best[email]! |= found & places;
        });
    }
    const rarity = Math.log(1 + rest.emailsIndexed / (1 + Math.min(holding, rest.emailsIndexed)));
    for (let at = 0; at < emails.length; at++) scores[at]! += rarity * weightOf[best[emails[at]!]!]!;
  }
  return { emails, scores, ...rest };
}

/** The segments that are read, and how many emails each has. */
export const readSegments = (
  account: AccountId,
): Op<readonly { readonly segment: number; readonly emails: number }[]> =>
  all(
    `SELECT segment, emails FROM word_segments WHERE account = $1 AND state = ${Segment.read} ORDER BY segment`,
    account,
  );

/** The lists of each word; undefined where one has none. */
function* termsOf(
  account: AccountId,
  groups: readonly WordGroup[],
): Op<{ terms: readonly Term[] | undefined; indexedUpTo: EmailId; cut: boolean; emailsIndexed: number }> {
  const upTo = yield* indexedUpTo(account);
  const segments = yield* readSegments(account);
  const emailsIndexed = segments.reduce((sum, { emails }) => sum + emails, 1);
  const rest = { indexedUpTo: upTo, emailsIndexed };
  const numbers = segments.map(({ segment }) => segment);
  const terms: Term[] = [];
  let cut = false;
  for (const { words, places } of groups)
    for (const asked of words) {
      const lists: PostingList[] = [];
      if (asked.prefix) cut = (yield* listsOfBeginning(account, asked, numbers, lists)) || cut;
      else
        for (const segment of numbers) {
          const block = yield* blockOf(account, segment, asked.word);
          const postings = block === undefined ? undefined : entryOf(block, asked.word);
          if (postings !== undefined) lists.push(new PostingList(postings));
        }
      if (lists.length === 0) return { ...rest, terms: undefined, cut };
      terms.push({ lists, places });
    }
  return { ...rest, terms, cut };
}

/** The block in which a word would be. */
export function* blockOf(account: AccountId, segment: number, word: string): Op<Uint8Array | undefined> {
  const [found] = yield* rows(
    "SELECT word FROM word_blocks WHERE account = $1 AND segment = $2 AND word <= $3 ORDER BY word DESC LIMIT 1",
    account,
    segment,
    word,
  );
  return found === undefined ? undefined : yield* blockNamed(account, segment, found[0] as string);
}

/** The block that begins with this word. */
export function* blockNamed(account: AccountId, segment: number, first: string): Op<Uint8Array | undefined> {
  const { blocks } = yield* memory();
  const name = `${account}/${segment}/${first}`;
  const known = blocks.get(name);
  if (known !== undefined) return known;
  const [found] = yield* rows(
    "SELECT body FROM word_blocks WHERE account = $1 AND segment = $2 AND word = $3",
    account,
    segment,
    first,
  );
  if (found === undefined) return undefined;
  const block = ownBytes(unpackBody(found[0] as Uint8Array));
  blocks.put(name, block, block.length);
  return block;
}

/** Bytes that keep nothing larger alive, and that nobody writes over. */
const ownBytes = (bytes: Uint8Array): Uint8Array => (bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice());

/** Puts the lists of all words that begin so into `lists`; answers whether there were too many. */
function* listsOfBeginning(
  account: AccountId,
  { word }: AskedWord,
  segments: readonly number[],
  lists: PostingList[],
): Op<boolean> {
  let bytes = 0;
  for (const segment of segments) {
    const take = (body: Uint8Array): void => {
      bytes += body.length;
      eachEntry(body, (entry, postings) => {
        if (entry.startsWith(word)) lists.push(new PostingList(postings));
        else if (compareWords(entry, word) > 0) return false;
        return lists.length < maxExpansion;
      });
    };
    const first = yield* blockOf(account, segment, word);
    if (first !== undefined) take(first);
    for (let after = word; lists.length < maxExpansion && bytes < maxExpansionBytes; ) {
      const more = yield* rows(
        "SELECT word, body FROM word_blocks WHERE account = $1 AND segment = $2 AND word > $3 AND word < $4 ORDER BY word LIMIT 64",
        account,
        segment,
        after,
        word + end,
      );
      for (const [, body] of more) take(unpackBody(body as Uint8Array));
      if (more.length < 64) break;
      after = more.at(-1)![0] as string;
    }
    if (lists.length >= maxExpansion || bytes >= maxExpansionBytes) return true;
  }
  return false;
}

export function* wordsSize(account: AccountId): Op<WordsSize> {
  const bytesOf = function* (table: string, column: string): Op<number> {
    const [found] = yield* rows(
      `SELECT COALESCE(sum(octet_length(${column})), 0) FROM ${table} WHERE account = $1`,
      account,
    );
    return Number(found![0]);
  };
  const [emails = 0, words = 0, segments = 0] = (yield* rows(
    `SELECT COALESCE(sum(emails), 0), COALESCE(sum(words), 0), count(*) FROM word_segments WHERE account = $1 AND state = ${Segment.read}`,
    account,
  ))[0] as readonly number[];
  return {
    words: Number(words),
    indexBytes: (yield* bytesOf("word_blocks", "body")) + (yield* bytesOf("word_lists", "body")),
    gramBytes: (yield* bytesOf("gram_columns", "body")) + (yield* bytesOf("gram_waiting", "filter")),
    emails: Number(emails),
    segments,
  };
}
