/** Keywords: kept as one text per message, in the case in which the mailbox first saw them. */
import type { AccountId, MailboxId, Marks } from "../store.ts";
import { type Op, one, run } from "./tx.ts";

export const maxKeywordsPerMailbox = 200;
export const maxKeywordChars = 200;

const none: readonly string[] = Object.freeze([]);

export function parseKeywords(text: string): readonly string[] {
  return text === "" ? none : text.split(" ");
}

/** Case-insensitively the same set of keywords is the same text. */
export function keywordText(keywords: readonly string[]): string {
  return keywords.length < 2 ? (keywords[0] ?? "") : [...keywords].sort().join(" ");
}

/** The keywords as the mailbox writes them; those it has never seen stay as they are. */
export function inMailboxCase(keywords: readonly string[], known: readonly string[]): readonly string[] {
  const names = new Map(known.map((keyword) => [keyword.toLowerCase(), keyword]));
  const unique = new Map(keywords.map((keyword) => [keyword.toLowerCase(), keyword]));
  return [...unique].map(([lower, keyword]) => names.get(lower) ?? keyword);
}

/** A keyword that fits into the text: RFC 9051 atoms have neither spaces nor controls. */
function isKeyword(keyword: string): boolean {
  return keyword !== "" && keyword.length <= maxKeywordChars && !/[\0- \u007f]/.test(keyword);
}

/** Notes in the mailbox the keywords that it has not seen; answers them all in its case, or "too-many". */
export function* adoptKeywords(
  account: AccountId,
  mailbox: MailboxId,
  keywords: Marks["keywords"],
): Op<readonly string[] | "too-many"> {
  if (keywords.length === 0) return none;
  if (!keywords.every(isKeyword)) return "too-many";
  const row = yield* one<{ keywords: string }>(
    "SELECT keywords FROM mailboxes WHERE account = $1 AND id = $2",
    account,
    mailbox,
  );
  let known = row === undefined ? none : parseKeywordList(row.keywords);
  const named = inMailboxCase(keywords, known);
  let fresh = named.filter((keyword) => !known.includes(keyword));
  if (fresh.length === 0) return named;
  if (known.length + fresh.length > maxKeywordsPerMailbox) {
    // Forget those that no message has any more, then look again.
    known = yield* usedKeywords(account, mailbox);
    fresh = named.filter((keyword) => !known.includes(keyword));
    if (known.length + fresh.length > maxKeywordsPerMailbox) return "too-many";
  }
  yield* run(
    "UPDATE mailboxes SET keywords = $3 WHERE account = $1 AND id = $2",
    account,
    mailbox,
    JSON.stringify([...known, ...fresh]),
  );
  return named;
}

/** The keywords that messages of the mailbox have, looked up in all of them. */
export function* usedKeywords(account: AccountId, mailbox: MailboxId): Op<readonly string[]> {
  const row = yield* one<{ texts: string | null }>(
    `SELECT string_agg(keywords, ' ') AS texts
     FROM (SELECT DISTINCT keywords FROM messages WHERE account = $1 AND mailbox = $2 AND keywords <> '') AS d`,
    account,
    mailbox,
  );
  return row?.texts ? [...new Set(row.texts.split(" "))] : none;
}

/** The list that a mailbox keeps. */
export function parseKeywordList(json: string): readonly string[] {
  return json === "[]" ? none : (JSON.parse(json) as string[]);
}
