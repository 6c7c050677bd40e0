/**
 * SEARCH over one mailbox: the database passes on what satisfies the bounds of the key, the judge decides by the row
 * (signature included) what it can, and the bytes of the rest are read, a bounded number at a time. Dates of the Date
 * field are those of the writer's clock (`search-sent.ts`); INTERNALDATE is compared as an instant.
 */

import { rangesOf, within } from "./ops/ranges.ts";
import { type Cells, type Op, rows } from "./ops/tx.ts";
import { type Bounds, boundsOf, wholeSubjectChars } from "./search-bounds.ts";
import { type Candidate, isAmong, type Judge, judgeOf, type Needs, unknown, yes } from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import { lookAt } from "./search-look.ts";
import { searchNumbers } from "./search-numbers.ts";
import { fewUids, foreknowledgeOf, sift, worthAsking } from "./search-sift.ts";
import type { AccountId, MailboxId, UidRange } from "./store.ts";

/** Rows read at once. With signatures (up to 32 KiB each) or envelopes there are fewer. */
export const maxRowsAtOnce = 8192;
export const maxWideRowsAtOnce = 512;

export type Found = { readonly uids: readonly number[]; readonly highestModseq: number };

/** `withModseq`: the highest mod-sequence is asked for; otherwise it is 0. */
export function* search(account: AccountId, mailbox: MailboxId, key: SearchKey, withModseq = false): Op<Found> {
  const { uids, highestModseq } = yield* searchPacked(account, mailbox, key, withModseq);
  return { uids: Array.from(uids), highestModseq };
}

/** The same, for a way to another thread. */
export type FoundPacked = { readonly uids: Uint32Array; readonly highestModseq: number };

export function* searchPacked(
  account: AccountId,
  mailbox: MailboxId,
  key: SearchKey,
  withModseq = false,
): Op<FoundPacked> {
  const uids = new Uint32Array(yield* searchUids(account, mailbox, key));
  if (!ascends(uids)) uids.sort();
  return { uids, highestModseq: withModseq ? yield* highestOf(account, mailbox, uids) : 0 };
}

function ascends(numbers: Uint32Array): boolean {
  for (let at = 1; at < numbers.length; at++) if (numbers[at]! < numbers[at - 1]!) return false;
  return true;
}

/** In no order. */
function* searchUids(account: AccountId, mailbox: MailboxId, key: SearchKey): Op<readonly number[]> {
  let bounds = boundsOf(key);
  const uids: number[] = [];
  if (bounds.empty) return uids;
  if (bounds.whole) {
    for (const [uid] of yield* rows(
      statement(bounds, "m.uid", false),
      ...parameters(account, mailbox, bounds.uids, bounds, -1),
    ))
      uids.push(uid as number);
    return uids;
  }
  const sifted = yield* sift(account, key);
  const judge = judgeOf(key, sifted && foreknowledgeOf(sifted));
  if (!judge.needs.row && !judge.needs.content && bounds.subject === "" && span(bounds.uids) > narrowSpan)
    return yield* searchNumbers(account, mailbox, bounds.uids, sifted, judge);
  const note = (hits: readonly Candidate[]): void => {
    for (const { uid } of hits) uids.push(uid);
  };
  if (sifted !== undefined) {
    const named = yield* fewUids(account, mailbox, sifted);
    if (named !== undefined) bounds = { ...bounds, uids: rangesOf(named.filter((uid) => isAmong(bounds.uids, uid))) };
    if (judge.needs.row && worthAsking(sifted, named !== undefined) && !judge.needs.content && bounds.subject === "") {
      const open: number[] = [];
      for (const pages = new Pages(bounds); !pages.ended; ) {
        const { hits, unknowns } = divide(yield* pages.next(account, mailbox, unjoined), judge);
        note(hits);
        for (const { uid } of unknowns) open.push(uid);
      }
      bounds = { ...bounds, uids: rangesOf(open) };
    }
  }
  for (const pages = new Pages(bounds); !pages.ended; ) {
    const { hits, unknowns } = divide(yield* pages.next(account, mailbox, judge.needs), judge);
    note(hits);
    if (unknowns.length > 0) note(yield* lookAt(unknowns, judge));
  }
  return uids;
}

/** So few UIDs are sooner read than all numbers of the mailbox. */
const narrowSpan = 1024;
const span = (ranges: readonly UidRange[]): number => ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0);

function* highestOf(account: AccountId, mailbox: MailboxId, uids: ArrayLike<number>): Op<number> {
  let highest = 0;
  const ranges = rangesOf(uids);
  for (let from = 0; from < ranges.length; from += maxRowsAtOnce) {
    const { from: where, where: which, params } = within(account, mailbox, ranges.slice(from, from + maxRowsAtOnce));
    const [found] = yield* rows(`SELECT max(m.modseq) FROM ${where} WHERE ${which}`, ...params);
    highest = Math.max(highest, (found?.[0] ?? 0) as number);
  }
  return highest;
}

/** The candidates within the bounds, in their order, a bounded number at a time. */
class Pages {
  readonly #bounds: Bounds;
  #ranges: readonly UidRange[];

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#ranges = bounds.uids;
  }

  get ended(): boolean {
    return this.#ranges.length === 0;
  }

  *next(account: AccountId, mailbox: MailboxId, needs: Needs): Op<readonly Candidate[]> {
    const bounds = this.#bounds;
    const limit = needs.signature || needs.envelope ? maxWideRowsAtOnce : maxRowsAtOnce;
    const sql = statement(bounds, columns(needs), isJoined(needs) || bounds.subject !== "");
    // A statement gets so many ranges as it may give rows: sifted ones are a row each.
    const some = this.#ranges.slice(0, limit);
    const page = (yield* rows(sql, ...parameters(account, mailbox, some, bounds, limit))).map(candidateOf);
    this.#pass(page, some, limit);
    return page;
  }

  #pass(page: readonly Candidate[], some: readonly UidRange[], limit: number): void {
    this.#ranges = page.length < limit ? this.#ranges.slice(some.length) : after(this.#ranges, page.at(-1)!.uid);
  }
}

/** Those that match by what is at hand, and those that must be looked at. */
function divide(
  page: readonly Candidate[],
  judge: Judge,
): { readonly hits: readonly Candidate[]; readonly unknowns: readonly Candidate[] } {
  const hits: Candidate[] = [];
  const unknowns: Candidate[] = [];
  for (const candidate of page) {
    const verdict = judge.first(candidate);
    if (verdict === yes) hits.push(candidate);
    else if (verdict === unknown) unknowns.push(candidate);
  }
  return { hits, unknowns };
}

// ---------------------------------------------------------------- statements: a small set, for they are prepared

const unjoined: Needs = { row: true, content: false, envelope: false, signature: false, bytes: "none" };

const isJoined = (needs: Needs): boolean => needs.content || needs.envelope || needs.signature;

function columns(needs: Needs): string {
  const of = (asked: boolean, column: string, otherwise: string) => (asked ? column : otherwise);
  return `m.uid, m.flags, m.keywords, m.modseq, m.received_at, m.saved_at, m.size, m.email, m.thread, m.content,
    ${of(needs.content, "c.sent_at, c.subject", "0, ''")},
    ${of(needs.envelope, "c.envelope", "''")}, ${of(needs.signature, "c.signature", "NULL")}`;
}

function statement(bounds: Bounds, selected: string, joined: boolean): string {
  const { from, where } = within(0, 0, bounds.uids);
  const subject =
    bounds.subject === ""
      ? "CAST($13 AS TEXT) = ''"
      : `({instr}(lower(c.subject), $13) > 0 OR octet_length(c.subject) <> length(c.subject) OR length(c.subject) >= ${wholeSubjectChars})`;
  return `SELECT ${selected} FROM ${from}${joined ? " {cross} contents c" : ""}
    WHERE ${where}${joined ? " AND c.id = m.content" : ""}
      AND (m.flags & $5) = $6 AND m.modseq >= $7 AND m.size BETWEEN $8 AND $9
      AND m.received_at >= $10 AND m.received_at < $11 AND length(m.keywords) >= $12 AND ${subject}
    ORDER BY m.uid LIMIT $14`;
}

const noLimit = 0xffffffff;

function parameters(
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[],
  bounds: Bounds,
  limit: number,
): readonly (string | number | null | Uint8Array)[] {
  // The form of the statement was chosen by the key's own ranges; what is left of them keeps to it.
  const several = bounds.uids.length !== 1;
  const first = uids[0] ?? [0, 0];
  return [
    account,
    mailbox,
    several ? JSON.stringify(uids) : first[0],
    several ? 0 : first[1],
    bounds.flagMask,
    bounds.flagWanted,
    bounds.modseqFrom,
    bounds.sizeFrom,
    bounds.sizeTo,
    bounds.receivedFrom,
    bounds.receivedBefore,
    bounds.minKeywordChars,
    bounds.subject,
    limit < 0 ? noLimit : limit,
  ];
}

/** What of the ranges lies above a UID. */
function after(ranges: readonly UidRange[], uid: number): readonly UidRange[] {
  return ranges.filter(([, high]) => high > uid).map(([low, high]): UidRange => [Math.max(low, uid + 1), high]);
}

const noSignature = new Uint8Array(0);

function candidateOf(cells: Cells): Candidate {
  return {
    uid: cells[0] as number,
    flags: cells[1] as number,
    keywords: cells[2] as string,
    modseq: cells[3] as number,
    receivedAt: cells[4] as number,
    savedAt: cells[5] as number,
    size: cells[6] as number,
    email: cells[7] as number,
    thread: cells[8] as number,
    content: cells[9] as number,
    sentAt: cells[10] as number | null,
    subject: cells[11] as string,
    envelope: cells[12] as string,
    signature: (cells[13] as Uint8Array | null) ?? noSignature,
  };
}
