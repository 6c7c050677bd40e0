/** Choosing rows: one, or all from the last one chosen to this. */
import type { Id } from "../jmap/types.ts";
import { attempt } from "../shell/say.ts";
import type { ConversationList } from "../state/list.svelte.ts";
import { view } from "../state/view.svelte.ts";

let anchor: number | undefined;

export function choose(list: ConversationList, id: Id, at: number, range: boolean): void {
  if (range && anchor !== undefined) {
    const first = Math.min(anchor, at);
    const rows = Array.from({ length: Math.abs(anchor - at) + 1 }, (_, i) => list.at(first + i));
    view.choose(rows.filter((row) => row !== undefined));
  } else view.chooseOrNot(id);
  anchor = at;
}

/** All rows that are known: those one has seen. */
export function chooseKnown(list: ConversationList): void {
  view.choose(list.known().map(([, id]) => id));
  view.everything = "offered";
}

/** Rows that nobody has seen too. */
export async function chooseEverything(list: ConversationList): Promise<void> {
  await attempt(async () => {
    const { emails, rows } = await list.everything();
    // Meanwhile one has gone elsewhere, or has chosen otherwise.
    if (view.list === list && view.everything === "offered") view.everything = { emails, count: rows };
  });
}
