/**
 * SEARCH over one mailbox: the database passes on what satisfies the bounds of the key, the judge decides by the row
 * (signature included) what it can, and the bytes of the rest are read, a bounded number at a time. Dates of the Date
 * field are those of the writer's clock (`search-sent.ts`); INTERNALDATE is compared as an instant.
 */

import { type FoldedText, foldedText } from "../../protocol/mime/search-text.ts";
import type { Numbers } from "./ops/mailbox-emails.ts";
import { rangesOf, within } from "./ops/ranges.ts";
import { type Cells, type Encoding, glance, memory, type Op, rows } from "./ops/tx.ts";
import { type Bounds, boundsOf, wholeSubjectChars } from "./search-bounds.ts";
import {
  type Candidate,
  type Judge,
  judgeOf,
  type Needs,
  no,
  nobody,
  unknown,
  type Verdict,
  yes,
} from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import { lookAgain, lookInto } from "./search-look.ts";
import type { SearchMemory } from "./search-memory.ts";
import { foreknowledgeOf, sift, siftedEmails, worthAsking } from "./search-sift.ts";
import type { AccountId, MailboxId, UidRange } from "./store.ts";

/** Rows read at once. With signatures (up to 32 KiB each) or envelopes there are fewer. */
export const maxRowsAtOnce = 8192;
export const maxWideRowsAtOnce = 512;
/** Message bytes read at once, unless one message alone has more. */
export const maxBytesAtOnce = 4 * 1024 * 1024;
const maxMessagesAtOnce = 512;

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
  const uids = Uint32Array.from(yield* searchUids(account, mailbox, key)).sort();
  return { uids, highestModseq: withModseq ? yield* highestOf(account, mailbox, uids) : 0 };
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
  const note = (hits: readonly Candidate[]): void => {
    for (const { uid } of hits) uids.push(uid);
  };
  if (sifted !== undefined) {
    const byNumbers = !judge.needs.row && !judge.needs.content && bounds.subject === "";
    const named = yield* siftedEmails(account, mailbox, sifted, byNumbers);
    // What the index decides needs nothing of a row but its numbers, mostly.
    if (named !== undefined) {
      const { texts } = yield* memory();
      const decide = byNumbers ? deciding(judge, texts) : () => unknown;
      bounds = { ...bounds, uids: rangesOf(asked(named, bounds.uids, decide, uids)) };
    }
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

type Decide = (uid: number, email: number, content: number) => Verdict;

/** By what is known without reading anything of a message. */
function deciding(judge: Judge, texts: SearchMemory["texts"]): Decide {
  const candidate = { ...nobody };
  return (uid, email, content) => {
    candidate.uid = uid;
    candidate.email = email;
    const verdict = judge.first(candidate);
    if (verdict !== unknown || judge.needs.bytes !== "text") return verdict;
    const folded = texts.get(content);
    if (folded === undefined || folded === "once") return unknown;
    return judge.second(candidate, lookAgain(folded)) ? yes : no;
  };
}

/** Puts those that match into `hits`; answers those that must be read for it. */
function asked(
  { uids, emails, contents }: Numbers,
  ranges: readonly UidRange[],
  decide: Decide,
  hits: number[],
): readonly number[] {
  const open: number[] = [];
  let range = 0;
  for (let at = 0; at < uids.length; at++) {
    const uid = uids[at]!;
    while (range < ranges.length && ranges[range]![1] < uid) range++;
    if (range === ranges.length) break;
    if (ranges[range]![0] > uid) continue;
    const verdict = decide(uid, emails[at]!, contents[at]!);
    if (verdict === yes) hits.push(uid);
    else if (verdict === unknown) open.push(uid);
  }
  return open;
}

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

/** Which of these match, by their bytes or by their text that is at hand. */
function* lookAt(open: readonly Candidate[], judge: Judge): Op<readonly Candidate[]> {
  const { texts } = yield* memory();
  const ofText = judge.needs.bytes === "text";
  const hits: Candidate[] = [];
  const unread: Candidate[] = [];
  for (const candidate of open) {
    const folded = ofText ? texts.get(candidate.content) : undefined;
    if (folded === undefined || folded === "once") unread.push(candidate);
    else if (judge.second(candidate, lookAgain(folded))) hits.push(candidate);
  }
  for (let from = 0; from < unread.length; ) {
    let to = from;
    for (let bytes = 0; to < unread.length && to - from < maxMessagesAtOnce; to++) {
      bytes += unread[to]?.size ?? 0;
      if (bytes > maxBytesAtOnce && to > from) break;
    }
    const batch = unread.slice(from, to);
    const contents = JSON.stringify([...new Set(batch.map(({ content }) => content))]);
    const stored = new Map<number, Cells>();
    for (const cells of yield* rows(
      "SELECT b.content, b.encoding, b.blob, b.data FROM {list $1} l {cross} bytes b WHERE b.content = l.value",
      contents,
    ))
      stored.set(cells[0] as number, cells);
    for (const candidate of batch) {
      const cells = stored.get(candidate.content);
      if (cells === undefined)
        throw new Error(`Message ${candidate.uid} names content ${candidate.content}, which has no bytes.`);
      const bytes = yield* glance(
        {
          encoding: cells[1] as Encoding,
          sizeBytes: candidate.size,
          blob: cells[2] as string,
          data: cells[3] as Uint8Array | null,
        },
        judge.needs.bytes === "header" ? candidate.headerBytes : candidate.size,
      );
      const folded = ofText ? remember(texts, candidate.content, bytes) : undefined;
      if (judge.second(candidate, folded === undefined ? lookInto(bytes) : lookAgain(folded))) hits.push(candidate);
    }
    from = to;
  }
  return hits;
}

/** What a note of one look takes in memory, about, and what a text takes beside its characters. */
const noteBytes = 100;
const textOverhead = 200;

/** Characters take two bytes each where one of them is beyond Latin-1. */
const inMemory = (text: string): number => text.length * (/[^\x00-\xff]/.test(text) ? 2 : 1);

/** The text of a message that is looked into for the second time; the first time it is only noted that it was. */
function remember(texts: SearchMemory["texts"], content: number, bytes: Uint8Array): FoldedText | undefined {
  if (texts.get(content) === undefined) {
    texts.put(content, "once", noteBytes);
    return undefined;
  }
  const folded = foldedText(bytes);
  if (folded !== undefined) texts.put(content, folded, textOverhead + inMemory(folded.header) + inMemory(folded.text));
  return folded;
}

// ---------------------------------------------------------------- statements: a small set, for they are prepared

const unjoined: Needs = { row: true, content: false, envelope: false, signature: false, bytes: "none" };

const isJoined = (needs: Needs): boolean =>
  needs.content || needs.envelope || needs.signature || needs.bytes !== "none";

function columns(needs: Needs): string {
  const of = (asked: boolean, column: string, otherwise: string) => (asked ? column : otherwise);
  return `m.uid, m.flags, m.keywords, m.modseq, m.received_at, m.saved_at, m.size, m.email, m.thread, m.content,
    ${of(needs.content, "c.sent_at, c.subject", "0, ''")}, ${of(needs.bytes !== "none", "c.header_bytes", "0")},
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
    headerBytes: cells[12] as number,
    envelope: cells[13] as string,
    signature: (cells[14] as Uint8Array | null) ?? noSignature,
  };
}
