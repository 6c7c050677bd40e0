/** The list that is shown: which rows, which of them are chosen, and what an action has to know of it. */
import { SvelteSet } from "svelte/reactivity";
import type { EmailHead, Filter, Id, Marked } from "../jmap/types.ts";
import { head } from "./heads.svelte.ts";
import { type Comparator, type ConversationList, emailsOfRow } from "./list.svelte.ts";
import { go, withThread } from "./route.svelte.ts";

export const newestFirst: readonly Comparator[] = [{ property: "receivedAt", isAscending: false }];
/** Pinned conversations stand on top of a mailbox. */
export const pinnedFirst: readonly Comparator[] = [
  { property: "someInThreadHaveKeyword", keyword: "$pinned", isAscending: false },
  ...newestFirst,
];

class View {
  list = $state.raw<ConversationList>();
  /** The mailbox that is shown; undefined in searches and special views. */
  mailbox = $state<Id>();
  filter = $state.raw<Filter>({});
  /** The row the keyboard is at. */
  cursor = $state(0);
  /** Counts the steps of the keyboard in the list. */
  steps = $state(0);
  readonly chosen = new SvelteSet<Id>();
  /** All that the list holds is chosen, rows that nobody has seen too; "offered" where all known rows are. */
  everything = $state.raw<"offered" | { readonly emails: readonly Marked[]; readonly count: number }>();
  readonly allChosen = $derived(typeof this.everything === "object" ? this.everything : undefined);
  /** Takes back the last thing that was done. */
  undo: (() => void) | undefined;
  /** Set by the page: asks the server anew. */
  refreshSoon: () => void = () => {};
  /** Set by the page: opens a row. */
  open: (row: Id) => void = () => {};
  /** Set by the page: whether list and conversation stand side by side. */
  wide = true;
  /** The conversation that is open, by its row. */
  openRow: Id | undefined = $state();

  /** What an action is for: the chosen rows, or the one the keyboard is at. */
  targets(): {
    readonly rows: ReadonlySet<Id>;
    readonly emails: readonly Marked[];
    readonly count?: number | undefined;
  } {
    const { list, allChosen } = this;
    if (list === undefined) return { rows: new Set(), emails: [] };
    if (allChosen !== undefined) return { rows: new Set(list.known().map(([, id]) => id)), ...allChosen };
    const at = this.openRow ?? list.at(this.cursor);
    const rows = this.chosen.size > 0 ? new Set(this.chosen) : new Set(at === undefined ? [] : [at]);
    return { rows, emails: [...rows].flatMap((id) => emailsOfRow(id, list)) };
  }

  rowOnly(id: Id): { readonly rows: ReadonlySet<Id>; readonly emails: readonly EmailHead[] } {
    return { rows: new Set([id]), emails: this.list === undefined ? [] : emailsOfRow(id, this.list) };
  }

  /** Takes rows out of the list; an open conversation among them gives way to the next. Answers how to put them back. */
  leave(rows: ReadonlySet<Id>): () => void {
    const { list } = this;
    if (list === undefined) return () => {};
    const open = this.openRow;
    const at = open === undefined ? undefined : list.indexOf(open);
    const putBack = this.allChosen === undefined ? list.remove(rows) : list.removeAll();
    for (const id of rows) this.chosen.delete(id);
    this.everything = undefined;
    if (open !== undefined && rows.has(open)) {
      this.openRow = undefined;
      if (at !== undefined) this.cursor = Math.max(0, Math.min(at, (list.total ?? 1) - 1));
      const next = list.at(this.cursor);
      if (this.wide && at !== undefined && next !== undefined) this.open(next);
      else go(withThread(undefined), { replace: true });
    }
    return putBack;
  }

  choose(rows: Iterable<Id>): void {
    this.everything = undefined;
    for (const id of rows) this.chosen.add(id);
  }

  chooseOrNot(row: Id): void {
    this.everything = undefined;
    if (this.chosen.has(row)) this.chosen.delete(row);
    else this.chosen.add(row);
  }

  chooseNone(): void {
    this.everything = undefined;
    this.chosen.clear();
  }

  threadOf(row: Id): Id | undefined {
    return head(row)?.threadId;
  }
}

export const view = new View();
