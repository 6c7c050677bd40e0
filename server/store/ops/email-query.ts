/** Email/query: the emails that match, in order, one page of them, and how they have changed. */
import { BitSet } from "../../../protocol/words/email-set.ts";
import {
  type EmailFilter,
  type EmailQuery,
  type EmailQueryChanges,
  type EmailQueryResult,
  type EmailSort,
  type MailState,
  maxFew,
  type Those,
} from "../jmap.ts";
import type { AccountId, EmailId, MailboxId, ThreadId } from "../store.ts";
import { touchesSince } from "./email-changes.ts";
import {
  drivingEmails,
  drivingMailbox,
  hasText,
  looksAtThreads,
  needsKeys,
  Params,
  superset,
  topOf,
  visible,
} from "./email-filter.ts";
import { demandedWords, driven, isShortTime, newerThan, withFound } from "./email-found.ts";
import { leastOrdered, listInOrder, orderWanted, sizeOf } from "./email-in-order.ts";
import { withMarks } from "./email-marks.ts";
import {
  distinct,
  type Enough,
  everything,
  type Listed,
  mergedMailboxes,
  type Named,
  plan,
  TextLook,
  type What,
} from "./email-plan.ts";
import { mailState, rowsOfThreads } from "./email-rows.ts";
import { type Cells, type Op, one, rows } from "./tx.ts";
import { findWords } from "./words.ts";

/** `queryChanges` looks at no more changes than this. */
export const maxQueryTouches = 20_000;

/** Rows gone through cost about a quarter of what it takes to ask an email for its rows. */
const rowsForEmail = 4;
/** More emails than these are never asked for their rows. */
const maxDriven = 50_000;

/** The results in order, until `enough` says so: asked after each portion with what there is. */
function* list(account: AccountId, what: What, firstLimit: number, enough: Enough): Op<Named | "too-expensive"> {
  const found = topOf(what.sort);
  if (found === undefined) return yield* listPlainly(account, what, firstLimit, enough);
  // First those that stand above, then the others, each in an order that an index, or memory, has.
  const { top, few, rest } = found;
  const only = (filter: EmailFilter): What => ({
    ...what,
    filter: what.filter === undefined ? filter : { kind: "and", of: [filter, what.filter] },
    sort: rest,
  });
  const above =
    few === undefined
      ? yield* listPlainly(account, only(top), firstLimit, enough)
      : yield* listPlainly(
          account,
          only({ kind: "and", of: [{ kind: "emails", emails: yield* emailsOf(account, few) }, top] }),
          everything,
          () => true,
        );
  if (above === "too-expensive" || !above.whole) return above;
  // Of a thread that stands above, others may be below: it is listed once.
  const added = (emails: readonly EmailId[], names: ReadonlySet<number>): Named => {
    const each = [...names];
    return {
      emails: [...above.emails, ...emails.filter((_, at) => !above.names.has(each[at]!))],
      names: new Set([...above.names, ...names]),
      whole: false,
    };
  };
  const below = yield* listPlainly(account, only({ kind: "not", of: top }), firstLimit, (emails, names) => {
    const both = added(emails, names);
    return enough(both.emails, both.names);
  });
  if (below === "too-expensive") return below;
  return { ...added(below.emails, below.names), whole: below.whole };
}

function* emailsOf(account: AccountId, those: Those): Op<readonly EmailId[]> {
  if (those.kind === "emails") return those.emails;
  const found = yield* rowsOfThreads(account, those.threads, "x.email");
  return [...new Set(found.map(([email]) => email as EmailId))];
}

function* listPlainly(
  account: AccountId,
  asked: What,
  firstLimit: number,
  enough: Enough,
): Op<Named | "too-expensive"> {
  const inOrder = yield* listInOrder(account, asked, firstLimit, enough);
  if (inOrder !== undefined && inOrder !== "poor") return inOrder;
  const isPoor = inOrder === "poor";
  let what = { ...asked, filter: yield* withFound(account, asked.filter) };
  const merged = yield* mergedMailboxes(account, what);
  const byTime = what.sort[0]?.by !== "receivedAt" && (yield* isShortTime(account, what.filter));
  let made = plan(account, what, merged, undefined, byTime);
  const look = new TextLook();
  for (let limit = firstLimit; ; limit = Math.min(everything, limit * 8)) {
    const found = yield* rows(made.sql, ...made.params, limit);
    if ((yield* look.at(made, found)) === "too-expensive") return "too-expensive";
    const { emails, names } = distinct(found, what.collapseThreads, made.tree === undefined ? undefined : look.judged);
    const whole = found.length < limit;
    if (whole || limit === everything || enough(emails, names)) return { emails, names, whole, isPoor };
    // Few of the rows match: going through those that may is cheaper than going on.
    if (what.filter !== undefined && hasText(what.filter)) {
      what = { ...what, filter: driven(what.filter, Math.min(maxDriven, limit * rowsForEmail)) };
      made = plan(account, what, merged, undefined, byTime);
    }
  }
}

/** Emails that are asked for their rows at first, where the best are wanted. */
const firstRanked = 512;

/** The results, what fits best first, then the newest; emails that the index does not have yet come before all. */
function* listRanked(
  account: AccountId,
  asked: What,
  enough: (emails: readonly EmailId[]) => boolean,
): Op<Listed | "too-expensive"> {
  const { emails, scores, indexedUpTo, cut } = yield* findWords(account, demandedWords(asked.filter));
  const newer = yield* newerThan(account, indexedUpTo);
  const byScore = Array.from(emails, (_, at) => at).sort((a, b) => scores[b]! - scores[a]! || emails[b]! - emails[a]!);
  const ranked = [...[...newer].sort((a, b) => b - a), ...byScore.map((at) => emails[at]!)];
  // Where the index cannot name them all, those that it does not name come last, by time.
  const what = { ...asked, filter: yield* withFound(account, asked.filter) };
  const look = new TextLook();
  const listed: Cells[] = [];
  const done = (whole: boolean): Listed => ({
    emails: distinct(listed, what.collapseThreads, undefined).emails,
    whole,
  });
  for (let from = 0, many = firstRanked; from < ranked.length; from += many, many *= 4) {
    const portion = ranked.slice(from, from + many);
    const made = plan(account, what, [], portion);
    const found = yield* rows(made.sql, ...made.params, everything);
    if ((yield* look.at(made, found)) === "too-expensive") return "too-expensive";
    const rowOf = new Map(found.map((cells) => [cells[0] as number, cells]));
    for (const email of portion) {
      const cells = rowOf.get(email);
      if (cells !== undefined && (made.tree === undefined || look.judged.get(email) === true)) listed.push(cells);
    }
    if (from + many < ranked.length && enough(done(false).emails)) return done(false);
  }
  if (!cut || enough(done(false).emails)) return done(!cut);
  const rest = yield* list(account, asked, everything, () => true);
  if (rest === "too-expensive") return rest;
  const named = new Set(done(true).emails);
  return { emails: [...named, ...rest.emails.filter((email) => !named.has(email))], whole: true };
}

/** Of these emails, the ones that match, by the names under which they are listed. For filters without text. */
export function* matching(
  account: AccountId,
  what: What,
  emails: readonly EmailId[],
): Op<readonly (EmailId | ThreadId)[]> {
  const made = plan(account, { ...what, sort: [] }, [], emails);
  const found = yield* rows(made.sql, ...made.params, everything);
  return [...new Set(found.map((cells) => cells[what.collapseThreads ? 1 : 0] as number))];
}

/** How many results there are, counted without listing them. For filters without text. */
function* count(account: AccountId, { filter, collapseThreads }: What): Op<number> {
  const driving = drivingMailbox(filter);
  if (driving !== undefined && filter?.kind === "in-mailbox" && !collapseThreads)
    return yield* countMailbox(account, driving);
  const params = new Params(account, yield* isShortTime(account, filter));
  const sql = `SELECT count(DISTINCT m.${collapseThreads ? "thread" : "email"}) AS n ${rowsMatching(filter, params)}`;
  return (yield* one<{ n: number }>(sql, ...params.values))?.n ?? 0;
}

/** From where the rows `m` of emails come that match. For filters without text. */
export function rowsMatching(filter: EmailFilter | undefined, params: Params): string {
  const driving = drivingMailbox(filter);
  const where = filter === undefined ? "" : superset(filter, driving, params);
  const keyed = needsKeys(filter);
  return `FROM messages m${keyed ? " {cross} content_keys k" : ""}
    WHERE m.account = $1${driving === undefined ? "" : ` AND m.mailbox = ${params.add(driving)}`} AND ${visible("m")}${
      keyed ? " AND k.content = m.content" : ""
    }${where === "" ? "" : ` AND ${where}`}`;
}

/** Emails of a mailbox: its counters, less those that are in it twice. */
function* countMailbox(account: AccountId, mailbox: MailboxId): Op<number> {
  const row = yield* one<{ n: number }>(
    "SELECT messages - deleted AS n FROM mailboxes WHERE account = $1 AND id = $2",
    account,
    mailbox,
  );
  const twice = yield* one<{ n: number }>(
    `SELECT count(*) - count(DISTINCT m.email) AS n FROM messages m {by_shared}
     WHERE m.account = $1 AND m.mailbox = $2 AND m.shared = 1 AND ${visible("m")}`,
    account,
    mailbox,
  );
  return (row?.n ?? 0) - (twice?.n ?? 0);
}

/**
 * How many of a mailbox, or of all, are in a set that the index of words gave: their numbers come in one text, which is ten times
 * as fast as a row for each. Undefined for other filters.
 */
function* countAmong(account: AccountId, filter: EmailFilter, collapse: boolean): Op<number | undefined> {
  const parts = filter.kind === "and" ? filter.of : [filter];
  const sets = parts.flatMap((one) => (one.kind === "among" ? [one.emails] : []));
  const places = parts.flatMap((one) => (one.kind === "in-mailbox" ? [one.mailbox] : []));
  if (sets.length === 0 || places.length > 1 || sets.length + places.length < parts.length) return undefined;
  const params = new Params(account);
  const where = places.map((mailbox) => ` AND m.mailbox = ${params.add(mailbox)}`).join("");
  const each = collapse ? "m.email || ',' || m.thread" : "CAST(m.email AS TEXT)";
  const row = yield* one<{ numbers: string | null }>(
    `SELECT string_agg(${each}, ',') AS numbers FROM messages m WHERE m.account = $1${where} AND ${visible("m")}`,
    ...params.values,
  );
  const text = row?.numbers ?? "";
  // An email may have several rows, a thread several emails. A thread has the number of its first email.
  const counted = new BitSet((yield* mailState(account)).nextEmail);
  let inSets = false;
  for (let at = 0, number = 0, isEmail = true; at <= text.length; at++) {
    const code = at < text.length ? text.charCodeAt(at) : comma;
    if (code !== comma) {
      number = number * 10 + code - 48;
      continue;
    }
    const email = number;
    if (isEmail) inSets = sets.every((set) => set.has(email));
    if (inSets && isEmail !== collapse) counted.add(number);
    if (collapse) isEmail = !isEmail;
    number = 0;
  }
  return counted.size;
}
const comma = 44;

/** A last page that is the first one of the opposite order. */
const isFromEnd = ({ anchor, position, ranked, collapseThreads, filter }: EmailQuery): boolean =>
  anchor === undefined &&
  position < 0 &&
  ranked !== true &&
  !collapseThreads &&
  !(filter !== undefined && hasText(filter));

function* fromTheEnd(account: AccountId, query: EmailQuery, state: MailState): Op<EmailQueryResult> {
  const total = yield* count(account, query);
  const position = Math.max(0, total + query.position);
  const given: readonly EmailSort[] = query.sort.length === 0 ? [{ by: "receivedAt", ascending: false }] : query.sort;
  const turned = given.map((key) => ({ ...key, ascending: !key.ascending }));
  const wantedOf = total - position;
  const listed = yield* list(account, { ...query, sort: turned }, wantedOf + 1, (emails) => emails.length >= wantedOf);
  if (listed === "too-expensive") return { kind: "too-expensive" };
  const emails = listed.emails.slice(0, wantedOf).reverse().slice(0, query.limit);
  const wanted = yield* orderWanted(account, query, listed.isPoor);
  return { kind: "done", emails, position, total: query.total ? total : undefined, state, wanted, sparse: false };
}

/** Whether nothing but going through a large mailbox finds what matches. */
function* isGoneThrough(account: AccountId, filter: EmailFilter | undefined): Op<boolean> {
  if (filter === undefined || hasText(filter) || drivingEmails(filter) !== undefined) return false;
  if ((yield* sizeOf(account, drivingMailbox(filter))) < leastOrdered) return false;
  return !(yield* isShortTime(account, filter));
}

export function* emailQuery(account: AccountId, given: EmailQuery): Op<EmailQueryResult> {
  const state = yield* mailState(account);
  const asked = yield* withMarks(account, given);
  const ranked = asked.ranked && demandedWords(asked.filter).length > 0;
  let query = asked;
  let among: number | undefined;
  if (asked.total && asked.filter !== undefined && !ranked) {
    const filter = (yield* withFound(account, asked.filter))!;
    among = yield* countAmong(account, filter, asked.collapseThreads);
    if (among !== undefined) query = { ...asked, filter };
  }
  if (isFromEnd(query)) return yield* fromTheEnd(account, query, state);
  const { anchor, limit } = query;
  const withText = query.filter !== undefined && hasText(query.filter);
  const fromEnd = anchor === undefined && query.position < 0;
  const counts = query.total && withText && among === undefined;
  const end = (emails: readonly EmailId[]): number => {
    if (anchor === undefined) return query.position + limit;
    const at = emails.indexOf(anchor.email);
    return at < 0 ? Number.POSITIVE_INFINITY : Math.max(0, at + anchor.offset) + limit;
  };
  const first =
    counts || fromEnd
      ? everything
      : anchor !== undefined
        ? 2048
        : Math.min(everything, (query.position + limit) * (query.collapseThreads ? 2 : 1) + 1);
  const enough = (emails: readonly EmailId[]): boolean => !(counts || fromEnd) && emails.length >= end(emails);
  const listed = ranked ? yield* listRanked(account, query, enough) : yield* list(account, query, first, enough);
  if (listed === "too-expensive") return { kind: "too-expensive" };
  const { emails, whole } = listed;
  let position = fromEnd ? Math.max(0, emails.length + query.position) : query.position;
  if (anchor !== undefined) {
    const at = emails.indexOf(anchor.email);
    if (at < 0) return { kind: "anchor-not-found" };
    position = Math.max(0, at + anchor.offset);
  }
  const total = query.total ? (whole ? emails.length : (among ?? (yield* count(account, query)))) : undefined;
  const wanted = ranked ? undefined : yield* orderWanted(account, query, listed.isPoor);
  const sparse = whole && !ranked && emails.length <= maxFew && (yield* isGoneThrough(account, query.filter));
  return { kind: "done", emails: emails.slice(position, position + limit), position, total, state, wanted, sparse };
}

/** Emails for which something may be otherwise since these touches: with threads, all of theirs. */
export function* touchedBy(
  account: AccountId,
  { filter, sort, collapseThreads }: What,
  touches: readonly { readonly email: EmailId; readonly thread: ThreadId }[],
): Op<ReadonlySet<EmailId>> {
  const touched = new Set(touches.map(({ email }) => email));
  if (collapseThreads || looksAtThreads(filter, sort)) {
    const threads = [...new Set(touches.map(({ thread }) => thread))];
    for (const [email] of yield* rowsOfThreads(account, threads, "x.email")) touched.add(email as number);
  }
  return touched;
}

export function* emailQueryChanges(
  account: AccountId,
  asked: What & { readonly total: boolean },
  since: MailState,
  max: number | undefined,
  upTo: EmailId | undefined,
): Op<EmailQueryChanges> {
  const state = yield* mailState(account);
  if (since.modseq > state.modseq) return { kind: "cannot" };
  const found = yield* touchesSince(account, since, maxQueryTouches);
  if (found === undefined || found.upTo !== undefined) return { kind: "cannot" };
  const touched = yield* touchedBy(account, asked, found.touches);
  const query = yield* withMarks(account, asked);
  if (touched.size === 0) {
    const total = query.total ? yield* totalOf(account, query) : undefined;
    if (total === "too-expensive") return { kind: "too-expensive" };
    return { kind: "done", removed: [], added: [], total, state };
  }
  // Listed as far as the last of them that matches: what was touched lies mostly near the beginning.
  const wanted = hasTextIn(query) ? undefined : yield* matching(account, query, [...touched]);
  const listed = yield* list(
    account,
    query,
    query.total && wanted === undefined ? everything : Math.max(512, 2 * (wanted?.length ?? 0)),
    (emails, names) =>
      (upTo !== undefined && emails.includes(upTo)) || (wanted?.every((name) => names.has(name)) ?? false),
  );
  if (listed === "too-expensive") return { kind: "too-expensive" };
  const removed = [...touched].filter((email) => email < since.nextEmail);
  const added: { email: EmailId; index: number }[] = [];
  for (const [index, email] of listed.emails.entries()) if (touched.has(email)) added.push({ email, index });
  if (max !== undefined && removed.length + added.length > max)
    return { kind: "too-many", count: removed.length + added.length };
  const total = query.total ? (listed.whole ? listed.emails.length : yield* count(account, query)) : undefined;
  return { kind: "done", removed, added, total, state };
}

const hasTextIn = ({ filter }: What): boolean => filter !== undefined && hasText(filter);

function* totalOf(account: AccountId, what: What): Op<number | "too-expensive"> {
  if (!hasTextIn(what)) return yield* count(account, what);
  const listed = yield* list(account, what, everything, () => true);
  return listed === "too-expensive" ? listed : listed.emails.length;
}
