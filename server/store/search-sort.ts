/** SORT (RFC 5256, and display names as RFC 5957): what matches, in the order asked, ties in mailbox order. */
import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { collated } from "../../protocol/mime/fold.ts";
import { baseSubject } from "../../protocol/mime/subject.ts";
import { rangesOf } from "./ops/ranges.ts";
import { type Cells, type Op, rows } from "./ops/tx.ts";
import { search } from "./search.ts";
import { type EnvelopeAddress, firstAddress, shownName } from "./search-envelope.ts";
import type { SearchKey, SortKey } from "./search-key.ts";
import type { AccountId, MailboxId } from "./store.ts";

/** Messages whose envelopes are read at once. */
export const maxSortRowsAtOnce = 512;

type Entry = { readonly uid: number; readonly keys: readonly (string | number)[] };

export function* sort(
  account: AccountId,
  mailbox: MailboxId,
  key: SearchKey,
  order: readonly SortKey[],
): Op<{ readonly uids: readonly number[] }> {
  const { uids } = yield* search(account, mailbox, key);
  if (order.length === 0 || uids.length < 2) return { uids };
  const readers = order.map(({ by }) => keyReaders[by]);
  const asks = (...names: readonly SortKey["by"][]) => order.some(({ by }) => names.includes(by));
  const fields = asks("date", "subject");
  const envelopes = asks("from", "to", "cc", "displayfrom", "displayto");
  const joined = fields || envelopes;
  const sql = `SELECT m.uid, m.received_at, m.size, ${fields ? "c.sent_at, c.subject" : "0, ''"}, ${
    envelopes ? "c.envelope" : "''"
  } FROM {ranges $3} r {cross} messages m${joined ? " {cross} contents c" : ""}
    WHERE m.account = $1 AND m.mailbox = $2 AND m.uid BETWEEN r.lo AND r.hi${joined ? " AND c.id = m.content" : ""}`;
  const entries: Entry[] = [];
  for (let from = 0; from < uids.length; from += maxSortRowsAtOnce) {
    const ranges = JSON.stringify(rangesOf(uids.slice(from, from + maxSortRowsAtOnce)));
    for (const cells of yield* rows(sql, account, mailbox, ranges))
      entries.push({ uid: cells[0] as number, keys: readers.map((read) => read(cells)) });
  }
  entries.sort((a, b) => {
    for (const [at, { reverse }] of order.entries()) {
      const [one, other] = [a.keys[at] as string | number, b.keys[at] as string | number];
      if (one !== other) return one < other === reverse ? 1 : -1;
    }
    return a.uid - b.uid;
  });
  return { uids: entries.map(({ uid }) => uid) };
}

const received = 1;
const size = 2;
const sent = 3;
const subject = 4;
const envelope = 5;

const keyReaders: { readonly [by in SortKey["by"]]: (cells: Cells) => string | number } = {
  arrival: (cells) => cells[received] as number,
  size: (cells) => cells[size] as number,
  // RFC 5256 §2.2: INTERNALDATE where the Date field is missing or says nothing.
  date: (cells) => (cells[sent] ?? cells[received]) as number,
  subject: (cells) => collated(baseSubject(cells[subject] as string).text),
  from: (cells) => mailboxOf(firstAddress(cells[envelope] as string, "from")),
  to: (cells) => mailboxOf(firstAddress(cells[envelope] as string, "to")),
  cc: (cells) => mailboxOf(firstAddress(cells[envelope] as string, "cc")),
  displayfrom: (cells) => displayed(firstAddress(cells[envelope] as string, "from")),
  displayto: (cells) => displayed(firstAddress(cells[envelope] as string, "to")),
};

/** RFC 5256 §3: the addr-mailbox of the first address, or "" where there is none. */
function mailboxOf(address: EnvelopeAddress | undefined): string {
  return collated(decodeWords(address?.mailbox ?? ""));
}

const displayed = (address: EnvelopeAddress | undefined): string => collated(shownName(address));
