/**
 * Orders other than by time: of a large mailbox the emails in such an order are kept in memory by who asks (`EmailOrder`), made once,
 * and a page is read from there and checked against the rows. What has come since is laid between; what has gone is not there.
 */

import type { EmailFilter, EmailOrder, EmailSort, OrderWanted } from "../jmap.ts";
import { sharedMemory } from "../shared-memory.ts";
import type { AccountId, EmailId, MailboxId } from "../store.ts";
import { firstSince, touchesSince } from "./email-changes.ts";
import { condition, drivingEmails, drivingMailbox, needsKeys, orderOf, Params, topOf } from "./email-filter.ts";
import { withFound } from "./email-found.ts";
import { distinct, type Enough, everything, type Named, plan, TextLook, type What } from "./email-plan.ts";
import { type Cells, type Op, one, rows } from "./tx.ts";

/** Of smaller mailboxes all rows are gone through: that is as quick. */
export const leastOrdered = 5_000;
/** Of larger ones no order is kept. */
export const maxOrdered = 4_000_000;
/** Emails that have come since the order was made, at most: with more it is made anew. From half of them on a new one is wanted. */
export const maxSinceOrder = 1_000;
/** Emails that are taken from the order at first, and in all: where few of them match, going through all rows is cheaper. */
const walked = { first: 256, most: 4_096 } as const;
/** Longer pages are sorted. */
const maxInOrder = 10_000;

/** The order of these keys, the first of them ascending; undefined where it may change with marks, or where an index has it. */
function keptSort(
  sort: readonly EmailSort[],
): { readonly sort: readonly EmailSort[]; readonly turned: boolean } | undefined {
  const [first] = sort;
  if (
    first === undefined ||
    first.by === "receivedAt" ||
    first.by === "number" ||
    sort.some(({ by }) => typeof by === "object")
  )
    return undefined;
  const turned = !first.ascending;
  return { sort: sort.map(({ by, ascending }) => ({ by, ascending: ascending !== turned })), turned };
}

const sameSort = (one: readonly EmailSort[], other: readonly EmailSort[]): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The order of a query: of the emails that match, or of all in the mailbox that it is about. */
function fitting(orders: What["orders"], filter: EmailFilter | undefined, sort: readonly EmailSort[]) {
  const mailbox = drivingMailbox(filter);
  const found = orders?.filter((one) => one.mailbox === mailbox && sameSort(one.sort, sort)) ?? [];
  const asked = JSON.stringify(filter);
  return (
    found.find((one) => one.filter !== undefined && JSON.stringify(one.filter) === asked) ??
    found.find((one) => one.filter === undefined)
  );
}

/** Whether a change that makes an email match, or not any more, is one of the email itself, and SQL can tell. */
function isOwn(filter: EmailFilter): boolean {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.of.every(isOwn);
    case "not":
      return isOwn(filter.of);
    case "mark":
      return filter.of === "email";
    case "in-mailbox":
    case "in-mailbox-other-than":
    case "received":
    case "size":
    case "has-attachment":
      return true;
    default:
      return false;
  }
}

/** Messages of a mailbox, or of all. */
export function* sizeOf(account: AccountId, mailbox: MailboxId | undefined): Op<number> {
  const row = yield* one<{ n: number }>(
    mailbox === undefined
      ? "SELECT used_messages AS n FROM accounts WHERE id = $1"
      : "SELECT messages AS n FROM mailboxes WHERE account = $1 AND id = $2",
    ...(mailbox === undefined ? [account] : [account, mailbox]),
  );
  return row?.n ?? 0;
}

/** The order that would have made this query quick, where there is none or it is getting old. `isPoor`: the one of all emails was of no use. */
export function* orderWanted(account: AccountId, what: What, isPoor = false): Op<OrderWanted | undefined> {
  const kept = keptSort(topOf(what.sort)?.rest ?? what.sort);
  if (kept === undefined || drivingEmails(what.filter) !== undefined) return undefined;
  const mailbox = drivingMailbox(what.filter);
  const size = yield* sizeOf(account, mailbox);
  if (size < leastOrdered || size > maxOrdered) return undefined;
  const order = fitting(what.orders, what.filter, kept.sort);
  if (isPoor && topOf(what.sort) === undefined && what.filter !== undefined && isOwn(what.filter))
    return { mailbox, sort: kept.sort, filter: what.filter };
  if (order !== undefined && (yield* since(account, order)).length <= maxSinceOrder / 2) return undefined;
  return { mailbox, sort: kept.sort, filter: order?.filter };
}

/**
 * Emails that may have come into the order since it was made: those new to its mailbox, or, where only some are in it, those that
 * have changed. One more than `maxSinceOrder` where there are too many.
 */
function* since(account: AccountId, { mailbox, filter, modseq, nextEmail }: EmailOrder): Op<readonly EmailId[]> {
  if (filter !== undefined) {
    const touched = yield* touchesSince(account, { modseq, nextEmail, after: undefined }, maxSinceOrder);
    if (touched === undefined || touched.upTo !== undefined) return new Array<EmailId>(maxSinceOrder + 1).fill(0);
    return touched.touches.map(({ email }) => email);
  }
  const found =
    mailbox === undefined
      ? yield* rows(
          `SELECT DISTINCT email FROM messages m {by_email} WHERE account = $1 AND email >= $2 LIMIT ${maxSinceOrder + 1}`,
          account,
          nextEmail,
        )
      : yield* rows(
          `SELECT email FROM messages WHERE account = $1 AND mailbox = $2 AND uid >= $3 LIMIT ${maxSinceOrder + 1}`,
          account,
          mailbox,
          yield* firstSince(account, mailbox, modseq + 1),
        );
  return found.map(([email]) => email as number);
}

/** The results as far as `enough` asks, from a kept order; undefined where none fits, "poor" where few of its first emails match. */
export function* listInOrder(
  account: AccountId,
  asked: What,
  firstLimit: number,
  enough: Enough,
): Op<Named | "too-expensive" | "poor" | undefined> {
  const kept = asked.orders === undefined || firstLimit > maxInOrder ? undefined : keptSort(asked.sort);
  if (kept === undefined) return undefined;
  const order = fitting(asked.orders, asked.filter, kept.sort);
  if (order === undefined) return undefined;
  const what = { ...asked, filter: yield* withFound(account, asked.filter) };
  if (drivingEmails(what.filter) !== undefined) return undefined;
  let later = yield* since(account, order);
  if (later.length > maxSinceOrder) return undefined;
  const look = new TextLook();
  const listed: Cells[] = [];
  const { length } = order.emails;
  const most = Math.max(walked.most, 2 * firstLimit);
  let hasText = false;
  const result = (whole: boolean): Named => ({
    ...distinct(listed, what.collapseThreads, hasText ? look.judged : undefined),
    whole,
  });
  for (let from = 0, many = Math.max(walked.first, firstLimit); from < most; from += many, many *= 4) {
    const to = Math.min(length, from + many);
    const portion = kept.turned
      ? order.emails.slice(length - to, length - from).reverse()
      : order.emails.slice(from, to);
    const made = plan(account, what, [], [...later, ...portion]);
    hasText = made.tree !== undefined;
    const found = yield* rows(made.sql, ...made.params, everything);
    const whole = to === length;
    // Later ones that are sorted behind the last of this portion may have others of the next one before them.
    const known = new Set(portion);
    const end = whole ? found.length : found.findLastIndex(([email]) => known.has(email as number)) + 1;
    const certain = found.slice(0, end);
    if ((yield* look.at(made, certain)) === "too-expensive") return "too-expensive";
    for (const cells of certain) listed.push(cells);
    const now = result(whole);
    if (whole || enough(now.emails, now.names)) return now;
    const placed = new Set(certain.map(([email]) => email));
    later = later.filter((email) => !placed.has(email));
  }
  return "poor";
}

/** The emails of the mailbox (or account) that match, in this order, those with \Deleted too; undefined where there are too many. */
export function* emailOrder(account: AccountId, { mailbox, sort, filter }: OrderWanted): Op<EmailOrder | undefined> {
  const params = new Params(account);
  const order = orderOf(sort, params);
  const keys = order.keys || needsKeys(filter);
  const where = filter === undefined ? "" : ` AND ${condition(filter, mailbox, params)}`;
  const place = mailbox === undefined ? "" : ` AND m.mailbox = ${params.add(mailbox)}`;
  const state = yield* one<{ modseq: number; next_email: number }>(
    "SELECT modseq, next_email FROM accounts WHERE id = $1",
    account,
  );
  const by = order.sql.map(({ expression, ascending }) => `${expression}${ascending ? "" : " DESC"}`).join(", ");
  // The numbers come in one text: a row for each costs three times as much.
  const row = yield* one<{ numbers: string | null }>(
    `SELECT string_agg(CAST(m.email AS TEXT), ',' ORDER BY ${by}) AS numbers
     FROM messages m${keys ? " {cross} content_keys k" : ""} WHERE m.account = $1${place}${keys ? " AND k.content = m.content" : ""}${where}`,
    ...params.values,
  );
  if (state === undefined) return undefined;
  const emails = numbersOf(row?.numbers ?? "");
  if (emails === undefined) return undefined;
  return { mailbox, sort, filter, emails, modseq: state.modseq, nextEmail: state.next_email };
}

const comma = 44;

/** "3,1,2" as numbers, each once, in memory that all threads share. */
function numbersOf(text: string): Uint32Array<SharedArrayBuffer> | undefined {
  let count = text === "" ? 0 : 1;
  for (let at = text.indexOf(","); at >= 0; at = text.indexOf(",", at + 1)) count++;
  if (count > maxOrdered) return undefined;
  const numbers = new Uint32Array(sharedMemory(4 * count));
  for (let at = 0, to = 0, number = 0; at <= text.length && count > 0; at++) {
    const code = at < text.length ? text.charCodeAt(at) : comma;
    if (code !== comma) number = number * 10 + code - 48;
    else {
      numbers[to++] = number;
      number = 0;
    }
  }
  return numbers;
}
