/** The mailboxes that a Mailbox/query finds, in order: RFC 8621 §2.3. */
import { idOf, numberOf } from "../../protocol/jmap/ids.ts";
import { failed } from "../../protocol/jmap/types.ts";
import type { JmapMailbox } from "../store/jmap.ts";
import { type Comparator, unknownCollation } from "./arguments.ts";
import type { Answer } from "./call.ts";
import { shownName } from "./mailboxes.ts";
import { readTest } from "./object-query.ts";

export type MailboxQuery = {
  readonly filter: unknown;
  readonly sort: readonly Comparator[] | undefined;
  readonly sortAsTree: boolean;
  readonly filterAsTree: boolean;
};
type Test = (mailbox: JmapMailbox) => boolean;

/** The ids in order, or the refusal. */
export function listMailboxes(mailboxes: readonly JmapMailbox[], query: MailboxQuery): readonly string[] | Answer {
  const found = readTest(query.filter, {
    condition: (name, value) => {
      const test = condition(name, value);
      return typeof test === "function" ? ({ data }) => test(data as JmapMailbox) : test;
    },
  });
  if (typeof found !== "function") return found;
  const test: Test = (mailbox) => found({ id: String(mailbox.id), data: mailbox });
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
