/** Filters with what the indexes say in place of words and texts. */
import { type EmailSet, FewEmails } from "../../../protocol/words/email-set.ts";
import type { EmailFilter } from "../jmap.ts";
import { sift } from "../search-sift.ts";
import type { AccountId, EmailId } from "../store.ts";
import type { WordGroup } from "../words.ts";
import { drivingMailbox, drivingTimes } from "./email-filter.ts";
import { mailState } from "./email-rows.ts";
import { type Op, one, rows } from "./tx.ts";
import { wordsSet } from "./words.ts";

/** Emails that an index does not have yet are named one by one up to so many. */
const maxNewer = 2_000;

/** So many emails are asked for their rows; where more are found, rows are gone through until there are enough that match. */
const fewOf = (emails: number): number => Math.max(500, Math.sqrt(20 * emails));

type Words = Extract<EmailFilter, { readonly kind: "words" }>;

export function* withFound(account: AccountId, filter: EmailFilter | undefined): Op<EmailFilter | undefined> {
  switch (filter?.kind) {
    case "and": {
      const words = filter.of.filter((one) => one.kind === "words");
      const of: EmailFilter[] = words.length === 0 ? [] : [yield* wordsFound(account, words)];
      for (const one of filter.of) if (one.kind !== "words") of.push((yield* withFound(account, one))!);
      return { kind: "and", of };
    }
    case "or": {
      const of: EmailFilter[] = [];
      for (const one of filter.of) of.push((yield* withFound(account, one))!);
      return { kind: "or", of };
    }
    case "not":
      return { kind: "not", of: (yield* withFound(account, filter.of))! };
    case "words":
      return yield* wordsFound(account, [filter]);
    case "text": {
      const sifted = yield* sift(account, filter.key);
      if (sifted?.emails === undefined) return filter;
      const { emails, upTo } = sifted;
      return { kind: "and", of: [yield* within(account, { emails, upTo, looked: undefined }), filter] };
    }
    default:
      return filter;
  }
}

function* wordsFound(account: AccountId, all: readonly Words[]): Op<EmailFilter> {
  const groups = all.map(({ group }) => group);
  const { emails, indexedUpTo, cut } = yield* wordsSet(account, groups);
  const looked: EmailFilter = {
    kind: "and",
    of: groups.map((group): EmailFilter => ({ kind: "text", key: { kind: "words", ...group } })),
  };
  const found: EmailFilter = cut
    ? // A beginning of too many words: what is not among those that were read must be looked at.
      { kind: "or", of: [{ kind: "among", emails }, looked] }
    : yield* within(account, { emails, upTo: indexedUpTo, looked });
  const phrases = all.flatMap(({ phrase }): EmailFilter[] =>
    phrase === undefined ? [] : [{ kind: "text", key: phrase }],
  );
  return phrases.length === 0 ? found : { kind: "and", of: [found, ...phrases] };
}

type Within = {
  readonly emails: EmailSet;
  readonly upTo: EmailId;
  /** What tells of an email that is newer; undefined where it is asked beside this anyway. */
  readonly looked: EmailFilter | undefined;
};

/** Emails of the set, and those that the index does not have yet where they fit as well. */
function* within(account: AccountId, { emails, upTo, looked }: Within): Op<EmailFilter> {
  const { nextEmail } = yield* mailState(account);
  const complete = upTo >= nextEmail - 1;
  if (emails.size <= fewOf(nextEmail)) {
    const newer = complete ? [] : yield* newerThan(account, upTo);
    if (newer.length <= maxNewer) {
      const named: EmailFilter = { kind: "emails", emails: [...emails.list(), ...newer] };
      if (newer.length === 0 || looked === undefined) return named;
      const few: EmailFilter = { kind: "among", emails: new FewEmails(emails.list()) };
      return { kind: "and", of: [named, { kind: "or", of: [few, looked] }] };
    }
  }
  const indexed: EmailFilter = { kind: "among", emails };
  if (complete) return indexed;
  const later: EmailFilter = { kind: "newer", than: upTo };
  return { kind: "or", of: [indexed, looked === undefined ? later : { kind: "and", of: [later, looked] }] };
}

/** Emails above this one; one more than `maxNewer` where there are too many. */
export function* newerThan(account: AccountId, email: EmailId): Op<readonly EmailId[]> {
  const found = yield* rows(
    `SELECT DISTINCT m.email FROM messages m {by_email} WHERE m.account = $1 AND m.email > $2 LIMIT ${maxNewer + 1}`,
    account,
    email,
  );
  return found.map(([one]) => one as number);
}

/** The filter with sets that every result is among, up to this size, as lists of emails: the query then goes through these. */
export function driven(filter: EmailFilter, upTo: number): EmailFilter {
  if (filter.kind === "and") return { kind: "and", of: filter.of.map((one) => driven(one, upTo)) };
  if (filter.kind !== "among" || filter.emails.size > upTo) return filter;
  return { kind: "emails", emails: filter.emails.list() };
}

/** Words that every result must have. */
export function demandedWords(filter: EmailFilter | undefined): readonly WordGroup[] {
  if (filter?.kind === "and") return filter.of.flatMap(demandedWords);
  return filter?.kind === "words" ? [filter.group] : [];
}

/** Emails of a range of times that are looked at one after the other, rather than all of their mailbox. */
const maxShortTime = 5_000;

/** Whether all that match came within a time in which few did. */
export function* isShortTime(account: AccountId, filter: EmailFilter | undefined): Op<boolean> {
  const [times, mailbox] = [drivingTimes(filter), drivingMailbox(filter)];
  if (times === undefined || mailbox === undefined) return false;
  const row = yield* one<{ n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM messages WHERE account = $1 AND mailbox = $2 AND received_at >= $3 AND received_at < $4
     LIMIT ${maxShortTime + 1}) AS few`,
    account,
    mailbox,
    times.from ?? 0,
    times.before ?? Number.MAX_SAFE_INTEGER,
  );
  return row !== undefined && row.n <= maxShortTime;
}
