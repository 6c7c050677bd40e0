/** Email/query: the emails that match, in order, one page of them, and how they have changed. */
import { BitSet } from "../../../protocol/words/email-set.ts";
import type { EmailFilter, EmailQuery, EmailQueryChanges, EmailQueryResult, MailState } from "../jmap.ts";
import type { AccountId, EmailId, MailboxId, ThreadId } from "../store.ts";
import { touchesSince } from "./email-changes.ts";
import {
  condition,
  drivingEmails,
  drivingMailbox,
  hasText,
  looksAtThreads,
  needsKeys,
  orderOf,
  Params,
  superset,
  visible,
} from "./email-filter.ts";
import { demandedWords, driven, newerThan, withFound } from "./email-found.ts";
import { withMarks } from "./email-marks.ts";
import { mailState, rowsOfThreads } from "./email-rows.ts";
import { holdsText, TextBudget, type TextTree, textTree } from "./email-text.ts";
import { type Cells, type Op, one, type Param, rows } from "./tx.ts";
import { findWords } from "./words.ts";

/** With more mailboxes the account's messages are sorted as one heap. */
const maxMergedMailboxes = 40;
const everything = 0xffffffff;
/** `queryChanges` looks at no more changes than this. */
export const maxQueryTouches = 20_000;

type What = Pick<EmailQuery, "filter" | "sort" | "collapseThreads">;
type Plan = {
  readonly sql: string;
  readonly params: readonly Param[];
  readonly tree: TextTree | undefined;
  readonly firstLeaf: number;
  readonly driving: MailboxId | undefined;
};

/** The statement that gives the rows (email, thread, content, leaves…) in order; its last parameter is the limit. */
function plan(account: AccountId, what: What, merged: readonly MailboxId[], only?: readonly EmailId[]): Plan {
  const { filter } = what;
  const driving = drivingMailbox(filter);
  const [first] = what.sort;
  const params = new Params(account, first === undefined || first.by === "receivedAt");
  const order = orderOf(what.sort, params);
  const where = filter === undefined ? "" : superset(filter, driving, params);
  const leaves: EmailFilter[] = [];
  const tree = filter !== undefined && hasText(filter) ? textTree(filter, leaves) : undefined;
  const columns = leaves.map((leaf) => `CASE WHEN ${condition(leaf, driving, params)} THEN 1 ELSE 0 END`);
  const keyed = order.keys || needsKeys(filter);
  const few = only ?? drivingEmails(filter);
  const named = few === undefined ? undefined : params.add(JSON.stringify(few));
  const table = named === undefined ? "messages m" : `{list ${named}} l {cross} messages m {by_email}`;
  const from = keyed ? `${table} {cross} content_keys k` : table;
  const selected = ["m.email", "m.thread", "m.content", ...columns].map((column, i) => `${column} AS c${i}`);
  const restrict = (mailbox: string | undefined) =>
    `m.account = $1${mailbox === undefined ? "" : ` AND m.mailbox = ${mailbox}`} AND ${visible("m")}${
      named === undefined ? "" : " AND m.email = l.value"
    }${keyed ? " AND k.content = m.content" : ""}${where === "" ? "" : ` AND ${where}`}`;
  const direction = (ascending: boolean) => (ascending ? "" : " DESC");
  const inOrder = order.sql.map(({ expression, ascending }) => `${expression}${direction(ascending)}`).join(", ");
  const home = driving ?? (merged.length === 1 ? merged[0] : undefined);
  const firstLeaf = 3;
  if (home !== undefined || merged.length === 0 || named !== undefined) {
    const mailbox = home === undefined ? undefined : params.add(home);
    const limit = `$${params.values.length + 1}`;
    const sql = `SELECT ${selected.join(", ")} FROM ${from} WHERE ${restrict(mailbox)} ORDER BY ${inOrder} LIMIT ${limit}`;
    return { sql, params: params.values, tree, firstLeaf, driving };
  }
  // The first ones of each mailbox by its own index, then the first ones of these.
  const ids = merged.map((id) => params.add(id));
  const limit = `$${params.values.length + 1}`;
  const keys = order.sql.map(({ expression }, i) => `${expression} AS s${i}`);
  const parts = ids.map(
    (id) =>
      `SELECT * FROM (SELECT ${[...selected, ...keys].join(", ")} FROM ${from} WHERE ${restrict(id)} ORDER BY ${inOrder} LIMIT ${limit}) AS q${id.slice(1)}`,
  );
  const outer = order.sql.map(({ ascending }, i) => `s${i}${direction(ascending)}`).join(", ");
  const sql = `SELECT ${selected.map((_, i) => `c${i}`).join(", ")} FROM (${parts.join(" UNION ALL ")}) AS u ORDER BY ${outer} LIMIT ${limit}`;
  return { sql, params: params.values, tree, firstLeaf, driving };
}

/** Mailboxes that a query without one goes through, each by its own index; none where there are too many of them. */
function* mergedMailboxes(account: AccountId, what: What): Op<readonly MailboxId[]> {
  if (drivingMailbox(what.filter) !== undefined) return [];
  const found = yield* rows(
    `SELECT id FROM mailboxes WHERE account = $1 AND messages > 0 ORDER BY id LIMIT ${maxMergedMailboxes + 1}`,
    account,
  );
  return found.length > maxMergedMailboxes ? [] : found.map(([id]) => id as number);
}

type Listed = {
  readonly emails: readonly EmailId[];
  /** Whether these are all. */
  readonly whole: boolean;
};
/** With what the emails are listed as: themselves, or their threads. */
type Named = Listed & { readonly names: ReadonlySet<EmailId | ThreadId> };

/** Rows gone through cost about a quarter of what it takes to ask an email for its rows. */
const rowsForEmail = 4;
/** More emails than these are never asked for their rows. */
const maxDriven = 50_000;

type Enough = (emails: readonly EmailId[], names: ReadonlySet<number>) => boolean;

/** The results in order, until `enough` says so: asked after each portion with what there is. */
function* list(account: AccountId, what: What, firstLimit: number, enough: Enough): Op<Named | "too-expensive"> {
  const [first, ...rest] = what.sort;
  const top = typeof first?.by === "object" ? first.by.threads : undefined;
  if (top === undefined || first?.ascending !== false || rest[0]?.ascending !== false)
    return yield* listPlainly(account, what, firstLimit, enough);
  // A few threads stand above all others: they first, then the others in an order that an index has.
  const inTop: EmailFilter = { kind: "threads", threads: top };
  const found = yield* rowsOfThreads(account, top, "x.email");
  const emails: EmailFilter = { kind: "emails", emails: [...new Set(found.map(([email]) => email as EmailId))] };
  const only = (filter: EmailFilter): What => ({
    ...what,
    filter: what.filter === undefined ? filter : { kind: "and", of: [filter, what.filter] },
    sort: rest,
  });
  const above = yield* listPlainly(account, only({ kind: "and", of: [emails, inTop] }), everything, () => true);
  if (above === "too-expensive") return above;
  const below = yield* listPlainly(account, only({ kind: "not", of: inTop }), firstLimit, (others, names) =>
    enough([...above.emails, ...others], new Set([...above.names, ...names])),
  );
  if (below === "too-expensive") return below;
  return {
    emails: [...above.emails, ...below.emails],
    names: new Set([...above.names, ...below.names]),
    whole: below.whole,
  };
}

function* listPlainly(
  account: AccountId,
  asked: What,
  firstLimit: number,
  enough: Enough,
): Op<Named | "too-expensive"> {
  let what = { ...asked, filter: yield* withFound(account, asked.filter) };
  const merged = yield* mergedMailboxes(account, what);
  let made = plan(account, what, merged);
  const look = new TextLook();
  for (let limit = firstLimit; ; limit = Math.min(everything, limit * 8)) {
    const found = yield* rows(made.sql, ...made.params, limit);
    if ((yield* look.at(made, found)) === "too-expensive") return "too-expensive";
    const { emails, names } = distinct(found, what.collapseThreads, made.tree === undefined ? undefined : look.judged);
    const whole = found.length < limit;
    if (whole || limit === everything || enough(emails, names)) return { emails, names, whole };
    // Few of the rows match: going through those that may is cheaper than going on.
    if (what.filter !== undefined && hasText(what.filter)) {
      what = { ...what, filter: driven(what.filter, Math.min(maxDriven, limit * rowsForEmail)) };
      made = plan(account, what, merged);
    }
  }
}

/** What texts have been looked at for one query. */
class TextLook {
  readonly judged = new Map<EmailId, boolean>();
  readonly #budget = new TextBudget();

  *at(made: Plan, found: readonly Cells[]): Op<"too-expensive" | undefined> {
    if (made.tree === undefined) return undefined;
    const open = found.filter(([email]) => !this.judged.has(email as number));
    const verdicts = yield* holdsText(
      made.tree,
      open.map((cells) => ({
        email: cells[0] as number,
        content: cells[2] as number,
        leaves: cells.slice(made.firstLeaf).map((cell) => cell === 1),
      })),
      this.#budget,
    );
    if (verdicts === "too-expensive") return verdicts;
    for (const [i, cells] of open.entries()) this.judged.set(cells[0] as number, verdicts[i] === true);
    return undefined;
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

/** One of the rows of each email, and of each thread where they are collapsed: the first. `names`: which these are. */
function distinct(
  found: readonly Cells[],
  collapse: boolean,
  judged: ReadonlyMap<EmailId, boolean> | undefined,
): { readonly emails: readonly EmailId[]; readonly names: ReadonlySet<EmailId | ThreadId> } {
  const seen = new Set<EmailId | ThreadId>();
  const emails: EmailId[] = [];
  for (const cells of found) {
    const email = cells[0] as number;
    if (judged !== undefined && judged.get(email) !== true) continue;
    const name = collapse ? (cells[1] as number) : email;
    if (seen.has(name)) continue;
    seen.add(name);
    emails.push(email);
  }
  return { emails, names: seen };
}

/** Of these emails, the ones that match, by the names under which they are listed. For filters without text. */
function* matching(account: AccountId, what: What, emails: readonly EmailId[]): Op<readonly (EmailId | ThreadId)[]> {
  const made = plan(account, { ...what, sort: [] }, [], emails);
  const found = yield* rows(made.sql, ...made.params, everything);
  return [...new Set(found.map((cells) => cells[what.collapseThreads ? 1 : 0] as number))];
}

/** How many results there are, counted without listing them. For filters without text. */
function* count(account: AccountId, { filter, collapseThreads }: What): Op<number> {
  const driving = drivingMailbox(filter);
  if (driving !== undefined && filter?.kind === "in-mailbox" && !collapseThreads)
    return yield* countMailbox(account, driving);
  const params = new Params(account);
  const where = filter === undefined ? "" : superset(filter, driving, params);
  const keyed = needsKeys(filter);
  const sql = `SELECT count(DISTINCT m.${collapseThreads ? "thread" : "email"}) AS n FROM messages m${keyed ? " {cross} content_keys k" : ""}
    WHERE m.account = $1${driving === undefined ? "" : ` AND m.mailbox = ${params.add(driving)}`} AND ${visible("m")}${
      keyed ? " AND k.content = m.content" : ""
    }${where === "" ? "" : ` AND ${where}`}`;
  return (yield* one<{ n: number }>(sql, ...params.values))?.n ?? 0;
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
  return { kind: "done", emails: emails.slice(position, position + limit), position, total, state };
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
  const touched = new Set(found.touches.map(({ email }) => email));
  if (asked.collapseThreads || looksAtThreads(asked.filter, asked.sort)) {
    const threads = [...new Set(found.touches.map(({ thread }) => thread))];
    for (const [email] of yield* rowsOfThreads(account, threads, "x.email")) touched.add(email as number);
  }
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
