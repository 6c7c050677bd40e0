/** SEARCH and SORT. RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 7162 §3.1.5, RFC 9394. */
import type { Command, SearchReturn } from "../../../protocol/imap/command.ts";
import { esearchLine, numbersLine, type SearchAnswer } from "../../../protocol/imap/response.ts";
import { inPlaces, rangesOf } from "../../../protocol/imap/set.ts";
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
  else ({ uids, highestModseq } = await store.search(selected.account, selected.mailbox, key, withModseq));
  // RFC 9051 §6.4.4: IMAP4rev2 answers every SEARCH with ESEARCH.
  const returns = command.returns ?? (session.rev2 && command.name === "SEARCH" ? allOnly : undefined);
  if (returns === undefined) {
    const numbers = numbersOf(view, uids, command.uid);
    session.out.text(numbersLine(command.name, numbers, withModseq ? highestModseq : undefined));
    return ok(`${command.name} completed`);
  }
  const found = shown(view, uids);
  if (returns.save) session.saved = rangesOf(saves(returns, found));
  // RFC 5182 §2.1: SAVE alone says nothing.
  if (!tells(returns)) return ok(`${command.name} completed`);
  let modseq: number | undefined;
  if (withModseq && found.length > 0) {
    modseq = onlySome(returns) ? await modseqOf(selected, saves(returns, found), store) : highestModseq;
  }
  const numbers = command.uid ? found : found.map((uid) => view.seqOf(uid));
  session.out.text(
    esearchLine(command.tag, command.uid, { ...resultsOf(returns, numbers, command.name === "SORT"), modseq }),
  );
  return ok(`${command.name} completed`);
}

/** What of the numbers found is asked for. Of what was sorted, MIN and MAX are the first and the last (RFC 5267 §3). */
export function resultsOf(returns: SearchReturn, numbers: readonly number[], sorts: boolean): SearchAnswer {
  const some = numbers.length > 0;
  return {
    min: some && returns.min ? (sorts ? numbers[0] : least(numbers)) : undefined,
    max: some && returns.max ? (sorts ? numbers.at(-1) : greatest(numbers)) : undefined,
    count: returns.count ? numbers.length : undefined,
    all: returns.all ? numbers : undefined,
    partial:
      returns.partial === undefined
        ? undefined
        : { range: returns.partial, numbers: inPlaces(numbers, returns.partial) },
  };
}

export const allOnly: SearchReturn = {
  min: false,
  max: false,
  all: true,
  count: false,
  save: false,
  partial: undefined,
};

/** UIDs, or sequence numbers, of what of the store's answer the client knows of: a message that it was not told of yet has no number. */
function numbersOf(view: View, uids: ArrayLike<number>, asUids: boolean): number[] {
  const found: number[] = [];
  for (let at = 0; at < uids.length; at++) {
    const uid = uids[at]!;
    const sequence = view.seqOf(uid);
    if (sequence !== 0) found.push(asUids ? uid : sequence);
  }
  return found;
}

export const shown = (view: View, uids: ArrayLike<number>): number[] => numbersOf(view, uids, true);

/** RFC 5182 §2.1, RFC 9394 §3.2: with MIN, MAX or PARTIAL, and neither ALL nor COUNT, only those are saved. */
function saves(returns: SearchReturn, uids: readonly number[]): number[] {
  if (!onlySome(returns)) return uids.toSorted((a, b) => a - b);
  if (uids.length === 0) return [];
  const some = new Set<number>(returns.partial === undefined ? [] : inPlaces(uids, returns.partial));
  if (returns.min) some.add(least(uids));
  if (returns.max) some.add(greatest(uids));
  return [...some].sort((a, b) => a - b);
}

function onlySome(returns: SearchReturn): boolean {
  return (returns.min || returns.max || returns.partial !== undefined) && !returns.all && !returns.count;
}

function tells(returns: SearchReturn): boolean {
  return returns.min || returns.max || returns.all || returns.count || returns.partial !== undefined;
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
