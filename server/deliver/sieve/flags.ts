/** Flags of scripts as the store has them. */
import { Flag, type Marks } from "../../store/store.ts";

const unmarked: Marks = { flags: 0, keywords: [] };
const bits: { readonly [flag: string]: number } = {
  "\\seen": Flag.seen,
  "\\answered": Flag.answered,
  "\\flagged": Flag.flagged,
  "\\deleted": Flag.deleted,
  "\\draft": Flag.draft,
};

export function flagsAsMarks(list: readonly string[] | undefined): Marks {
  if (list === undefined || list.length === 0) return unmarked;
  let flags = 0;
  const keywords: string[] = [];
  for (const flag of list) {
    const bit = bits[flag.toLowerCase()];
    if (bit !== undefined) flags |= bit;
    else keywords.push(flag);
  }
  return { flags, keywords };
}

/** The other way round. */
export function marksAsFlags({ flags, keywords }: Marks): readonly string[] {
  const names = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"];
  return [...names.filter((name) => (flags & bits[name.toLowerCase()]!) !== 0), ...keywords];
}
