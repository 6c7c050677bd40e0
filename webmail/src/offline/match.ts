/** Email/query over what is kept on this device (RFC 8621 §4.4): pure. */
import type { EmailHead, Filter, Id } from "../jmap/types.ts";
import type { Comparator } from "../state/list.svelte.ts";
import type { KeptHead } from "./db.ts";

/** The words of an email, where a filter asks for them. */
export type WordsOf = (id: Id) => string;
type Threads = ReadonlyMap<Id, readonly EmailHead[]>;

export const threadsOf = (heads: readonly KeptHead[]): ReadonlyMap<Id, readonly KeptHead[]> =>
  Map.groupBy(
    [...heads].sort((a, b) => a.receivedAt.localeCompare(b.receivedAt)),
    ({ threadId }) => threadId,
  );

const people = (list: KeptHead["from"]): string =>
  (list ?? [])
    .map(({ name, email }) => `${name ?? ""} ${email}`)
    .join(" ")
    .toLowerCase();

/** Every word of the needle, as the server has it. */
const holds = (text: string, needle: unknown): boolean =>
  String(needle)
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word.replace(/^"|"$/g, "")));

function condition(head: KeptHead, name: string, value: unknown, threads: Threads, words: WordsOf): boolean {
  const keyword = String(value);
  const thread = () => threads.get(head.threadId) ?? [head];
  switch (name) {
    case "inMailbox":
      return head.mailboxIds[keyword] === true;
    case "inMailboxOtherThan":
      return Object.keys(head.mailboxIds).some((id) => !(value as readonly Id[]).includes(id));
    case "hasKeyword":
      return head.keywords[keyword] === true;
    case "notKeyword":
      return head.keywords[keyword] !== true;
    case "someInThreadHaveKeyword":
      return thread().some(({ keywords }) => keywords[keyword]);
    case "allInThreadHaveKeyword":
      return thread().every(({ keywords }) => keywords[keyword]);
    case "noneInThreadHaveKeyword":
      return !thread().some(({ keywords }) => keywords[keyword]);
    case "before":
      return head.receivedAt < keyword;
    case "after":
      return head.receivedAt >= keyword;
    case "minSize":
      return head.size >= Number(value);
    case "maxSize":
      return head.size < Number(value);
    case "hasAttachment":
      return head.hasAttachment === value;
    case "from":
      return holds(people(head.from), value);
    case "to":
      return holds(people(head.to), value);
    case "cc":
      return holds(people(head.cc), value);
    case "subject":
      return holds(head.subject ?? "", value);
    case "body":
      return holds(words(head.id), value);
    case "text":
      return holds(
        `${people(head.from)} ${people(head.to)} ${people(head.cc)} ${head.subject ?? ""} ${words(head.id)}`,
        value,
      );
    default:
      // What cannot be looked at here is not said to be found.
      return false;
  }
}

export function matches(head: KeptHead, filter: Filter, threads: Threads, words: WordsOf): boolean {
  if ("operator" in filter) {
    const { operator, conditions } = filter as { operator: string; conditions: readonly Filter[] };
    const one = (each: Filter) => matches(head, each, threads, words);
    if (operator === "AND") return conditions.every(one);
    return operator === "OR" ? conditions.some(one) : !conditions.some(one);
  }
  return Object.entries(filter).every(([name, value]) => condition(head, name, value, threads, words));
}

/** Whether the filter looks at the words of emails. */
export const wantsWords = (filter: Filter): boolean =>
  "operator" in filter
    ? (filter as { conditions: readonly Filter[] }).conditions.some(wantsWords)
    : "text" in filter || "body" in filter;

function compare(a: KeptHead, b: KeptHead, sort: readonly Comparator[], threads: Threads): number {
  for (const { property, isAscending, keyword = "" } of sort) {
    const value = (head: KeptHead): string | number => {
      if (property === "receivedAt") return head.receivedAt;
      if (property === "size") return head.size;
      if (property === "subject") return (head.subject ?? "").toLowerCase();
      if (property === "someInThreadHaveKeyword")
        return (threads.get(head.threadId) ?? []).some(({ keywords }) => keywords[keyword]) ? 1 : 0;
      if (property === "hasKeyword") return head.keywords[keyword] ? 1 : 0;
      return property === "from" ? people(head.from) : "";
    };
    const [x, y] = [value(a), value(b)];
    if (x !== y) return x < y === (isAscending !== false) ? -1 : 1;
  }
  return a.id < b.id ? -1 : 1;
}

/** Ids in order, one for each conversation where they are collapsed. */
export function queryHere(
  heads: readonly KeptHead[],
  query: { readonly filter?: Filter; readonly sort?: readonly Comparator[]; readonly collapseThreads?: boolean },
  words: WordsOf,
): readonly Id[] {
  const threads = threadsOf(heads);
  const sort = query.sort ?? [{ property: "receivedAt", isAscending: false }];
  const found = heads
    .filter((head) => matches(head, query.filter ?? {}, threads, words))
    .sort((a, b) => compare(a, b, sort, threads));
  if (query.collapseThreads !== true) return found.map(({ id }) => id);
  const seen = new Set<Id>();
  return found.flatMap(({ id, threadId }) => {
    if (seen.has(threadId)) return [];
    seen.add(threadId);
    return [id];
  });
}
