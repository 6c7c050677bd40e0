/**
 * SEARCH over one mailbox: the database passes on what satisfies the bounds of the key, the judge decides by the row
 * (signature included) what it can, and the bytes of the rest are read, a bounded number at a time. Dates of the Date
 * field are those of the writer's clock (`search-sent.ts`); INTERNALDATE is compared as an instant.
 */

import { rangesOf, within } from "./ops/ranges.ts";
import { type Cells, type Encoding, glance, type Op, rows } from "./ops/tx.ts";
import { type Bounds, boundsOf, wholeSubjectChars } from "./search-bounds.ts";
import { type Candidate, type Judge, judgeOf, type Needs, nobody, unknown, yes } from "./search-judge.ts";
import type { SearchKey } from "./search-key.ts";
import { lookInto } from "./search-look.ts";
import { foreknowledgeOf, sift, siftedUids, worthAsking } from "./search-sift.ts";
import type { AccountId, MailboxId, UidRange } from "./store.ts";

/** Rows read at once. With signatures (up to 32 KiB each) or envelopes there are fewer. */
export const maxRowsAtOnce = 8192;
export const maxWideRowsAtOnce = 512;
/** Message bytes read at once, unless one message alone has more. */
export const maxBytesAtOnce = 4 * 1024 * 1024;
const maxMessagesAtOnce = 512;

export type Found = { readonly uids: readonly number[]; readonly highestModseq: number };

export function* search(account: AccountId, mailbox: MailboxId, key: SearchKey): Op<Found> {
  let bounds = boundsOf(key);
  const uids: number[] = [];
  let highestModseq = 0;
  if (bounds.empty) return { uids, highestModseq };
  if (bounds.whole) {
    for (const [uid, modseq] of yield* rows(
      statement(bounds, "m.uid, m.modseq", false),
      ...parameters(account, mailbox, bounds.uids, bounds, -1),
    )) {
      uids.push(uid as number);
      if ((modseq as number) > highestModseq) highestModseq = modseq as number;
    }
    return { uids, highestModseq };
  }
  const sifted = yield* sift(account, key);
  const named = sifted && (yield* siftedUids(account, mailbox, sifted, bounds.uids));
  if (named !== undefined) bounds = { ...bounds, uids: named };
  const judge = judgeOf(key, sifted && foreknowledgeOf(sifted));
  const note = (hits: readonly Candidate[]): void => {
    for (const { uid, modseq } of hits) {
      uids.push(uid);
      if (modseq > highestModseq) highestModseq = modseq;
    }
  };
  if (sifted !== undefined && worthAsking(sifted, named) && !judge.needs.content && bounds.subject === "") {
    // What the index decides needs no more of a row than its numbers, mostly; only the rest is read with its signatures.
    const open: number[] = [];
    for (const pages = new Pages(bounds); !pages.ended; ) {
      const { hits, unknowns } = divide(yield* pages.rows(account, mailbox, judge.needs.row), judge);
      note(hits);
      for (const { uid } of unknowns) open.push(uid);
    }
    bounds = { ...bounds, uids: rangesOf(open) };
  }
  for (const pages = new Pages(bounds); !pages.ended; ) {
    const { hits, unknowns } = divide(yield* pages.next(account, mailbox, judge.needs), judge);
    note(hits);
    if (unknowns.length > 0) note(yield* lookAt(unknowns, judge));
  }
  uids.sort((one, other) => one - other);
  return { uids, highestModseq };
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

  /** The same without what is joined to a row; `whole`: with all that it says itself, and not only its numbers. */
  *rows(account: AccountId, mailbox: MailboxId, whole: boolean): Op<readonly Candidate[]> {
    if (whole) return yield* this.next(account, mailbox, unjoined);
    const some = this.#ranges.slice(0, maxRowsAtOnce);
    // Three texts for all rows are several times as fast as a row for each.
    const [found] = yield* rows(
      `SELECT string_agg(CAST(uid AS TEXT), ','), string_agg(CAST(modseq AS TEXT), ','), string_agg(CAST(email AS TEXT), ',')
       FROM (${statement(this.#bounds, "m.uid, m.modseq, m.email", false)}) found`,
      ...parameters(account, mailbox, some, this.#bounds, maxRowsAtOnce),
    );
    const [uids, modseqs, emails] = found!.map((text) =>
      text === null ? [] : (text as string).split(",").map(Number),
    );
    const page = uids!.map((uid, at) => ({ ...nobody, uid, modseq: modseqs![at]!, email: emails![at]! }));
    this.#pass(page, some, maxRowsAtOnce);
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

/** Which of these match, by their bytes. */
function* lookAt(open: readonly Candidate[], judge: Judge): Op<readonly Candidate[]> {
  const headerOnly = judge.needs.bytes === "header";
  const hits: Candidate[] = [];
  for (let from = 0; from < open.length; ) {
    let to = from;
    for (let bytes = 0; to < open.length && to - from < maxMessagesAtOnce; to++) {
      bytes += open[to]?.size ?? 0;
      if (bytes > maxBytesAtOnce && to > from) break;
    }
    const batch = open.slice(from, to);
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
        headerOnly ? candidate.headerBytes : candidate.size,
      );
      if (judge.second(candidate, lookInto(bytes))) hits.push(candidate);
    }
    from = to;
  }
  return hits;
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
