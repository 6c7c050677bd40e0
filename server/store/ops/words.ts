/**
 * The index of words as rows. A segment holds the words of some emails; small segments are merged into larger ones, a few
 * words at a time, each step whole: a word's postings are in the old segments or in the new one, never in both or neither.
 */
import {
  among,
  decodePostings,
  encodePostings,
  intersect,
  Place,
  type Places,
  type Postings,
  unite,
} from "../../../protocol/words/postings.ts";
import type { AskedWord } from "../../../protocol/words/words.ts";
import type { AccountId, EmailId } from "../store.ts";
import type { IndexInput, WordGroup, WordRows, WordsFound, WordsSize } from "../words.ts";
import { type Cells, type Encoding, load, type Op, one, rows, run } from "./tx.ts";

/** Words that one beginning may stand for. */
export const maxExpansion = 2000;
/** Segments of one size before they become one of the next. */
const mergeWidth = 8;
/** Words that one step of a merge moves. */
const mergeStep = 500;
/** Bytes of messages given to the indexer at once; one message may have more. */
const maxInputBytes = 8 * 1024 * 1024;
const end = "\u{10ffff}";
/** All of an account's index. */
export const wordTables = ["words", "word_segments", "word_states"] as const;

export function* wordsDue(limit: number): Op<readonly { readonly account: AccountId; readonly waiting: number }[]> {
  const found = yield* rows(
    `SELECT a.id, a.next_email - 1 - COALESCE(w.up_to, 0) AS waiting FROM accounts a LEFT JOIN word_states w ON w.account = a.id
     WHERE a.next_email - 1 > COALESCE(w.up_to, 0) ORDER BY 2 DESC LIMIT $1`,
    limit,
  );
  return found.map(([account, waiting]) => ({ account: account as number, waiting: waiting as number }));
}

function* upToOf(account: AccountId): Op<EmailId> {
  const state = yield* one<{ readonly up_to: number }>("SELECT up_to FROM word_states WHERE account = $1", account);
  return state?.up_to ?? 0;
}

export function* wordsInput(account: AccountId, after: EmailId | undefined, max: number): Op<IndexInput> {
  const from = after ?? (yield* upToOf(account));
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

const weights: readonly (readonly [place: Places, weight: number])[] = [
  [Place.subject, 8],
  [Place.from, 6],
  [Place.to, 3],
  [Place.body, 2],
  [Place.attachment, 1],
];

function weightOf(places: Places): number {
  for (const [place, weight] of weights) if ((places & place) !== 0) return weight;
  return 0;
}

export function* findWords(account: AccountId, groups: readonly WordGroup[], scored: boolean): Op<WordsFound> {
  const indexedUpTo = yield* upToOf(account);
  const segments = (yield* rows(
    "SELECT segment, emails FROM word_segments WHERE account = $1 AND live = 1",
    account,
  )).map(([segment, emails]) => ({ segment: segment as number, emails: emails as number }));
  const live = new Set(segments.map(({ segment }) => segment));
  const known = segments.reduce((sum, { emails }) => sum + emails, 1);
  let cut = false;
  let all: Postings | undefined;
  const parts: { readonly postings: Postings; readonly rarity: number }[] = [];
  for (const { words, places } of groups)
    for (const asked of words) {
      const found = yield* postingsOf(account, asked, live);
      cut ||= found.cut;
      const postings = among(found.postings, places);
      parts.push({ postings, rarity: Math.log(1 + known / (1 + postings.emails.length)) });
      all = all === undefined ? postings : intersect(all, postings);
      if (all.emails.length === 0) return { emails: [], scores: [], indexedUpTo, cut };
    }
  const emails = all?.emails ?? [];
  if (!scored) return { emails, scores: [], indexedUpTo, cut };
  const scores = emails.map(() => 0);
  for (const { postings, rarity } of parts) {
    let at = 0;
    for (let index = 0; index < emails.length; index++) {
      while (postings.emails[at]! < emails[index]!) at++;
      scores[index]! += rarity * weightOf(postings.places[at]!);
    }
  }
  return { emails, scores, indexedUpTo, cut };
}

function* postingsOf(
  account: AccountId,
  { word, prefix }: AskedWord,
  live: ReadonlySet<number>,
): Op<{ readonly postings: Postings; readonly cut: boolean }> {
  const found = prefix
    ? yield* rows(
        "SELECT segment, postings FROM words WHERE account = $1 AND word >= $2 AND word < $3 ORDER BY word, segment LIMIT $4",
        account,
        word,
        word + end,
        maxExpansion,
      )
    : yield* rows("SELECT segment, postings FROM words WHERE account = $1 AND word = $2", account, word);
  const postings = found
    .filter(([segment]) => live.has(segment as number))
    .map(([, bytes]) => decodePostings(bytes as Uint8Array));
  return { postings: unite(postings), cut: prefix && found.length === maxExpansion };
}

export function* wordsSize(account: AccountId): Op<WordsSize> {
  const [words = 0, indexBytes = 0] = (yield* rows(
    "SELECT count(*), COALESCE(sum(octet_length(word) + octet_length(postings) + 6), 0) FROM words WHERE account = $1",
    account,
  ))[0] as readonly number[];
  const [emails = 0, segments = 0] = (yield* rows(
    "SELECT COALESCE(sum(emails), 0), count(*) FROM word_segments WHERE account = $1 AND live = 1",
    account,
  ))[0] as readonly number[];
  return { words, indexBytes: Number(indexBytes), emails: Number(emails), segments };
}

// ---------------------------------------------------------------- writing

export function* wordsLay(account: AccountId, segment: number, laid: WordRows): Op<number> {
  let number = segment;
  if (number === 0) {
    yield* dropDead(account);
    const last = yield* one<{ readonly n: number | null }>(
      "SELECT max(segment) AS n FROM word_segments WHERE account = $1",
      account,
    );
    number = (last?.n ?? 0) + 1;
    yield* run(
      "INSERT INTO word_segments (account, segment, level, emails, live, into_segment, merged) VALUES ($1, $2, 0, 0, 0, 0, '')",
      account,
      number,
    );
  }
  for (const [word, postings] of laid) yield* put(account, word, number, postings);
  return number;
}

/** What an indexer that died had begun: rows nobody reads. */
function* dropDead(account: AccountId): Op<void> {
  const dead = yield* rows("SELECT segment FROM word_segments WHERE account = $1 AND live = 0", account);
  for (const [segment] of dead) {
    yield* run("DELETE FROM words WHERE account = $1 AND segment = $2", account, segment as number);
    yield* run("DELETE FROM word_segments WHERE account = $1 AND segment = $2", account, segment as number);
  }
}

function* put(account: AccountId, word: string, segment: number, postings: Uint8Array): Op<void> {
  yield* run(
    `INSERT INTO words (account, word, segment, postings) VALUES ($1, $2, $3, $4)
     ON CONFLICT (account, word, segment) DO UPDATE SET postings = excluded.postings`,
    account,
    word,
    segment,
    postings,
  );
}

export function* wordsJoin(
  account: AccountId,
  segment: number,
  after: EmailId,
  upTo: EmailId,
  emails: number,
): Op<"done" | "late"> {
  if ((yield* upToOf(account)) !== after) return "late";
  yield* run(
    `INSERT INTO word_states (account, up_to) VALUES ($1, $2) ON CONFLICT (account) DO UPDATE SET up_to = excluded.up_to`,
    account,
    upTo,
  );
  if (segment > 0)
    yield* run(
      "UPDATE word_segments SET live = 1, emails = $3 WHERE account = $1 AND segment = $2",
      account,
      segment,
      emails,
    );
  return "done";
}

export function* wordsMerge(account: AccountId): Op<"more" | "done"> {
  const target = yield* one<{ readonly segment: number; readonly merged: string }>(
    "SELECT segment, merged FROM word_segments WHERE account = $1 AND live = 1 AND segment IN (SELECT into_segment FROM word_segments WHERE account = $1)",
    account,
  );
  if (target === undefined) return yield* beginMerge(account);
  const from = (yield* rows(
    "SELECT segment FROM word_segments WHERE account = $1 AND into_segment = $2",
    account,
    target.segment,
  )).map(([segment]) => segment as number);
  const old = JSON.stringify(from);
  const moved = yield* rows(
    `SELECT DISTINCT word FROM words WHERE account = $1 AND word > $2 AND segment IN {list $3} ORDER BY word LIMIT ${mergeStep}`,
    account,
    target.merged,
    old,
  );
  if (moved.length === 0) {
    yield* run("DELETE FROM word_segments WHERE account = $1 AND into_segment = $2", account, target.segment);
    return "more";
  }
  for (const [word] of moved) {
    const found = yield* rows(
      "SELECT postings FROM words WHERE account = $1 AND word = $2 AND segment IN {list $3}",
      account,
      word as string,
      old,
    );
    const all = unite(found.map(([bytes]) => decodePostings(bytes as Uint8Array)));
    yield* run(
      "DELETE FROM words WHERE account = $1 AND word = $2 AND segment IN {list $3}",
      account,
      word as string,
      old,
    );
    yield* put(account, word as string, target.segment, encodePostings(all));
  }
  yield* run(
    "UPDATE word_segments SET merged = $3 WHERE account = $1 AND segment = $2",
    account,
    target.segment,
    moved.at(-1)![0] as string,
  );
  return "more";
}

function* beginMerge(account: AccountId): Op<"more" | "done"> {
  const full = yield* one<{ readonly level: number }>(
    `SELECT level FROM word_segments WHERE account = $1 AND live = 1 GROUP BY level HAVING count(*) >= ${mergeWidth} ORDER BY level LIMIT 1`,
    account,
  );
  if (full === undefined) return "done";
  const { level } = full;
  const last = yield* one<{ readonly n: number; readonly emails: number }>(
    `SELECT (SELECT max(segment) FROM word_segments WHERE account = $1) AS n,
       (SELECT sum(emails) FROM word_segments WHERE account = $1 AND live = 1 AND level = $2) AS emails`,
    account,
    level,
  );
  const number = last!.n + 1;
  yield* run(
    "UPDATE word_segments SET into_segment = $3 WHERE account = $1 AND live = 1 AND level = $2",
    account,
    level,
    number,
  );
  yield* run("UPDATE word_segments SET emails = 0 WHERE account = $1 AND into_segment = $2", account, number);
  yield* run(
    "INSERT INTO word_segments (account, segment, level, emails, live, into_segment, merged) VALUES ($1, $2, $3, $4, 1, 0, '')",
    account,
    number,
    level + 1,
    Number(last!.emails),
  );
  return "more";
}

export function* wordsForget(account: AccountId): Op<void> {
  for (const table of wordTables) yield* run(`DELETE FROM ${table} WHERE account = $1`, account);
}
