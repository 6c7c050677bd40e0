/**
 * Filters and orders with what is known of the keywords, and of \Flagged, that they name. Most keywords nobody has, and the others
 * few: then the query need not ask each message, and its thread, but names those that have them.
 */
import type { EmailFilter, EmailQuery, EmailSort, Mark, Those } from "../jmap.ts";
import { type AccountId, type EmailId, Flag, type ThreadId } from "../store.ts";
import { parseKeywordList } from "./keywords.ts";
import { type Op, rows } from "./tx.ts";

/** Messages with a keyword are named one by one up to so many. */
export const maxMarkedMessages = 4_000;
/** And where they come before all others: to find them otherwise each message is asked, and its thread. */
export const maxMarkedFirst = 20_000;
/** Where more have a flag, a filter by it looks at one message after the other: in the order of time a page is soon full. */
const fewFlagged = 500;

type What = Pick<EmailQuery, "filter" | "sort">;
type Marked = { readonly emails: readonly EmailId[]; readonly threads: readonly ThreadId[] };
/** What is known of a keyword (or of `flagged`): nobody has it, these have it; not in the map: too many have it. */
type Known = ReadonlyMap<string, "none" | Marked>;

export function* withMarks<Asked extends What>(account: AccountId, asked: Asked): Op<Asked> {
  const keywords = new Set<string>();
  if (asked.filter !== undefined) inFilter(asked.filter, keywords);
  const inSort = new Set<string>();
  for (const { by } of asked.sort) if (typeof by === "object") note(by.mark, inSort);
  if (keywords.size + inSort.size === 0) return asked;
  const known = yield* knownOf(account, keywords.union(inSort), inSort);
  const filter = asked.filter === undefined ? true : folded(asked.filter, known);
  return {
    ...asked,
    filter: filter === true ? undefined : filter === false ? { kind: "emails", emails: [] } : filter,
    sort: sorted(asked.sort, known),
  };
}

/** The flag's name among keywords, which have no backslash. */
const flagged = "\\flagged";

function nameOf(mark: Mark): string | undefined {
  if ("keyword" in mark) return mark.keyword;
  return mark.flag === Flag.flagged ? flagged : undefined;
}

function note(mark: Mark, keywords: Set<string>): void {
  const name = nameOf(mark);
  if (name !== undefined) keywords.add(name);
}

function inFilter(filter: EmailFilter, keywords: Set<string>): void {
  switch (filter.kind) {
    case "and":
    case "or":
      for (const one of filter.of) inFilter(one, keywords);
      break;
    case "not":
      inFilter(filter.of, keywords);
      break;
    case "mark":
      note(filter.mark, keywords);
      break;
    default:
  }
}

function* knownOf(account: AccountId, keywords: ReadonlySet<string>, inSort: ReadonlySet<string>): Op<Known> {
  const used = new Set<string>([flagged]);
  for (const [list] of yield* rows("SELECT keywords FROM mailboxes WHERE account = $1", account))
    for (const keyword of parseKeywordList(list as string)) used.add(keyword.toLowerCase());
  const known = new Map<string, "none" | Marked>();
  for (const keyword of keywords) {
    const most = inSort.has(keyword) ? maxMarkedFirst : maxMarkedMessages;
    const found = !used.has(keyword)
      ? []
      : keyword === flagged
        ? yield* rows(
            `SELECT m.email, m.thread FROM messages m {by_flagged} WHERE m.account = $1 AND (m.flags & ${Flag.flagged}) <> 0
               AND (m.flags & ${Flag.deleted}) = 0 LIMIT ${most + 1}`,
            account,
          )
        : yield* rows(
            `SELECT m.email, m.thread FROM messages m {by_keywords} WHERE m.account = $1 AND m.keywords <> ''
               AND (m.flags & ${Flag.deleted}) = 0 AND {instr}(' ' || lower(m.keywords) || ' ', $2) > 0 LIMIT ${most + 1}`,
            account,
            ` ${keyword} `,
          );
    if (found.length === 0) known.set(keyword, "none");
    else if (found.length <= most)
      known.set(keyword, {
        emails: [...new Set(found.map(([email]) => email as EmailId))],
        threads: [...new Set(found.map(([, thread]) => thread as ThreadId))],
      });
  }
  return known;
}

/** The filter, or what it comes to for every email. */
function folded(filter: EmailFilter, known: Known): EmailFilter | boolean {
  switch (filter.kind) {
    case "and":
    case "or": {
      const decides = filter.kind === "or";
      const of: EmailFilter[] = [];
      for (const one of filter.of) {
        const part = folded(one, known);
        if (part === decides) return decides;
        if (typeof part !== "boolean") of.push(part);
      }
      return of.length === 0 ? !decides : of.length === 1 ? of[0]! : { kind: filter.kind, of };
    }
    case "not": {
      const of = folded(filter.of, known);
      return typeof of === "boolean" ? !of : { kind: "not", of };
    }
    case "mark": {
      const marked = known.get(nameOf(filter.mark) ?? "");
      if (marked === "none") return false;
      if (marked === undefined || filter.of === "all-in-thread" || filter.within !== undefined) return filter;
      if ("flag" in filter.mark && filter.of === "email" && marked.emails.length > fewFlagged) return filter;
      return filter.of === "email"
        ? { kind: "emails", emails: marked.emails }
        : { kind: "threads", threads: marked.threads };
    }
    default:
      return filter;
  }
}

function sorted(sort: readonly EmailSort[], known: Known): readonly EmailSort[] {
  return sort.flatMap((one, at): readonly EmailSort[] => {
    if (typeof one.by !== "object") return [one];
    const marked = known.get(nameOf(one.by.mark) ?? "");
    // Ties are broken in the direction of the first key: only where that stays may it go.
    if (marked === "none")
      return sort[at + 1]?.ascending === one.ascending
        ? []
        : [{ ...one, by: { ...one.by, those: { kind: "emails", emails: [] } } }];
    if (marked === undefined || one.by.of === "all-in-thread" || one.by.within !== undefined) return [one];
    const those: Those =
      one.by.of === "email" ? { kind: "emails", emails: marked.emails } : { kind: "threads", threads: marked.threads };
    return [{ ...one, by: { ...one.by, those } }];
  });
}
