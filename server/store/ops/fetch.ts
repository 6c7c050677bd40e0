/** Rows of messages, and what has changed among them. */
import type { AccountId, Field, MailboxChanges, MailboxId, UidRange } from "../store.ts";
import { parseKeywords } from "./keywords.ts";
import { mailboxRow } from "./mailbox-tree.ts";
import { rangesOf, type Within, within } from "./ranges.ts";
import { type Cells, type Encoding, load, type Op, type Param, rows, type StoredBytes } from "./tx.ts";

/** Bounds of one answer: a caller pages. */
export const maxFetchRows = 2048;
export const maxFetchBytes = 4 * 1024 * 1024;
/** Rows read at one time, so that undecoded bytes never pile up. */
const maxStepRows = 256;

/** Rows as they cross a thread: one array per message, in the order of `columnsOf`; `bytes` or `header` (never both) come last. */
export type FetchedCells = { readonly cells: readonly Cells[]; readonly next: number | undefined };

const always = "m.uid, m.flags, m.keywords, m.modseq, m.size, m.received_at, m.saved_at, m.email, m.thread, m.content";
const baseColumns = 10;

/** Which optional columns a set of fields needs, in their order. */
export function columnsOf(fields: readonly Field[]): {
  readonly envelope: boolean;
  readonly structure: boolean;
  readonly subject: boolean;
  readonly facts: boolean;
  readonly bytes: boolean;
  readonly header: boolean;
} {
  const bytes = fields.includes("bytes");
  const header = fields.includes("header");
  return {
    envelope: fields.includes("envelope"),
    structure: fields.includes("structure"),
    subject: fields.includes("subject"),
    facts: fields.includes("facts") || header,
    bytes,
    header,
  };
}

export function* fetchCells(
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[],
  fields: readonly Field[],
): Op<FetchedCells> {
  const want = columnsOf(fields);
  const inBytes = want.bytes || want.header;
  let columns = always;
  if (want.envelope) columns += ", c.envelope";
  if (want.structure) columns += ", c.structure";
  if (want.subject) columns += ", c.subject";
  if (want.facts) columns += ", c.header_bytes, c.has_attachment, c.sent_at, c.message_id";
  const needContents = columns !== always;
  let join = needContents ? " JOIN contents c ON c.id = m.content" : "";
  if (inBytes) {
    join += " JOIN bytes b ON b.content = m.content";
    columns += ", b.encoding, b.blob, b.data";
  }
  const select = (part: Within, rest: string) =>
    `SELECT ${columns} FROM ${part.from}${join} WHERE ${part.where}${rest}`;
  if (uids.length === 1 && !inBytes) {
    const part = within(account, mailbox, uids);
    const found = yield* rows(select(part, " ORDER BY m.uid LIMIT $5"), ...part.params, maxFetchRows + 1);
    if (found.length <= maxFetchRows) return { cells: found, next: undefined };
    return { cells: found.slice(0, maxFetchRows), next: found[maxFetchRows]![0] as number };
  }

  const page = yield* pageOf(account, mailbox, uids, inBytes);
  const cells: Cells[] = [];
  for (let at = 0; at < page.uids.length; at += maxStepRows) {
    const part = within(account, mailbox, rangesOf(page.uids.slice(at, at + maxStepRows)));
    const found = yield* rows(select(part, ""), ...part.params);
    const sorted = found.every((row, i) => i === 0 || row[0]! > found[i - 1]![0]!);
    for (const row of sorted ? found : found.toSorted((a, b) => (a[0] as number) - (b[0] as number))) {
      if (!inBytes) {
        cells.push(row);
        continue;
      }
      const last = row.length - 3;
      const sizeBytes = row[4] as number;
      const stored: StoredBytes = {
        encoding: row[last] as Encoding,
        sizeBytes,
        blob: row[last + 1] as string,
        data: row[last + 2] as Uint8Array | null,
      };
      const limit = want.bytes ? sizeBytes : (row[baseColumns + textColumns(want)] as number);
      const bytes = yield* load(stored, limit);
      (row as Param[]).length = last;
      (row as Param[]).push(bytes);
      cells.push(row);
    }
  }
  return { cells, next: page.next };
}

/** The UIDs of one answer, and the first one after it. */
function* pageOf(
  account: AccountId,
  mailbox: MailboxId,
  uids: readonly UidRange[],
  inBytes: boolean,
): Op<{ readonly uids: readonly number[]; readonly next: number | undefined }> {
  const part = within(account, mailbox, uids);
  const found = (yield* rows(
    `SELECT m.uid, m.size FROM ${part.from} WHERE ${part.where} ORDER BY m.uid LIMIT $5`,
    ...part.params,
    maxFetchRows + 1,
  )) as unknown as readonly (readonly [number, number])[];
  const page: number[] = [];
  let room = maxFetchBytes;
  for (const [uid, size] of found) {
    if (page.length === maxFetchRows || (inBytes && page.length > 0 && room < size)) return { uids: page, next: uid };
    page.push(uid);
    room -= size;
  }
  return { uids: page, next: undefined };
}

/** Columns between the base and the facts. */
function textColumns(want: ReturnType<typeof columnsOf>): number {
  return Number(want.envelope) + Number(want.structure) + Number(want.subject);
}

export function* changesSince(account: AccountId, mailbox: MailboxId, modseq: number): Op<MailboxChanges> {
  const row = yield* mailboxRow(account, mailbox);
  if (row === undefined) return { kind: "no-mailbox" };
  if (row.modseq <= modseq)
    return { kind: "done", changed: [], vanished: [], uidNext: row.uidnext, highestModseq: row.modseq };
  const found = [
    ...(yield* rows(
      `SELECT uid, flags, keywords, modseq FROM messages
       WHERE account = $1 AND mailbox = $2 AND modseq > $3 AND modseq > created_modseq AND created_modseq <= $3`,
      account,
      mailbox,
      modseq,
    )),
    ...(yield* newSince(account, mailbox, modseq)),
  ] as unknown as [number, number, string, number][];
  found.sort((a, b) => a[0] - b[0]);
  const gone = (yield* rows(
    "SELECT uid FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq > $3 AND uid > 0",
    account,
    mailbox,
    modseq,
  )) as unknown as [number][];
  return {
    kind: "done",
    changed: found.map(([uid, flags, text, changedAt]) => ({
      uid,
      flags,
      keywords: parseKeywords(text),
      modseq: changedAt,
    })),
    vanished: gone.map(([uid]) => uid).sort((a, b) => a - b),
    uidNext: row.uidnext,
    highestModseq: row.modseq,
  };
}

/** Messages that came after a mod-sequence: they are the last ones, since both numbers ascend together. */
function* newSince(account: AccountId, mailbox: MailboxId, modseq: number): Op<readonly Cells[]> {
  for (let limit = 32; ; limit *= 8) {
    const last = yield* rows(
      `SELECT uid, flags, keywords, modseq, created_modseq FROM messages
       WHERE account = $1 AND mailbox = $2 ORDER BY uid DESC LIMIT $3`,
      account,
      mailbox,
      limit,
    );
    const fresh = last.filter((row) => (row[4] as number) > modseq);
    if (fresh.length < last.length || last.length < limit) return fresh;
  }
}
