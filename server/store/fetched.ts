/** The rows of a FETCH as its caller sees them, made from the cells that crossed the thread. */
import { columnsOf, type FetchedCells } from "./ops/fetch.ts";
import { parseKeywords } from "./ops/keywords.ts";
import type { FetchedPage, Field, MessageRow } from "./store.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function messageRows({ cells, next }: FetchedCells, fields: readonly Field[]): FetchedPage {
  const want = columnsOf(fields);
  const rows: MessageRow[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: the columns have the types that the SELECT gives them.
  for (const values of cells as readonly (readonly any[])[]) {
    const row: Mutable<MessageRow> = {
      uid: values[0],
      flags: values[1],
      keywords: parseKeywords(values[2]),
      modseq: values[3],
      sizeBytes: values[4],
      receivedAt: values[5],
      savedAt: values[6],
      email: values[7],
      thread: values[8],
      content: values[9],
    };
    let at = 10;
    if (want.envelope) row.envelope = values[at++];
    if (want.structure) row.structure = values[at++];
    if (want.subject) row.subject = values[at++];
    if (want.facts) {
      row.headerBytes = values[at++];
      row.hasAttachment = values[at++] !== 0;
      row.sentAt = values[at++] ?? undefined;
      row.messageId = values[at++] ?? undefined;
    }
    if (want.bytes) row.bytes = values[at];
    if (want.header) row.header = values[at].subarray(0, row.headerBytes);
    rows.push(row);
  }
  return { rows, next };
}

/** Pages whose bytes came with memory of their own, from the thread that has read them. */
const own = new WeakSet<FetchedPage>();

export function ownRows(cells: FetchedCells, fields: readonly Field[]): FetchedPage {
  const page = messageRows(cells, fields);
  own.add(page);
  return page;
}

/** Gives back the memory of a page's messages where it can be, for who knows that nobody looks at their bytes any more; others leave it to the garbage collector. */
export function freePage(page: FetchedPage): void {
  if (!own.has(page)) return;
  for (const { bytes, header } of page.rows) {
    const memory = (bytes ?? header)?.buffer;
    if (memory instanceof ArrayBuffer && !memory.detached) memory.transfer(0);
  }
}
