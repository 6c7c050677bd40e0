/** Filters and sorts of Email/query (RFC 8621 §4.4) as the store takes them, or the refusal. */

import * as is from "../../protocol/jmap/check.ts";
import { numberOf } from "../../protocol/jmap/ids.ts";
import { failed, isObject } from "../../protocol/jmap/types.ts";
import { everywhere, Place, type Places } from "../../protocol/words/postings.ts";
import { askedWords } from "../../protocol/words/words.ts";
import type { EmailFilter, EmailSort, Mark } from "../store/jmap.ts";
import type { SearchKey } from "../store/search-key.ts";
import type { Comparator } from "./arguments.ts";
import { collations } from "./arguments.ts";
import { marksOf } from "./emails.ts";

/** Operators within each other, and conditions of one filter. */
export const maxFilterDepth = 20;
export const maxFilterConditions = 500;
/** Words of one text condition. */
export const maxFilterWords = 50;
export const maxSortKeys = 10;

type Refusal = ReturnType<typeof failed>;
const isRefusal = (value: object): value is Refusal => "error" in value;
const wrong = (pointer: string, expected: string): Refusal =>
  failed("invalidArguments", `${pointer}: expected ${expected}.`, { pointer });
const none: EmailFilter = { kind: "or", of: [] };

export function readFilter(filter: unknown): EmailFilter | undefined | Refusal {
  if (filter === undefined || filter === null) return undefined;
  return read(filter, "/filter", 0, { left: maxFilterConditions });
}

function read(filter: unknown, pointer: string, depth: number, budget: { left: number }): EmailFilter | Refusal {
  if (!isObject(filter)) return wrong(pointer, "an object");
  if (depth > maxFilterDepth || --budget.left < 0)
    return failed(
      "unsupportedFilter",
      `A filter has at most ${maxFilterDepth} levels and ${maxFilterConditions} conditions: simplify it.`,
    );
  if (!Object.hasOwn(filter, "operator")) return readCondition(filter, pointer);
  const { operator, conditions, ...rest } = filter;
  const [extra] = Object.keys(rest);
  if (extra !== undefined)
    return wrong(`${pointer}/${is.escapePointer(extra)}`, "nothing beside operator and conditions");
  if (operator !== "AND" && operator !== "OR" && operator !== "NOT")
    return wrong(`${pointer}/operator`, "AND, OR or NOT");
  if (!Array.isArray(conditions)) return wrong(`${pointer}/conditions`, "an array of filters");
  const of: EmailFilter[] = [];
  for (const [i, each] of conditions.entries()) {
    const one = read(each, `${pointer}/conditions/${i}`, depth + 1, budget);
    if (isRefusal(one)) return one;
    of.push(one);
  }
  if (operator === "AND") return { kind: "and", of };
  // RFC 8620 §5.5: NOT is none of them.
  return operator === "OR" ? { kind: "or", of } : { kind: "not", of: { kind: "or", of } };
}

function readCondition(filter: { readonly [name: string]: unknown }, pointer: string): EmailFilter | Refusal {
  const of: EmailFilter[] = [];
  for (const [name, value] of Object.entries(filter)) {
    const at = `${pointer}/${is.escapePointer(name)}`;
    const one = condition(name, value, at);
    if (one === undefined) return failed("unsupportedFilter", `${at}: there is no such condition.`, { pointer: at });
    if (isRefusal(one)) return one;
    of.push(one);
  }
  return of.length === 1 ? (of[0] as EmailFilter) : { kind: "and", of };
}

function condition(name: string, value: unknown, at: string): EmailFilter | Refusal | undefined {
  const given = <T>(shape: is.Shape<T>, make: (value: T) => EmailFilter | Refusal): EmailFilter | Refusal => {
    const checked = shape(value, at);
    return checked instanceof is.Mismatch ? wrong(checked.pointer, checked.expected) : make(checked);
  };
  const marked = (of: Extract<EmailFilter, { kind: "mark" }>["of"], negated: boolean) =>
    given(is.string, (keyword) => {
      const mark = markOf(keyword);
      if (mark === undefined) return wrong(at, "a keyword");
      const filter: EmailFilter = { kind: "mark", of, mark };
      return negated ? { kind: "not", of: filter } : filter;
    });
  const text = (places: Places, key: (needle: string) => SearchKey) =>
    given(is.string, (words) => textFilter(words, places, key));
  // The index does not tell To from Cc.
  const exactly = (key: (needle: string) => SearchKey) =>
    given(is.string, (words) => textFilter(words, undefined, key));
  switch (name) {
    case "inMailbox":
      return given(is.id, (id) => {
        const mailbox = numberOf("F", id);
        return mailbox === undefined ? none : { kind: "in-mailbox", mailbox };
      });
    case "inMailboxOtherThan":
      return given(is.array(is.id), (ids) => ({
        kind: "in-mailbox-other-than",
        mailboxes: ids.flatMap((id) => numberOf("F", id) ?? []),
      }));
    case "before":
      return given(is.utcDate, (before) => ({ kind: "received", before: Date.parse(before) }));
    case "after":
      return given(is.utcDate, (after) => ({ kind: "received", from: Date.parse(after) }));
    case "minSize":
      return given(is.uint, (from) => ({ kind: "size", from }));
    case "maxSize":
      return given(is.uint, (below) => ({ kind: "size", below }));
    case "allInThreadHaveKeyword":
      return marked("all-in-thread", false);
    case "someInThreadHaveKeyword":
      return marked("some-in-thread", false);
    case "noneInThreadHaveKeyword":
      return marked("some-in-thread", true);
    case "hasKeyword":
      return marked("email", false);
    case "notKeyword":
      return marked("email", true);
    case "hasAttachment":
      return given(is.bool, (wanted) => {
        const filter: EmailFilter = { kind: "has-attachment" };
        return wanted ? filter : { kind: "not", of: filter };
      });
    case "text":
      return text(everywhere, (needle) => ({ kind: "text", needle }));
    case "from":
      return text(Place.from, (needle) => ({ kind: "header", name, needle }));
    case "subject":
      return text(Place.subject, (needle) => ({ kind: "header", name, needle }));
    case "to":
    case "cc":
    case "bcc":
      return exactly((needle) => ({ kind: "header", name, needle }));
    case "body":
      return text(Place.body | Place.attachment, (needle) => ({ kind: "body", needle }));
    case "header":
      return given(is.array(is.string), (pair) => {
        const [field, needle = ""] = pair;
        if (field === undefined || pair.length > 2 || !/^[!-9;-~]+$/.test(field))
          return wrong(at, "the name of a header field and, maybe, a text");
        return { kind: "text", key: { kind: "header", name: field.toLowerCase(), needle } };
      });
    default:
      return undefined;
  }
}

/** RFC 8621 §4.4.1: words must all be there, a phrase in quotes as it is. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'(?=\s|$)|(\S+)/g)) {
    const word = (match[1] ?? match[2] ?? match[3] ?? "").replace(/\\(.)/g, "$1").trim();
    if (word !== "") words.push(word);
  }
  return words;
}

/** `places`: where the index of words looks; undefined asks the messages themselves. */
function textFilter(
  text: string,
  places: Places | undefined,
  key: (needle: string) => SearchKey,
): EmailFilter | Refusal {
  const words = wordsOf(text);
  if (words.length > maxFilterWords)
    return failed("unsupportedFilter", `A text has at most ${maxFilterWords} words: use fewer of them.`);
  if (words.length === 0) return { kind: "and", of: [] };
  const of = words.map((word): EmailFilter => {
    const asked = places === undefined ? [] : askedWords(word);
    if (places === undefined || asked.length === 0) return { kind: "text", key: key(word) };
    // Several words in quotes, or joined by signs ("re-open", "a@b.test"), must stand together.
    const phrase = asked.length > 1 ? key(word) : undefined;
    return { kind: "words", group: { words: asked, places }, phrase };
  });
  return of.length === 1 ? (of[0] as EmailFilter) : { kind: "and", of };
}

function markOf(keyword: string): Mark | undefined {
  const marks = marksOf([keyword]);
  if ("bad" in marks) return undefined;
  return marks.flags === 0 ? { keyword: marks.keywords[0] as string } : { flag: marks.flags };
}

export const sortOptions: readonly string[] = [
  "receivedAt",
  "sentAt",
  "size",
  "from",
  "to",
  "subject",
  "hasKeyword",
  "allInThreadHaveKeyword",
  "someInThreadHaveKeyword",
  "relevance",
];

/** Our own sort, announced in `emailQuerySortOptions`: what fits the words of the filter best comes first. Alone, and descending only. */
export function isRanked(sort: readonly Comparator[] | undefined): boolean {
  return sort?.length === 1 && sort[0]?.property === "relevance" && sort[0].isAscending === false;
}

export function readSort(sort: readonly Comparator[] | undefined): readonly EmailSort[] | Refusal {
  const keys: EmailSort[] = [];
  if ((sort?.length ?? 0) > maxSortKeys)
    return failed("unsupportedSort", `At most ${maxSortKeys} properties can be sorted by.`);
  for (const [i, { property, isAscending, collation, keyword }] of (sort ?? []).entries()) {
    if (collation !== undefined && !collations.includes(collation))
      return failed("unsupportedSort", `/sort/${i}/collation: "${collation}" is not known here.`);
    const ascending = isAscending ?? true;
    switch (property) {
      case "receivedAt":
      case "sentAt":
      case "size":
      case "from":
      case "to":
      case "subject":
        keys.push({ by: property, ascending });
        break;
      case "hasKeyword":
      case "allInThreadHaveKeyword":
      case "someInThreadHaveKeyword": {
        const mark = keyword === undefined ? undefined : markOf(keyword);
        if (mark === undefined) return wrong(`/sort/${i}/keyword`, "a keyword");
        const of =
          property === "hasKeyword"
            ? "email"
            : property === "allInThreadHaveKeyword"
              ? "all-in-thread"
              : "some-in-thread";
        keys.push({ by: { of, mark }, ascending });
        break;
      }
      case "relevance":
        return failed("unsupportedSort", `/sort/${i}: "relevance" stands alone, with isAscending false.`);
      default:
        return failed("unsupportedSort", `/sort/${i}/property: emails cannot be sorted by "${property}".`);
    }
  }
  return keys;
}
