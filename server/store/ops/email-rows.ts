/** Emails by their ids, whatever mailboxes they are in. */
import { type EmailBytes, type EmailRow, type EmailRows, type MailState, previewBytes } from "../jmap.ts";
import { type AccountId, type EmailId, Flag, type MailboxId, type ThreadId } from "../store.ts";
import { parseKeywords } from "./keywords.ts";
import { type Cells, type Encoding, load, type Op, one, rows } from "./tx.ts";

/** Bytes that one answer carries; the ids that do not fit come back as `rest`. */
export const maxEmailBytes = 16 * 1024 * 1024;

export function* mailState(account: AccountId): Op<MailState> {
  const row = yield* one<{ modseq: number; next_email: number }>(
    "SELECT modseq, next_email FROM accounts WHERE id = $1",
    account,
  );
  return { modseq: row?.modseq ?? 0, nextEmail: row?.next_email ?? 1, after: undefined };
}

type Gathered = {
  readonly cells: Cells;
  readonly mailboxes: MailboxId[];
  flags: number;
  keywords: Set<string>;
};

/** Keywords as JMAP writes them: RFC 8621 §4.1.1, lower case. */
export const jmapKeywords = (text: string): readonly string[] => parseKeywords(text.toLowerCase());

export function* emailRows(account: AccountId, emails: readonly EmailId[], bytes: EmailBytes): Op<EmailRows> {
  const state = yield* mailState(account);
  const found = yield* rows(
    `SELECT m.email, m.thread, m.content, m.mailbox, m.flags, m.keywords, m.size, m.received_at
     FROM {list $2} l {cross} messages m {by_email} WHERE m.account = $1 AND m.email = l.value AND (m.flags & ${Flag.deleted}) = 0`,
    account,
    JSON.stringify([...new Set(emails)]),
  );
  const gathered = new Map<EmailId, Gathered>();
  for (const cells of found) {
    const email = cells[0] as number;
    let one = gathered.get(email);
    if (one === undefined) gathered.set(email, (one = { cells, mailboxes: [], flags: 0, keywords: new Set() }));
    const mailbox = cells[3] as number;
    if (!one.mailboxes.includes(mailbox)) one.mailboxes.push(mailbox);
    one.flags |= cells[4] as number;
    for (const keyword of jmapKeywords(cells[5] as string)) one.keywords.add(keyword);
  }
  const wanted = [...gathered.values()].map(({ cells }) => cells[2] as number);
  const contents = new Map<number, Cells>();
  if (bytes !== "none")
    for (const cells of yield* rows(
      `SELECT c.id, c.header_bytes, c.has_attachment, b.encoding, b.blob, b.data, c.delivered
       FROM {list $1} l {cross} contents c {cross} bytes b WHERE c.id = l.value AND b.content = l.value`,
      JSON.stringify(wanted),
    ))
      contents.set(cells[0] as number, cells);
  else
    for (const cells of yield* rows(
      "SELECT k.content, 0, k.has_attachment FROM {list $1} l {cross} content_keys k WHERE k.content = l.value",
      JSON.stringify(wanted),
    ))
      contents.set(cells[0] as number, cells);

  const answer: EmailRow[] = [];
  const rest: EmailId[] = [];
  let room = maxEmailBytes;
  for (const email of emails) {
    const one = gathered.get(email);
    const content = one && contents.get(one.cells[2] as number);
    if (one === undefined || content === undefined) continue;
    const sizeBytes = one.cells[6] as number;
    const headerBytes = content[1] as number;
    const limit =
      bytes === "all" ? sizeBytes : bytes === "start" ? Math.min(sizeBytes, headerBytes + previewBytes) : headerBytes;
    if (bytes !== "none") {
      if (limit > room && answer.length > 0) {
        rest.push(email);
        continue;
      }
      room -= limit;
    }
    const row: EmailRow = {
      email,
      thread: one.cells[1] as number,
      content: one.cells[2] as number,
      mailboxes: one.mailboxes,
      marks: { flags: one.flags, keywords: [...one.keywords] },
      sizeBytes,
      receivedAt: one.cells[7] as number,
      headerBytes,
      hasAttachment: content[2] !== 0,
      delivered: content[6] === 1,
    };
    answer.push(
      bytes === "none"
        ? row
        : {
            ...row,
            bytes: yield* load(
              {
                encoding: content[3] as Encoding,
                sizeBytes,
                blob: content[4] as string,
                data: content[5] as Uint8Array | null,
              },
              limit,
            ),
          },
    );
  }
  return { rows: answer, rest, state };
}

/** For `FROM {list $2} l {cross} messages x`: the emails of the threads `l.value`, in two statements so that each has its index. */
const firstOfThread = "x.account = $1 AND x.email = l.value AND x.thread = l.value";
const restOfThread = "x.account = $1 AND x.thread = l.value AND x.thread <> x.email";

/** Rows `columns` (of `x`) of all emails in these threads, without the \Deleted ones. */
export function* rowsOfThreads(
  account: AccountId,
  threads: readonly ThreadId[],
  columns: string,
): Op<readonly Cells[]> {
  const list = JSON.stringify(threads);
  const of = (where: string, index: string) =>
    `SELECT ${columns} FROM {list $2} l {cross} messages x ${index} WHERE ${where} AND (x.flags & ${Flag.deleted}) = 0`;
  return [
    ...(yield* rows(of(firstOfThread, "{by_email}"), account, list)),
    ...(yield* rows(of(restOfThread, "{by_thread}"), account, list)),
  ];
}

export function* threadEmails(account: AccountId, threads: readonly ThreadId[]) {
  const state = yield* mailState(account);
  const found = yield* rowsOfThreads(account, [...new Set(threads)], "x.thread, x.email, x.received_at");
  const byThread = new Map<ThreadId, Map<EmailId, number>>();
  for (const [thread, email, receivedAt] of found as readonly (readonly [number, number, number])[]) {
    const emails = byThread.get(thread) ?? new Map<EmailId, number>();
    byThread.set(thread, emails.set(email, receivedAt));
  }
  return {
    // RFC 8621 §3: oldest first by receivedAt.
    threads: [...byThread].map(([thread, emails]) => ({
      thread,
      emails: [...emails].sort((a, b) => a[1] - b[1] || a[0] - b[0]).map(([email]) => email),
    })),
    state,
  };
}
