/** The mailboxes that a Mailbox/query finds, in order: RFC 8621 §2.3. */
import * as is from "../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../protocol/jmap/ids.ts";
import { failed, isObject } from "../../protocol/jmap/types.ts";
import type { JmapMailbox } from "../store/jmap.ts";
import { type Comparator, unknownCollation } from "./arguments.ts";
import type { Answer } from "./call.ts";
import { shownName } from "./mailboxes.ts";

export type MailboxQuery = {
  readonly filter: unknown;
  readonly sort: readonly Comparator[] | undefined;
  readonly sortAsTree: boolean;
  readonly filterAsTree: boolean;
};
type Test = (mailbox: JmapMailbox) => boolean;
const maxDepth = 20;

/** The ids in order, or the refusal. */
export function listMailboxes(mailboxes: readonly JmapMailbox[], query: MailboxQuery): readonly string[] | Answer {
  const test = readTest(query.filter, "/filter", 0);
  if (typeof test !== "function") return test;
  const refusal = unknownCollation(query.sort);
  if (refusal !== undefined) return refusal;
  const keys: { readonly of: (mailbox: JmapMailbox) => string | number; readonly sign: number }[] = [];
  for (const { property, isAscending } of query.sort ?? [
    { property: "sortOrder", isAscending: true },
    { property: "name", isAscending: true },
  ]) {
    const of = sortKey(property);
    if (of === undefined) return failed("unsupportedSort", `Mailboxes cannot be sorted by "${property}".`);
    keys.push({ of, sign: isAscending === false ? -1 : 1 });
  }
  const compare = (a: JmapMailbox, b: JmapMailbox) => {
    for (const { of, sign } of keys) {
      const [x, y] = [of(a), of(b)];
      if (x !== y) return (x < y ? -1 : 1) * sign;
    }
    return a.id - b.id;
  };
  const byId = new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]));
  const matches = (mailbox: JmapMailbox): boolean => {
    if (!test(mailbox)) return false;
    const parent = mailbox.parent === undefined ? undefined : byId.get(mailbox.parent);
    return !query.filterAsTree || parent === undefined || matches(parent);
  };
  let ordered = [...mailboxes].sort(compare);
  if (query.sortAsTree) {
    const children = Map.groupBy(ordered, ({ parent }) => parent ?? 0);
    const walk = (parent: number): JmapMailbox[] =>
      (children.get(parent) ?? []).flatMap((mailbox) => [mailbox, ...walk(mailbox.id)]);
    ordered = walk(0);
  }
  return ordered.filter(matches).map(({ id }) => idOf("F", id));
}

function sortKey(property: string): ((mailbox: JmapMailbox) => string | number) | undefined {
  switch (property) {
    case "sortOrder":
      return ({ sortOrder }) => sortOrder;
    case "name":
      return (mailbox) => shownName(mailbox).toLowerCase();
    case "parentId":
      return ({ parent }) => parent ?? 0;
    default:
      return undefined;
  }
}

function readTest(filter: unknown, pointer: string, depth: number): Test | Answer {
  if (filter === undefined || filter === null) return () => true;
  if (!isObject(filter)) return failed("invalidArguments", `${pointer}: expected an object.`, { pointer });
  if (depth > maxDepth) return failed("unsupportedFilter", `A filter has at most ${maxDepth} levels.`);
  if (Object.hasOwn(filter, "operator")) {
    const { operator, conditions } = filter;
    if (!Array.isArray(conditions))
      return failed("invalidArguments", `${pointer}/conditions: expected an array.`, {
        pointer: `${pointer}/conditions`,
      });
    const tests: Test[] = [];
    for (const [i, each] of conditions.entries()) {
      const test = readTest(each, `${pointer}/conditions/${i}`, depth + 1);
      if (typeof test !== "function") return test;
      tests.push(test);
    }
    if (operator === "AND") return (mailbox) => tests.every((test) => test(mailbox));
    if (operator === "OR") return (mailbox) => tests.some((test) => test(mailbox));
    if (operator === "NOT") return (mailbox) => !tests.some((test) => test(mailbox));
    return failed("invalidArguments", `${pointer}/operator: expected AND, OR or NOT.`, {
      pointer: `${pointer}/operator`,
    });
  }
  const tests: Test[] = [];
  for (const [name, value] of Object.entries(filter)) {
    const test = condition(name, value);
    const at = `${pointer}/${is.escapePointer(name)}`;
    if (test === undefined) return failed("unsupportedFilter", `${at}: there is no such condition.`, { pointer: at });
    if (test === "wrong") return failed("invalidArguments", `${at}: this is no value for it.`, { pointer: at });
    tests.push(test);
  }
  return (mailbox) => tests.every((test) => test(mailbox));
}

function condition(name: string, value: unknown): Test | "wrong" | undefined {
  switch (name) {
    case "parentId":
      if (value === null) return ({ parent }) => parent === undefined;
      if (typeof value !== "string") return "wrong";
      return ({ parent }) => parent !== undefined && parent === numberOf("F", value);
    case "name": {
      if (typeof value !== "string") return "wrong";
      const needle = value.toLowerCase();
      return (mailbox) => shownName(mailbox).toLowerCase().includes(needle);
    }
    case "role":
      if (value !== null && typeof value !== "string") return "wrong";
      return ({ role }) => (role ?? null) === value;
    case "hasAnyRole":
      return typeof value === "boolean" ? ({ role }) => (role !== undefined) === value : "wrong";
    case "isSubscribed":
      return typeof value === "boolean" ? ({ subscribed }) => subscribed === value : "wrong";
    default:
      return undefined;
  }
}
