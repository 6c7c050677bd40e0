/** SEARCH and SORT. RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 7162 §3.1.5. */
import type { Command, SearchReturn } from "../../../protocol/imap/command.ts";
import { esearchLine, numbersLine } from "../../../protocol/imap/response.ts";
import { rangesOf } from "../../../protocol/imap/set.ts";
import type { View } from "../../../protocol/imap/view.ts";
import type { Instant, StoreReader } from "../../store/store.ts";
import { type Answer, ok, outOfRange } from "../answer.ts";
import { asksModseq, storeKey } from "../search-key.ts";
import type { Selected, Session } from "../session.ts";

type SearchCommand = Extract<Command, { name: "SEARCH" | "SORT" }>;
type Ask = { readonly store: Pick<StoreReader, "search" | "sort" | "fetch">; readonly now: () => Instant };

export async function search(
  session: Session,
  selected: Selected,
  command: SearchCommand,
  { store, now }: Ask,
): Promise<Answer> {
  const { view } = selected;
  const key = storeKey(command.key, view, session.saved, now());
  if (key === undefined) return outOfRange;
  const withModseq = asksModseq(command.key);
  if (withModseq) session.condstore = true;
  // RFC 5182 §2.1: until this one has succeeded there is no result.
  if (command.returns?.save) session.saved = [];
  let uids: ArrayLike<number>;
  let highestModseq = 0;
  if (command.name === "SORT") ({ uids } = await store.sort(selected.account, selected.mailbox, key, command.order));
  else if (key.kind === "all") uids = view.uids;
  else ({ uids, highestModseq } = await store.search(selected.account, selected.mailbox, key));
  const found = shown(view, uids);
  // RFC 9051 §6.4.4: IMAP4rev2 answers every SEARCH with ESEARCH.
  const returns = command.returns ?? (session.rev2 && command.name === "SEARCH" ? allOnly : undefined);
  if (returns === undefined) {
    const numbers = command.uid ? found : found.map((uid) => view.seqOf(uid));
    session.out.text(numbersLine(command.name, numbers, withModseq ? highestModseq : undefined));
    return ok(`${command.name} completed`);
  }
  if (returns.save) session.saved = rangesOf(saves(returns, found));
  // RFC 5182 §2.1: SAVE alone says nothing.
  if (!tells(returns)) return ok(`${command.name} completed`);
  let modseq: number | undefined;
  if (withModseq && found.length > 0) {
    modseq = onlyEdges(returns) ? await modseqOf(selected, saves(returns, found), store) : highestModseq;
  }
  const numbers = command.uid ? found : found.map((uid) => view.seqOf(uid));
  const sorts = command.name === "SORT";
  const some = numbers.length > 0;
  session.out.text(
    esearchLine(command.tag, command.uid, {
      // Of what was sorted, the first and the last (RFC 5267 §3).
      min: some && returns.min ? (sorts ? numbers[0] : least(numbers)) : undefined,
      max: some && returns.max ? (sorts ? numbers.at(-1) : greatest(numbers)) : undefined,
      count: returns.count ? numbers.length : undefined,
      all: returns.all ? numbers : undefined,
      modseq,
    }),
  );
  return ok(`${command.name} completed`);
}

const allOnly: SearchReturn = { min: false, max: false, all: true, count: false, save: false };

/** What of the store's answer the client knows of: a message that it was not told of yet has no number. */
export function shown(view: View, uids: ArrayLike<number>): number[] {
  const found: number[] = [];
  for (let at = 0; at < uids.length; at++) {
    if (view.seqOf(uids[at]!) !== 0) found.push(uids[at]!);
  }
  return found;
}

/** RFC 5182 §2.1: with MIN or MAX, and neither ALL nor COUNT, only those are saved. */
function saves(returns: SearchReturn, uids: readonly number[]): number[] {
  if (!onlyEdges(returns)) return uids.toSorted((a, b) => a - b);
  if (uids.length === 0) return [];
  const edges = new Set<number>();
  if (returns.min) edges.add(least(uids));
  if (returns.max) edges.add(greatest(uids));
  return [...edges];
}

function onlyEdges(returns: SearchReturn): boolean {
  return (returns.min || returns.max) && !returns.all && !returns.count;
}

function tells(returns: SearchReturn): boolean {
  return returns.min || returns.max || returns.all || returns.count;
}

/** RFC 7162 §3.1.10: of the messages that the answer names. */
async function modseqOf(
  selected: Selected,
  uids: readonly number[],
  store: Pick<StoreReader, "fetch">,
): Promise<number> {
  const page = await store.fetch(selected.account, selected.mailbox, rangesOf(uids), ["marks"]);
  return page.rows.reduce((highest, row) => Math.max(highest, row.modseq), 0);
}

function least(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.min(a, b));
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => Math.max(a, b));
}
