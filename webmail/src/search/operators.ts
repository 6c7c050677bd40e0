/** What is written into the search box: words, "whole phrases", and operators like from:ann before:2026-01-01 -is:read. */
import type { Filter, Id } from "../jmap/types.ts";
import { identities } from "../state/identities.svelte.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";

export const operators = [
  "from",
  "to",
  "cc",
  "bcc",
  "subject",
  "body",
  "in",
  "is",
  "has",
  "before",
  "after",
  "older",
  "newer",
  "larger",
  "smaller",
  "filename",
] as const;
export type Operator = (typeof operators)[number];

export type Term = {
  readonly operator: Operator | undefined;
  readonly value: string;
  readonly negated: boolean;
};

/** Terms that one search has at most: what is beyond is not looked at. */
export const maxTerms = 40;

export function parseSearch(text: string): readonly Term[] {
  const terms: Term[] = [];
  for (const match of text.matchAll(/(-)?(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    const [, minus, name, phrase, word] = match;
    const operator = operators.find((one) => one === name?.toLowerCase());
    const bare = phrase ?? word ?? "";
    const value = name !== undefined && operator === undefined ? `${name}:${bare}` : bare;
    if (value !== "") terms.push({ operator, value, negated: minus !== undefined });
    if (terms.length >= maxTerms) break;
  }
  return terms;
}

/** "10M", "500k", "3 MB": bytes. */
function bytesOf(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?)i?b?$/i.exec(text) ?? [];
  if (number === undefined) return undefined;
  const factor = { k: 1e3, m: 1e6, g: 1e9, "": 1 }[(unit ?? "").toLowerCase()] ?? 1;
  return Math.round(Number(number) * factor);
}

/** "7d", "2w", "3m", "1y" before now. */
function ago(text: string, now: number): string | undefined {
  const [, number, unit] = /^(\d+)\s*([dwmy])$/i.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  const days = { d: 1, w: 7, m: 30.44, y: 365.25 }[unit.toLowerCase()] ?? 1;
  return utc(now - Number(number) * days * 86_400_000);
}

/** "2026", "2026-03", "2026-03-14", in the reader's zone. */
function dayOf(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(?:[-/](\d{1,2}))?(?:[-/](\d{1,2}))?$/.exec(text) ?? [];
  if (year === undefined) return undefined;
  return utc(new Date(Number(year), Number(month ?? 1) - 1, Number(day ?? 1)).getTime());
}

const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

function conditionOf({ operator, value }: Term, now: number, account: Id | undefined): Filter | undefined {
  switch (operator) {
    case undefined:
      return { text: value };
    case "from":
    case "to":
    case "cc":
    case "bcc":
      if (value.toLowerCase() !== "me") return { [operator]: value };
      return { operator: "OR", conditions: [...identities.own].map((address) => ({ [operator]: address })) };
    case "subject":
    case "body":
      return { [operator]: value };
    case "filename":
      return { operator: "AND", conditions: [{ hasAttachment: true }, { text: value }] };
    case "in": {
      const wanted = value.toLowerCase();
      if (wanted === "anywhere") return undefined;
      const places = mailboxes.of(account);
      const found =
        places.find(({ role }) => role === wanted || (wanted === "spam" && role === "junk")) ??
        places.find(({ name }) => name.toLowerCase() === wanted) ??
        places.find(({ name }) => name.toLowerCase().startsWith(wanted));
      return { inMailbox: found?.id ?? "none" };
    }
    case "is":
      switch (value.toLowerCase()) {
        case "unread":
          return { notKeyword: "$seen" };
        case "read":
          return { hasKeyword: "$seen" };
        case "starred":
        case "flagged":
          return { hasKeyword: "$flagged" };
        case "answered":
          return { hasKeyword: "$answered" };
        case "forwarded":
          return { hasKeyword: "$forwarded" };
        case "draft":
          return { hasKeyword: "$draft" };
        case "pinned":
          return { hasKeyword: "$pinned" };
        case "muted":
          return { hasKeyword: "$muted" };
        default:
          return { hasKeyword: value };
      }
    case "has":
      return /^attachments?$/i.test(value) ? { hasAttachment: true } : { text: value };
    case "before": {
      const before = dayOf(value);
      return before === undefined ? { text: value } : { before };
    }
    case "after": {
      const after = dayOf(value);
      return after === undefined ? { text: value } : { after };
    }
    case "older": {
      const before = ago(value, now);
      return before === undefined ? { text: value } : { before };
    }
    case "newer": {
      const after = ago(value, now);
      return after === undefined ? { text: value } : { after };
    }
    case "larger": {
      const minSize = bytesOf(value);
      return minSize === undefined ? { text: value } : { minSize };
    }
    case "smaller": {
      const maxSize = bytesOf(value);
      return maxSize === undefined ? { text: value } : { maxSize };
    }
    default:
      return operator satisfies never;
  }
}

/** Trash and junk are looked through only where the search names a place. @param account of another */
export function searchFilter(terms: readonly Term[], now: number, account?: Id): Filter {
  const conditions: Filter[] = [];
  for (const term of terms) {
    const condition = conditionOf(term, now, account);
    if (condition === undefined) continue;
    conditions.push(term.negated ? { operator: "NOT", conditions: [condition] } : condition);
  }
  if (!terms.some(({ operator }) => operator === "in")) {
    const unseen = (["trash", "junk"] as const).flatMap((role) => mailboxes.role(role, account)?.id ?? []);
    if (unseen.length > 0) conditions.push({ inMailboxOtherThan: unseen });
  }
  return { operator: "AND", conditions };
}
