/** Choosing rows: one, or all from the last one chosen to this. */
import type { Id } from "../jmap/types.ts";
import type { ConversationList } from "../state/list.svelte.ts";
import { view } from "../state/view.svelte.ts";

let anchor: number | undefined;

export function choose(list: ConversationList, id: Id, at: number, range: boolean): void {
  if (range && anchor !== undefined) {
    for (let row = Math.min(anchor, at); row <= Math.max(anchor, at); row++) {
      const each = list.at(row);
      if (each !== undefined) view.chosen.add(each);
    }
  } else if (view.chosen.has(id)) view.chosen.delete(id);
  else view.chosen.add(id);
  anchor = at;
}

/** All rows that are known: those one has seen. */
export function chooseKnown(list: ConversationList): void {
  for (const [, id] of list.known()) view.chosen.add(id);
}
