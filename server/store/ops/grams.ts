/** Filters of an account's emails (`protocol/words/grams.ts`) in blocks that are turned round, and what they say of a needle. */
import { BitSet } from "../../../protocol/words/email-set.ts";
import {
  type Column,
  columnOf,
  decodeEmails,
  encodeEmails,
  gramBlockEmails,
  holdsSlots,
  Left,
  turnRound,
} from "../../../protocol/words/gram-block.ts";
import { GramKind } from "../../../protocol/words/grams.ts";
import type { AccountId, EmailId } from "../store.ts";
import type { EmailGrams, NextGrams } from "../words.ts";
import { memory, type Op, one, type Param, rows, run } from "./tx.ts";

/** Slots of one needle that are asked: more say little more. */
const maxSlotsAsked = 32;

/** Filters that wait until there are enough of one kind and size for a block. */
export function* keepGrams(account: AccountId, grams: EmailGrams): Op<void> {
  yield* insertRows(
    "gram_waiting (account, kind, size, email, filter)",
    account,
    grams.flatMap(([email, ...filters]) => filters.map((filter, kind) => [kind, filter.length, email, filter])),
  );
}

/** Rows of one statement: on PostgreSQL each is a way there and back. */
const rowsAtOnce = 32;

function* insertRows(into: string, account: AccountId, all: readonly (readonly Param[])[]): Op<void> {
  for (let from = 0; from < all.length; from += rowsAtOnce) {
    // The rest goes one by one: statements are prepared, and there must be few of them.
    const step = from + rowsAtOnce <= all.length ? rowsAtOnce : 1;
    for (let at = from; at < Math.min(all.length, from + rowsAtOnce); at += step) {
      const params: Param[] = [account];
      const values = all
        .slice(at, at + step)
        .map((row) => `($1, ${row.map((param) => `$${params.push(param)}`).join(", ")})`);
      yield* run(`INSERT INTO ${into} VALUES ${values.join(", ")}`, ...params);
    }
  }
}

/** The next block of the kind and size that has most waiting, where they are enough. */
export function* nextGrams(account: AccountId): Op<NextGrams | undefined> {
  const most = yield* one<{ readonly kind: GramKind; readonly size: number; readonly n: number }>(
    "SELECT kind, size, count(*) AS n FROM gram_waiting WHERE account = $1 GROUP BY kind, size ORDER BY 3 DESC LIMIT 1",
    account,
  );
  if (most === undefined || most.n < gramBlockEmails) return undefined;
  const last = yield* one<{ readonly n: number | null }>(
    "SELECT max(block) AS n FROM gram_blocks WHERE account = $1",
    account,
  );
  const waiting = yield* rows(
    `SELECT email, filter FROM gram_waiting WHERE account = $1 AND kind = $2 AND size = $3 ORDER BY email LIMIT ${gramBlockEmails}`,
    account,
    most.kind,
    most.size,
  );
  const emails = waiting.map(([email]) => email as number);
  return {
    block: (last?.n ?? 0) + 1,
    kind: most.kind,
    size: most.size,
    upTo: emails.at(-1)!,
    emails: encodeEmails(emails),
    chunks: turnRound(
      waiting.map(([, filter]) => filter as Uint8Array),
      most.size,
    ),
  };
}

export function* gramsLay(account: AccountId, next: NextGrams): Op<"done" | "late"> {
  const last = yield* one<{ readonly n: number | null }>(
    "SELECT max(block) AS n FROM gram_blocks WHERE account = $1",
    account,
  );
  if ((last?.n ?? 0) !== next.block - 1) return "late";
  const moved = yield* run(
    "DELETE FROM gram_waiting WHERE account = $1 AND kind = $2 AND size = $3 AND email <= $4",
    account,
    next.kind,
    next.size,
    next.upTo,
  );
  if (moved === 0) return "late"; // the index has been forgotten meanwhile
  yield* run(
    "INSERT INTO gram_blocks (account, block, kind, size, emails) VALUES ($1, $2, $3, $4, $5)",
    account,
    next.block,
    next.kind,
    next.size,
    next.emails,
  );
  yield* insertRows(
    "gram_columns (account, kind, size, chunk, block, body)",
    account,
    next.chunks.map((body, chunk) => [next.kind, next.size, chunk, next.block, body]),
  );
  return "done";
}

// ---------------------------------------------------------------- asking

/** What there is, read once for a question with several needles. */
export type GramBlocks = {
  /** Emails above this one have no filter yet. */
  readonly upTo: EmailId;
  readonly of: Readonly<Record<GramKind, Filters>>;
  /** Says the same as long as nothing here has changed. */
  readonly stamp: string;
};
/** Filters of one kind. */
type Filters = {
  /** Blocks by the size of their filters, each with what tells its emails in their places, which are mostly not asked for. */
  readonly bySize: Map<number, Map<number, () => readonly EmailId[]>>;
  readonly waiting: (readonly [email: EmailId, filter: Uint8Array])[];
};
/** Unpacked when they are first asked for. */
function membersOf(packed: Uint8Array): () => readonly EmailId[] {
  let emails: readonly EmailId[] | undefined;
  return () => (emails ??= decodeEmails(packed));
}
const noFilters = (): Filters => ({ bySize: new Map(), waiting: [] });
const memberBytes = 8;
const waitingOverhead = 200;
const chunkOverhead = 200;

export function* gramBlocks(account: AccountId): Op<GramBlocks> {
  // The index goes on by joining (`up_to`) and by laying blocks; one that is made anew has other segments.
  const [state] = yield* rows(
    `SELECT s.up_to, s.segments, (SELECT count(*) FROM gram_blocks b WHERE b.account = s.account) FROM word_states s WHERE s.account = $1`,
    account,
  );
  const upTo = (state?.[0] ?? 0) as number;
  const stamp = state === undefined ? "" : state.join("/");
  const { grams } = yield* memory();
  const known = grams.get(String(account));
  if (known?.stamp === stamp) return known;
  const of = { [GramKind.run]: noFilters(), [GramKind.between]: noFilters() };
  let bytes = 0;
  for (const [block, kind, size, emails] of yield* rows(
    "SELECT block, kind, size, emails FROM gram_blocks WHERE account = $1",
    account,
  )) {
    const { bySize } = of[kind as GramKind];
    const others = bySize.get(size as number) ?? new Map<number, () => readonly EmailId[]>();
    bySize.set(size as number, others.set(block as number, membersOf(emails as Uint8Array)));
    bytes += gramBlockEmails * memberBytes;
  }
  for (const [kind, email, filter] of yield* rows(
    "SELECT kind, email, filter FROM gram_waiting WHERE account = $1",
    account,
  )) {
    of[kind as GramKind].waiting.push([email as number, Uint8Array.from(filter as Uint8Array)]);
    bytes += (filter as Uint8Array).length + waitingOverhead;
  }
  const blocks = { upTo, of, stamp };
  grams.put(String(account), blocks, bytes);
  return blocks;
}

/** One chunk of columns, of all blocks of a size. */
export type Chunks = readonly (readonly [block: number, body: Uint8Array])[];

function* chunksOf(account: AccountId, { stamp }: GramBlocks, kind: GramKind, size: number, chunk: number): Op<Chunks> {
  const { columns } = yield* memory();
  const name = `${account}/${stamp}/${kind}/${size}/${chunk}`;
  const known = columns.get(name);
  if (known !== undefined) return known;
  const found = (yield* rows(
    "SELECT block, body FROM gram_columns WHERE account = $1 AND kind = $2 AND size = $3 AND chunk = $4",
    account,
    kind,
    size,
    chunk,
  )) as unknown as Chunks;
  columns.put(
    name,
    found,
    found.reduce((sum, [, body]) => sum + body.length + chunkOverhead, 0),
  );
  return found;
}

/** The emails whose filters of this kind do not rule the needle out. */
export function* mayHold(account: AccountId, blocks: GramBlocks, kind: GramKind, slots: readonly number[]): Op<BitSet> {
  const found = new BitSet(blocks.upTo + 1);
  const { waiting, bySize } = blocks.of[kind];
  for (const [email, filter] of waiting) if (holdsSlots(filter, slots)) found.add(email);
  for (const [size, numbers] of bySize) {
    const left = new Map(Array.from(numbers.keys(), (block) => [block, new Left()]));
    const columns = new Map<string, Column>();
    for (const slot of slots) {
      const column = columnOf(slot, size);
      columns.set(`${column.chunk}/${column.from}`, column);
      if (columns.size === maxSlotsAsked) break;
    }
    for (const { chunk, from } of columns.values()) {
      if (left.size === 0) break;
      for (const [block, body] of yield* chunksOf(account, blocks, kind, size, chunk))
        if (left.get(block)?.keep(body, from) === false) left.delete(block);
    }
    for (const [block, rest] of left)
      for (const [index, email] of numbers.get(block)!().entries()) if (rest.has(index)) found.add(email);
  }
  return found;
}
