/** Email/query as a statement, and what becomes of its rows: texts are looked at, and of each email, or thread, one is listed. */
import type { EmailFilter, EmailQuery } from "../jmap.ts";
import type { AccountId, EmailId, MailboxId, ThreadId } from "../store.ts";
import {
  condition,
  drivingEmails,
  drivingMailbox,
  hasText,
  needsKeys,
  orderOf,
  Params,
  superset,
  visible,
} from "./email-filter.ts";
import { holdsText, TextBudget, type TextTree, textTree } from "./email-text.ts";
import { type Cells, type Op, type Param, rows } from "./tx.ts";

/** With more mailboxes the account's messages are sorted as one heap. */
const maxMergedMailboxes = 40;
/** A limit that is none. */
export const everything = 0xffffffff;

export type What = Pick<EmailQuery, "filter" | "sort" | "collapseThreads" | "orders">;
export type Plan = {
  readonly sql: string;
  readonly params: readonly Param[];
  readonly tree: TextTree | undefined;
  readonly firstLeaf: number;
  readonly driving: MailboxId | undefined;
};

/** The statement that gives the rows (email, thread, content, leaves…) in order; its last parameter is the limit. */
export function plan(
  account: AccountId,
  what: What,
  merged: readonly MailboxId[],
  only?: readonly EmailId[],
  byTime = false,
): Plan {
  const { filter } = what;
  const driving = drivingMailbox(filter);
  const [first] = what.sort;
  const params = new Params(account, byTime || first === undefined || first.by === "receivedAt");
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
export function* mergedMailboxes(account: AccountId, what: What): Op<readonly MailboxId[]> {
  if (drivingMailbox(what.filter) !== undefined) return [];
  const found = yield* rows(
    `SELECT id FROM mailboxes WHERE account = $1 AND messages > 0 ORDER BY id LIMIT ${maxMergedMailboxes + 1}`,
    account,
  );
  return found.length > maxMergedMailboxes ? [] : found.map(([id]) => id as number);
}

/** Asked after each portion with what there is: the emails, and what they are listed as. */
export type Enough = (emails: readonly EmailId[], names: ReadonlySet<number>) => boolean;

export type Listed = {
  readonly emails: readonly EmailId[];
  /** Whether these are all. */
  readonly whole: boolean;
  /** There was an order, and few at its beginning matched. */
  readonly isPoor?: boolean;
};
/** With what the emails are listed as: themselves, or their threads. */
export type Named = Listed & { readonly names: ReadonlySet<EmailId | ThreadId> };

/** What texts have been looked at for one query. */
export class TextLook {
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

/** One of the rows of each email, and of each thread where they are collapsed: the first. `names`: which these are. */
export function distinct(
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
