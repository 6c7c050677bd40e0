/**
 * The index of words, written: new segments are laid in portions that nobody reads until they are whole; small segments are
 * merged into larger ones some blocks at a time, and the larger one takes their place in one step.
 */

import { compareWords, DictionaryWriter, eachEntry } from "../../../protocol/words/dictionary.ts";
import { decodePostings, encodePostings, unite } from "../../../protocol/words/postings.ts";
import type { AccountId, EmailId } from "../store.ts";
import type { WordRows, WordsPortion } from "../words.ts";
import { keepGrams } from "./grams.ts";
import { type Op, one, rows, run } from "./tx.ts";
import { joinLists, packBody, unpackBody } from "./word-body.ts";
import { indexedUpTo, Segment } from "./words.ts";

/** Segments of one size before they become one of the next. */
const mergeWidth = 8;
/** Blocks of each segment that one step of a merge reads. */
const mergeBlocks = 2;
/** Blocks that one step deletes. */
const dropBlocks = 200;
/** All of an account's index. */
export const wordTables = [
  "word_blocks",
  "word_lists",
  "word_segments",
  "word_states",
  "gram_waiting",
  "gram_blocks",
  "gram_columns",
] as const;

export function* wordsLay(account: AccountId, segment: number, laid: WordRows): Op<number> {
  let number = segment;
  if (number === 0) {
    // What an indexer that died had begun.
    yield* run(
      `UPDATE word_segments SET state = ${Segment.dropped} WHERE account = $1 AND state = ${Segment.laying}`,
      account,
    );
    number = yield* nextSegment(account);
    yield* addSegment(account, number, 0, Segment.laying);
  }
  yield* putBlocks(account, number, laid);
  return number;
}

/** A number that the account has never had for a segment: by it, readers remember what is in one (`search-memory.ts`). */
function* nextSegment(account: AccountId): Op<number> {
  yield* run(
    `INSERT INTO word_states (account, up_to, segments) VALUES ($1, 0, 1)
     ON CONFLICT (account) DO UPDATE SET segments = word_states.segments + 1`,
    account,
  );
  const state = yield* one<{ readonly n: number }>("SELECT segments AS n FROM word_states WHERE account = $1", account);
  return state!.n;
}

function* addSegment(account: AccountId, segment: number, level: number, state: number): Op<void> {
  yield* run(
    `INSERT INTO word_segments (account, segment, level, state, emails, words, into_segment, merged)
     VALUES ($1, $2, $3, $4, 0, 0, 0, '')`,
    account,
    segment,
    level,
    state,
  );
}

/** Blocks, and a list of all their words. */
function* putBlocks(account: AccountId, segment: number, blocks: WordRows): Op<void> {
  const put = (table: string, word: string, body: Uint8Array) =>
    run(
      `INSERT INTO ${table} (account, segment, word, body) VALUES ($1, $2, $3, $4)`,
      account,
      segment,
      word,
      packBody(body),
    );
  const [first] = blocks;
  if (first === undefined) return;
  for (const [word, body] of blocks) yield* put("word_blocks", word, body);
  yield* put("word_lists", first[0], joinLists(blocks.map(([, , list]) => list)));
}

export function* wordsJoin(
  account: AccountId,
  segment: number,
  after: EmailId,
  upTo: EmailId,
  { emails, words, grams }: WordsPortion,
): Op<"done" | "late"> {
  if ((yield* indexedUpTo(account)) !== after) return "late";
  yield* run(
    `INSERT INTO word_states (account, up_to, segments) VALUES ($1, $2, 0) ON CONFLICT (account) DO UPDATE SET up_to = excluded.up_to`,
    account,
    upTo,
  );
  if (segment > 0)
    yield* run(
      `UPDATE word_segments SET state = ${Segment.read}, emails = $3, words = $4 WHERE account = $1 AND segment = $2`,
      account,
      segment,
      emails,
      words,
    );
  yield* keepGrams(account, grams);
  return "done";
}

export function* wordsMerge(account: AccountId): Op<"more" | "done"> {
  const target = yield* one<{ readonly segment: number; readonly merged: string }>(
    `SELECT segment, merged FROM word_segments WHERE account = $1 AND state = ${Segment.merging}`,
    account,
  );
  if (target !== undefined) yield* mergeInto(account, target.segment, target.merged);
  else if (!(yield* dropSome(account)) && !(yield* beginMerge(account))) return "done";
  return "more";
}

function* mergeInto(account: AccountId, target: number, merged: string): Op<void> {
  const sources = (yield* rows(
    "SELECT segment FROM word_segments WHERE account = $1 AND into_segment = $2 ORDER BY segment",
    account,
    target,
  )).map(([segment]) => segment as number);
  const entries = new Map<string, Uint8Array[]>();
  // Words up to this one are at hand from every source; undefined: all there are.
  let upTo: string | undefined;
  for (const source of sources) {
    const blocks = yield* rows(
      `SELECT body FROM word_blocks WHERE account = $1 AND segment = $2
         AND word >= COALESCE((SELECT max(word) FROM word_blocks WHERE account = $1 AND segment = $2 AND word <= $3), '')
       ORDER BY word LIMIT ${mergeBlocks}`,
      account,
      source,
      merged,
    );
    let last = "";
    for (const [body] of blocks)
      eachEntry(unpackBody(body as Uint8Array), (word, postings) => {
        last = word;
        if (compareWords(word, merged) >= 0) {
          const known = entries.get(word);
          if (known === undefined) entries.set(word, [postings]);
          else known.push(postings);
        }
        return true;
      });
    if (blocks.length === mergeBlocks && (upTo === undefined || compareWords(last, upTo) < 0)) upTo = last;
  }
  const writer = new DictionaryWriter();
  for (const word of [...entries.keys()].sort(compareWords)) {
    if (upTo !== undefined && compareWords(word, upTo) > 0) break;
    const all = entries.get(word)!;
    writer.add(word, all.length === 1 ? all[0]! : encodePostings(unite(all.map(decodePostings))));
  }
  // A block that is not full waits for the next step, which reads its words again.
  const open = upTo === undefined ? "" : writer.open;
  const full = writer.take();
  const blocks = upTo === undefined || full.length === 0 ? [...full, ...writer.finish()] : full;
  yield* putBlocks(account, target, blocks);
  yield* run(
    "UPDATE word_segments SET merged = $3, words = words + $4 WHERE account = $1 AND segment = $2",
    account,
    target,
    full.length === 0 ? `${upTo ?? ""}\u0001` : open,
    writer.words,
  );
  if (upTo !== undefined) return;
  yield* run(
    `UPDATE word_segments SET state = ${Segment.dropped}, into_segment = 0 WHERE account = $1 AND into_segment = $2`,
    account,
    target,
  );
  yield* run(
    `UPDATE word_segments SET state = ${Segment.read}, merged = '' WHERE account = $1 AND segment = $2`,
    account,
    target,
  );
}

/** Deletes some blocks that nobody reads any more; answers whether there were any. */
function* dropSome(account: AccountId): Op<boolean> {
  const dead = yield* one<{ readonly segment: number }>(
    `SELECT segment FROM word_segments WHERE account = $1 AND state = ${Segment.dropped} ORDER BY segment LIMIT 1`,
    account,
  );
  if (dead === undefined) return false;
  const gone = yield* run(
    `DELETE FROM word_blocks WHERE account = $1 AND segment = $2 AND word IN
       (SELECT word FROM word_blocks WHERE account = $1 AND segment = $2 ORDER BY word LIMIT ${dropBlocks})`,
    account,
    dead.segment,
  );
  if (gone < dropBlocks)
    for (const table of ["word_lists", "word_segments"])
      yield* run(`DELETE FROM ${table} WHERE account = $1 AND segment = $2`, account, dead.segment);
  return true;
}

function* beginMerge(account: AccountId): Op<boolean> {
  const full = yield* one<{ readonly level: number; readonly emails: number }>(
    `SELECT level, sum(emails) AS emails FROM word_segments WHERE account = $1 AND state = ${Segment.read}
     GROUP BY level HAVING count(*) >= ${mergeWidth} ORDER BY level LIMIT 1`,
    account,
  );
  if (full === undefined) return false;
  const number = yield* nextSegment(account);
  yield* run(
    `UPDATE word_segments SET into_segment = $3 WHERE account = $1 AND state = ${Segment.read} AND level = $2`,
    account,
    full.level,
    number,
  );
  yield* addSegment(account, number, full.level + 1, Segment.merging);
  yield* run(
    "UPDATE word_segments SET emails = $3 WHERE account = $1 AND segment = $2",
    account,
    number,
    Number(full.emails),
  );
  return true;
}

export function* wordsForget(account: AccountId): Op<void> {
  for (const table of wordTables)
    if (table !== "word_states") yield* run(`DELETE FROM ${table} WHERE account = $1`, account);
  // The numbers of its segments go on.
  yield* run("UPDATE word_states SET up_to = 0 WHERE account = $1", account);
}
