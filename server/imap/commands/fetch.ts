/** FETCH: reads the messages page by page and writes them as fast as the client takes them. RFC 9051 §6.4.5. */
import type { Command, FetchItem } from "../../../protocol/imap/command.ts";
import { formatRanges, inPlaces, inRanges, rangesOf, type SetRange, sizeOf } from "../../../protocol/imap/set.ts";
import { type AccountId, Flag, type MessageRow, type Store } from "../../store/store.ts";
import { unlessTrouble } from "../../store/trouble.ts";
import { type Answer, bad, no, noSuchMailbox, ok, outOfRange } from "../answer.ts";
import type { ContentCache } from "../content-cache.ts";
import { fieldsOf, inPieces, marksSeen, writeMessage } from "../fetch-items.ts";
import { may } from "../names.ts";
import { Pages, portionsOf } from "../pages.ts";
import type { Selected, Session } from "../session.ts";
import { fetchStart, type Marked, recent, tellMarks } from "../updates.ts";
import { vanishedSince } from "./select.ts";

type FetchCommand = Extract<Command, { name: "FETCH" }>;
type FetchStore = Pick<Store, "fetch" | "changesSince" | "openMailbox" | "setFlags" | "content">;

/** A message of this size that is asked for in pieces is kept at hand. */
const largeBytes = 128 * 1024;

export async function fetch(
  session: Session,
  selected: Selected,
  command: FetchCommand,
  ask: { readonly store: FetchStore; readonly cache: ContentCache },
): Promise<Answer> {
  const { account } = selected;
  // RFC 7162 §3.2.6.
  if (command.vanished && !session.qresync) return bad("ENABLE QRESYNC first");
  let ranges = selected.view.select(command.set, command.uid, session.saved);
  if (ranges === undefined) return outOfRange;
  // RFC 9394 §3.3: of what the set names.
  if (command.partial !== undefined) ranges = rangesOf(inPlaces(selected.view.within(ranges), command.partial));
  let items = command.items;
  // RFC 7162 §3.1.4.1: asking by mod-sequence asks for it; §3.1: who asks for it has CONDSTORE enabled.
  if (command.changedSince !== undefined) items = including(items, "modseq");
  if (items.some((item) => item.kind === "modseq")) session.condstore = true;
  if (command.changedSince !== undefined) {
    const changes = await ask.store.changesSince(account, selected.mailbox, command.changedSince);
    if (changes.kind === "no-mailbox") return noSuchMailbox;
    if (command.vanished) {
      const asked = command.set.kind === "ranges" ? command.set.ranges : session.saved;
      const gone = await vanishedSince(account, selected, command.changedSince, asked, changes.vanished, ask.store);
      if (gone.length > 0) session.out.line(`* VANISHED (EARLIER) ${formatRanges(gone)}`);
    }
    const within = ranges;
    const changed = changes.changed.filter((message) => inRanges(within, message.uid));
    if (items.every((item) => item.kind === "uid" || item.kind === "flags" || item.kind === "modseq")) {
      await writeMarks(session, selected, items, changed);
      return ok("FETCH completed");
    }
    ranges = rangesOf(changed.map((message) => message.uid));
  }
  const expected = command.uid ? 0 : selected.view.within(ranges).length;
  const result = await writeAll(session, selected, account, ranges, items, ask);
  if (!result.decoded) return no("UNKNOWN-CTE", "A part is encoded in an unknown way");
  if (result.count < expected) return no("EXPUNGEISSUED", "Some of these messages are gone");
  return ok("FETCH completed");
}

/** What `changesSince` answered is all that was asked for. */
async function writeMarks(
  session: Session,
  selected: Selected,
  items: readonly FetchItem[],
  changed: readonly Marked[],
): Promise<void> {
  tellMarks(session, selected, changed);
  for (const message of changed) {
    const sequence = selected.view.seqOf(message.uid);
    if (sequence === 0) continue;
    // Nothing long is among the items, so this is written in one go.
    writeMessage(
      session.out,
      fetchStart(session, sequence, message.uid),
      items,
      message as MessageRow,
      undefined,
      recent(session, selected, message.uid),
    ).next();
    const full = session.out.full ? session.out.drained() : undefined;
    if (full !== undefined) await full;
  }
}

/** RFC 5465 §5.2: what a client that is told of new messages wants to know of them at once. */
export async function fetchArrived(
  session: Session,
  selected: Selected,
  uids: readonly number[],
  items: readonly FetchItem[],
  ask: { readonly store: FetchStore; readonly cache: ContentCache },
): Promise<void> {
  if (items.length > 0) await writeAll(session, selected, selected.account, rangesOf(uids), items, ask);
}

async function writeAll(
  session: Session,
  selected: Selected,
  account: AccountId,
  ranges: readonly SetRange[],
  items: readonly FetchItem[],
  { store, cache }: { readonly store: FetchStore; readonly cache: ContentCache },
): Promise<{ readonly count: number; readonly decoded: boolean }> {
  if (ranges.length === 0) return { count: 0, decoded: true };
  const setsSeen = !selected.readOnly && may(selected, "s") && items.some(marksSeen);
  let fields = fieldsOf(items);
  // One message in pieces: most likely the next piece is asked for next.
  const piece = fields.includes("bytes") && inPieces(items) && ranges.length === 1 && sizeOf(ranges) === 1;
  if (piece) fields = [...fields.filter((field) => field !== "bytes"), "size"];
  let withFlags = including(items, "flags");
  if (session.condstore) withFlags = including(withFlags, "modseq");
  let count = 0;
  let decoded = true;
  const portions = portionsOf(selected.view.within(ranges), fields);
  await using pages = new Pages(store, cache.budget, account, selected.mailbox, portions, fields);
  for (let rows = await pages.next(); rows !== undefined; rows = await pages.next()) {
    const seen = setsSeen ? await markSeen(selected, account, rows, store) : undefined;
    if (fields.includes("marks")) tellMarks(session, selected, rows);
    for (const row of rows) {
      const sequence = selected.view.seqOf(row.uid);
      if (sequence === 0) continue;
      const now = seen?.get(row.uid);
      const bytes = piece ? await contentOf(row, store, cache) : (row.bytes ?? row.header);
      const writing = writeMessage(
        session.out,
        fetchStart(session, sequence, row.uid),
        now === undefined ? items : withFlags,
        now === undefined ? row : { ...row, ...now },
        bytes === undefined ? undefined : asBuffer(bytes),
        recent(session, selected, row.uid),
      );
      let step = writing.next();
      while (step.done !== true) {
        const full = session.out.drained();
        if (full !== undefined) await full;
        step = writing.next();
      }
      decoded &&= step.value;
      count++;
      const full = session.out.full ? session.out.drained() : undefined;
      if (full !== undefined) await full;
    }
    session.out.flush(pages.free);
  }
  return { count, decoded };
}

function including(items: readonly FetchItem[], kind: "flags" | "modseq"): readonly FetchItem[] {
  return items.some((item) => item.kind === kind) ? items : [...items, { kind }];
}

/** Sets \Seen on those of a page that lack it; answers their marks since then. */
async function markSeen(
  selected: Selected,
  account: AccountId,
  rows: readonly MessageRow[],
  store: Pick<Store, "setFlags">,
): Promise<ReadonlyMap<number, Marked> | undefined> {
  const unseen = rows.filter((row) => (row.flags & Flag.seen) === 0).map((row) => row.uid);
  if (unseen.length === 0) return undefined;
  const wanted = { uids: rangesOf(unseen), mode: "add", marks: { flags: Flag.seen, keywords: [] } } as const;
  // What cannot be marked as seen, because the disk is full, can be read all the same.
  const result = await store.setFlags(account, selected.mailbox, wanted).catch(unlessTrouble(undefined));
  if (result?.kind !== "done") return undefined;
  selected.changedBySelf(result.modseq);
  return new Map(result.changed.map((message) => [message.uid, message]));
}

async function contentOf(
  row: MessageRow,
  store: Pick<Store, "content">,
  cache: ContentCache,
): Promise<Uint8Array | undefined> {
  const held = cache.get(row.content);
  if (held !== undefined) return held;
  const bytes = await store.content(row.content);
  if (bytes !== undefined && row.sizeBytes >= largeBytes) cache.put(row.content, bytes);
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
