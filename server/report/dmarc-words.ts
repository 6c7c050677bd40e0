/** What DMARC reports reveal of a domain, by source and day, and in words. */
import type { StoreReader } from "../store/store.ts";
import { failureKind, receivedKind } from "./dmarc-in.ts";
import type { ReadFailure, SourceRow } from "./read-dmarc.ts";

/** Rows that one summary is made of, the most frequent of each day; and those that are read at a stretch. */
const maxRows = 60_000;
const maxRowsOfDay = 10_000;
const atAStretch = 500;
/** Sources that are told of by name, those that fail most first. */
const maxSources = 200;
const maxNames = 5;
/** Single failures that are listed. */
export const maxFailures = 200;

export type SourceSummary = {
  readonly source: string;
  /** Some of its mail passes: somebody who sends for the domain by right. */
  readonly known: boolean;
  readonly messages: number;
  readonly passed: number;
  readonly failed: number;
  readonly rejected: number;
  readonly quarantined: number;
  readonly headerFrom: readonly string[];
  /** Who signed, and for whom SPF passed, where neither is the domain. */
  readonly signedBy: readonly string[];
  readonly reporters: readonly string[];
  readonly days: { readonly [day: string]: { readonly messages: number; readonly failed: number } };
  readonly sentence: string;
};

export type DomainSummary = {
  readonly domain: string;
  readonly from: string;
  readonly to: string;
  readonly messages: number;
  readonly passed: number;
  readonly failed: number;
  /** Reported too, and so varied that nothing more is said of them: in none of the other figures. */
  readonly untold: number;
  readonly reporters: readonly string[];
  readonly days: { readonly [day: string]: { readonly messages: number; readonly failed: number } };
  readonly sources: readonly SourceSummary[];
  readonly sentences: readonly string[];
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Counts = { messages: number; failed: number };
type Gathered = Counts & {
  rejected: number;
  quarantined: number;
  readonly headerFrom: Set<string>;
  readonly signedBy: Set<string>;
  readonly reporters: Set<string>;
  readonly days: Map<string, Counts>;
};

/** `from` and `to`: days since 1970, inclusive. */
export async function summarizeDmarc(
  store: Pick<StoreReader, "tallyDays" | "tallyRows">,
  domain: string,
  from: number,
  to: number,
): Promise<DomainSummary> {
  const sources = new Map<string, Gathered>();
  const days = new Map<string, Counts>();
  const reporters = new Set<string>();
  let untold = 0;
  const reported = await store.tallyDays(receivedKind, { domain, from, to, limit: to - from + 1 });
  const rowsOfDay = Math.min(maxRowsOfDay, Math.ceil(maxRows / Math.max(1, reported.length)));
  for (const day of reported) {
    const date = dateOf(day.day);
    untold += day.count;
    for (const [i, { row: text, count }] of (await store.tallyRows(day, rowsOfDay)).entries()) {
      if (i % atAStretch === atAStretch - 1) await nextTurn();
      untold -= count;
      const row = JSON.parse(text) as SourceRow;
      reporters.add(row.reporter);
      gather(sources, row, count, date, domain);
      add(days, date, count, isFailed(row) ? count : 0);
    }
  }
  const told = [...sources]
    .map(([source, gathered]) => summaryOf(source, gathered, domain))
    .sort((one, other) => other.failed - one.failed || other.messages - one.messages)
    .slice(0, maxSources);
  const total = { messages: 0, failed: 0 };
  for (const { messages, failed } of days.values()) {
    total.messages += messages;
    total.failed += failed;
  }
  return {
    domain,
    from: dateOf(from),
    to: dateOf(to),
    ...total,
    passed: total.messages - total.failed,
    untold: Math.max(0, untold),
    reporters: [...reporters].sort(),
    days: Object.fromEntries(days),
    sources: told,
    sentences: [
      overall(domain, total),
      ...(untold > 0 ? [`${amount(untold)} more were reported, from too many addresses to tell of each.`] : []),
      ...told.map(({ sentence }) => sentence),
    ],
  };
}

function gather(sources: Map<string, Gathered>, row: SourceRow, count: number, date: string, domain: string): void {
  let found = sources.get(row.source);
  if (found === undefined) {
    found = {
      messages: 0,
      failed: 0,
      rejected: 0,
      quarantined: 0,
      headerFrom: new Set(),
      signedBy: new Set(),
      reporters: new Set(),
      days: new Map(),
    };
    sources.set(row.source, found);
  }
  const failed = isFailed(row);
  found.messages += count;
  if (failed) {
    found.failed += count;
    if (row.disposition === "reject") found.rejected += count;
    if (row.disposition === "quarantine") found.quarantined += count;
    const others = [...row.signedBy, ...(row.spfResult === "pass" ? [row.spfDomain] : [])];
    for (const name of others) if (name !== "" && name !== domain) found.signedBy.add(name);
  }
  found.headerFrom.add(row.headerFrom);
  found.reporters.add(row.reporter);
  add(found.days, date, count, failed ? count : 0);
}

function add(days: Map<string, Counts>, date: string, messages: number, failed: number): void {
  const day = days.get(date) ?? { messages: 0, failed: 0 };
  day.messages += messages;
  day.failed += failed;
  days.set(date, day);
}

function isFailed(row: SourceRow): boolean {
  return !row.dkim && !row.spf;
}

function summaryOf(source: string, gathered: Gathered, domain: string): SourceSummary {
  const { messages, failed, rejected, quarantined } = gathered;
  const few = (names: ReadonlySet<string>): readonly string[] => [...names].sort().slice(0, maxNames);
  const counts = {
    source,
    known: failed < messages,
    messages,
    passed: messages - failed,
    failed,
    rejected,
    quarantined,
  };
  const names = {
    headerFrom: few(gathered.headerFrom),
    signedBy: few(gathered.signedBy),
    reporters: few(gathered.reporters),
  };
  const sentence = sentenceOf({ ...counts, ...names }, domain);
  return { ...counts, ...names, days: Object.fromEntries(gathered.days), sentence };
}

function sentenceOf(about: Omit<SourceSummary, "days" | "sentence">, domain: string): string {
  const { source, known, messages, failed, rejected, quarantined, signedBy, headerFrom } = about;
  const as = headerFrom.length === 1 && headerFrom[0] !== undefined ? headerFrom[0] : domain;
  const sent = `sent ${amount(messages)} as ${as}`;
  if (failed === 0) return `${source} ${sent}, and ${messages === 1 ? "it passes" : "all pass"} DMARC.`;
  const became = [
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(quarantined > 0 ? [`${quarantined} put into quarantine`] : []),
  ];
  const fate = became.length === 0 ? "" : ` (${became.join(", ")})`;
  const who = signedBy.length === 0 ? "" : ` What it proves is ${signedBy.join(", ")}, not ${domain}.`;
  if (known) return `${source} ${sent}; ${failed} of them fail DMARC${fate}.${who}`;
  return `${source}, unknown to you, ${sent} that ${messages === 1 ? "fails" : "fail"} DMARC${fate}.${who}`;
}

function overall(domain: string, { messages, failed }: Counts): string {
  if (messages === 0) return `Nobody has reported mail as ${domain}.`;
  return `Reports tell of ${amount(messages)} as ${domain}: ${failed === 0 ? "all pass DMARC" : `${messages - failed} pass DMARC, ${failed} fail`}.`;
}

const amount = (messages: number): string => (messages === 1 ? "1 message" : `${messages} messages`);
export const dateOf = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

export type ShownFailure = Omit<ReadFailure, "at"> & { readonly at: number };

/** Single failures that were reported, newest last: of each day the most frequent, and of all so many of the newest. */
export async function listFailures(
  store: Pick<StoreReader, "tallyDays" | "tallyRows">,
  domain: string,
  from: number,
  to: number,
  limit: number,
): Promise<readonly ShownFailure[]> {
  const found: ShownFailure[] = [];
  const days = await store.tallyDays(failureKind, { domain, from, to, limit: to - from + 1 });
  for (const day of days.toReversed()) {
    if (found.length >= limit) break;
    for (const { row } of await store.tallyRows(day, limit)) found.push(JSON.parse(row));
  }
  return found.sort((one, other) => one.at - other.at).slice(-limit);
}

const checks: { readonly [what: string]: string } = {
  dmarc: "failed DMARC",
  dkim: "had a DKIM signature that did not hold",
  signature: "had a DKIM signature that did not hold",
  bodyhash: "was changed after it was signed (DKIM)",
  revoked: "was signed with a key that is withdrawn (DKIM)",
  adsp: "was not signed as its author's domain asks",
  spf: "came from an address that SPF does not allow",
};
const fates: { readonly [result: string]: string } = {
  delivered: "was delivered all the same",
  spam: "went to Junk",
  policy: "was treated as the policy says",
  reject: "was refused",
};

/** What one report says, for people. */
export function failureSentence({ source, what, headerFrom, result }: Omit<ShownFailure, "domain">): string {
  const failed = checks[what.toLowerCase()] ?? `failed a check (${what})`;
  const fate = fates[result.toLowerCase()];
  return `A message as ${headerFrom || "the domain"}${source === "" ? "" : ` from ${source}`} ${failed}${fate === undefined ? "" : ` and ${fate}`}.`;
}
