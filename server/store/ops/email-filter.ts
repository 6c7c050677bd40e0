/** JMAP filters and sorts in SQL. Conditions are about emails; `m` is one of the rows of an email. */
import type { EmailFilter, EmailSort, MarkOf, Those } from "../jmap.ts";
import { type EmailId, Flag, type MailboxId, type ThreadId } from "../store.ts";
import type { Param } from "./tx.ts";

/** Collects parameters; `$1` is the account. */
export class Params {
  readonly values: Param[];
  /** The index of times is gone through: results come in that order, or few are in the range of times. */
  readonly byTime: boolean;

  constructor(account: number, byTime = false) {
    this.values = [account];
    this.byTime = byTime;
  }

  add(value: Param): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

export const visible = (alias: string): string => `(${alias}.flags & ${Flag.deleted}) = 0`;

export function hasText(filter: EmailFilter): boolean {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.of.some(hasText);
    case "not":
      return hasText(filter.of);
    default:
      return filter.kind === "text" || filter.kind === "words" || filter.kind === "among";
  }
}

/** Emails that every result is among, where they are few: the query goes from them to their rows. */
export function drivingEmails(filter: EmailFilter | undefined): readonly EmailId[] | undefined {
  if (filter?.kind === "emails") return filter.emails;
  if (filter?.kind !== "and") return undefined;
  for (const one of filter.of) {
    const emails = drivingEmails(one);
    if (emails !== undefined) return emails;
  }
  return undefined;
}

/** Whether what holds for an email may change with the marks of others of its thread. */
export function looksAtThreads(filter: EmailFilter | undefined, sort: readonly EmailSort[]): boolean {
  const inFilter = (one: EmailFilter): boolean => {
    switch (one.kind) {
      case "and":
      case "or":
        return one.of.some(inFilter);
      case "not":
        return inFilter(one.of);
      default:
        return one.kind === "mark" && one.of !== "email";
    }
  };
  return (
    (filter !== undefined && inFilter(filter)) || sort.some(({ by }) => typeof by === "object" && by.of !== "email")
  );
}

/** A mailbox that every result is in: the query goes through its messages alone. */
export function drivingMailbox(filter: EmailFilter | undefined): MailboxId | undefined {
  if (filter?.kind === "in-mailbox") return filter.mailbox;
  if (filter?.kind !== "and") return undefined;
  for (const one of filter.of) {
    const mailbox = drivingMailbox(one);
    if (mailbox !== undefined) return mailbox;
  }
  return undefined;
}

/** A range of times that every result is in. */
export function drivingTimes(
  filter: EmailFilter | undefined,
): (EmailFilter & { readonly kind: "received" }) | undefined {
  if (filter?.kind === "received") return filter;
  return filter?.kind === "and" ? filter.of.map(drivingTimes).find((one) => one !== undefined) : undefined;
}

/** What SQL can say of the filter: every result satisfies it. "" where it can say nothing. */
export function superset(filter: EmailFilter, driving: MailboxId | undefined, params: Params): string {
  switch (filter.kind) {
    case "and":
      return all(
        filter.of.map((one) => superset(one, driving, params)).filter((sql) => sql !== ""),
        " AND ",
        "",
      );
    case "or":
      // Asked before: what is not in the statement may not be among its parameters, PostgreSQL does not know their types.
      if (isSilent(filter)) return "";
      return all(
        filter.of.map((one) => superset(one, driving, params)),
        " OR ",
        "1 = 0",
      );
    default:
      return isSilent(filter) ? "" : condition(filter, driving, params);
  }
}

/** Whether SQL can say nothing of it. */
function isSilent(filter: EmailFilter): boolean {
  switch (filter.kind) {
    case "and":
      return filter.of.every(isSilent);
    case "or":
      return filter.of.some(isSilent);
    case "among":
    case "text":
    case "words":
      return true;
    default:
      return hasText(filter);
  }
}

function all(parts: readonly string[], glue: string, none: string): string {
  return parts.length === 0 ? none : parts.length === 1 ? (parts[0] as string) : `(${parts.join(glue)})`;
}

/** The filter, which has no text in it, as a condition. */
export function condition(filter: EmailFilter, driving: MailboxId | undefined, params: Params): string {
  switch (filter.kind) {
    case "and":
      return all(
        filter.of.map((one) => condition(one, driving, params)),
        " AND ",
        "1 = 1",
      );
    case "or":
      return all(
        filter.of.map((one) => condition(one, driving, params)),
        " OR ",
        "1 = 0",
      );
    case "not":
      return `NOT (${condition(filter.of, driving, params)})`;
    case "in-mailbox": {
      if (filter.mailbox === driving) return "1 = 1";
      const id = params.add(filter.mailbox);
      return elsewhere((alias) => `${alias}.mailbox = ${id}`);
    }
    case "in-mailbox-other-than": {
      const ids = params.add(JSON.stringify(filter.mailboxes));
      return elsewhere((alias) => `${alias}.mailbox NOT IN {list ${ids}}`);
    }
    case "received":
      // The sum keeps SQLite from going through the index of times where the order is another: it would jump from row to row.
      return range(params.byTime ? "m.received_at" : "(m.received_at + 0)", filter.from, filter.before, params);
    case "size":
      return range("m.size", filter.from, filter.below, params);
    case "mark":
      return marked(filter, params);
    case "has-attachment":
      return "k.has_attachment = 1";
    case "emails":
      return `m.email IN {list ${params.add(JSON.stringify(filter.emails))}}`;
    case "newer":
      return `m.email > ${params.add(filter.than)}`;
    case "threads":
      return inThreads(filter.threads, params);
    case "among":
    case "text":
    case "words":
      throw new Error("A text is not for SQL.");
    default:
      return filter satisfies never;
  }
}

/** True of the row, or of another row of the same email where there may be one. */
function elsewhere(of: (alias: string) => string, row = "m"): string {
  const other = row === "m" ? "o" : "p";
  return `(${of(row)} OR (${row}.shared = 1 AND EXISTS (SELECT 1 FROM messages ${other} {by_email} WHERE ${other}.account = ${row}.account
    AND ${other}.email = ${row}.email AND ${visible(other)} AND ${of(other)})))`;
}

function range(column: string, from: number | undefined, below: number | undefined, params: Params): string {
  const parts: string[] = [];
  if (from !== undefined) parts.push(`${column} >= ${params.add(from)}`);
  if (below !== undefined) parts.push(`${column} < ${params.add(below)}`);
  return all(parts, " AND ", "1 = 1");
}

function inThreads(threads: readonly ThreadId[], params: Params): string {
  return `m.thread IN {list ${params.add(JSON.stringify(threads))}}`;
}

function marked({ of, mark, within }: MarkOf, params: Params): string {
  const value = "flag" in mark ? String(mark.flag) : params.add(` ${mark.keyword} `);
  const has = (alias: string) =>
    "flag" in mark
      ? `(${alias}.flags & ${value}) <> 0`
      : `{instr}(' ' || lower(${alias}.keywords) || ' ', ${value}) > 0`;
  if (of === "email") return elsewhere(has);
  const seen = `${visible("x")}${within === undefined ? "" : ` AND x.mailbox IN {list ${params.add(JSON.stringify(within))}}`}`;
  const inThread = (test: string) =>
    `(EXISTS (SELECT 1 FROM messages x {by_email} WHERE x.account = m.account AND x.email = m.thread AND x.thread = m.thread AND ${seen} AND ${test})
      OR EXISTS (SELECT 1 FROM messages x {by_thread} WHERE x.account = m.account AND x.thread = m.thread AND x.thread <> x.email AND ${seen} AND ${test}))`;
  if (of === "some-in-thread") return `(${has("m")} OR ${inThread(has("x"))})`;
  return `(${elsewhere(has)} AND NOT ${inThread(`NOT ${elsewhere(has, "x")}`)})`;
}

export type Order = {
  /** Expressions with their direction. */
  readonly sql: readonly { readonly expression: string; readonly ascending: boolean }[];
  /** Whether `content_keys` is asked (alias `k`). */
  readonly keys: boolean;
};

/** Ties are broken by the email's number, in the direction of the first key: every order is a total one. */
export function orderOf(sort: readonly EmailSort[], params: Params): Order {
  const given: readonly EmailSort[] = sort.length === 0 ? [{ by: "receivedAt", ascending: false }] : sort;
  const sql = given.map(({ by, ascending }) => ({ expression: expressionOf(by, params), ascending }));
  sql.push({ expression: "m.email", ascending: given[0]?.ascending ?? false });
  return { sql, keys: given.some(({ by }) => typeof by === "string" && !ofRows.has(by)) };
}

/** Keys that the rows of messages have. */
const ofRows = new Set<string>(["receivedAt", "size", "number"]);

/**
 * Where those with a mark stand above all others, or below them: which these are, and the order of them and of the others. `few`: they are
 * known, and few.
 */
export function topOf(
  sort: readonly EmailSort[],
): { readonly top: EmailFilter; readonly few: Those | undefined; readonly rest: readonly EmailSort[] } | undefined {
  const [first, ...rest] = sort;
  if (typeof first?.by !== "object" || rest[0] === undefined) return undefined;
  const { ascending, by } = first;
  // Of other flags nothing is known: where few have one, all would be gone through for a page of them.
  if (by.those === undefined && "flag" in by.mark && by.mark.flag !== Flag.seen && by.mark.flag !== Flag.flagged)
    return undefined;
  const marked: EmailFilter = by.those ?? { ...by, kind: "mark" };
  return {
    top: ascending ? { kind: "not", of: marked } : marked,
    few: ascending ? undefined : by.those,
    // Ties are broken in the direction of the first key.
    rest: rest[0].ascending === ascending ? rest : [...rest, { by: "number", ascending }],
  };
}

function expressionOf(by: EmailSort["by"], params: Params): string {
  switch (by) {
    case "receivedAt":
      return "m.received_at";
    case "size":
      return "m.size";
    case "sentAt":
      return "coalesce(k.sent_at, m.received_at)";
    case "subject":
      return "k.subject";
    case "from":
      return "k.sender";
    case "to":
      return "k.recipient";
    case "number":
      return "m.email";
    default:
      return `CASE WHEN ${by.those === undefined ? marked(by, params) : condition(by.those, undefined, params)} THEN 1 ELSE 0 END`;
  }
}

export function needsKeys(filter: EmailFilter | undefined): boolean {
  switch (filter?.kind) {
    case "and":
    case "or":
      return filter.of.some(needsKeys);
    case "not":
      return needsKeys(filter.of);
    default:
      return filter?.kind === "has-attachment";
  }
}
