/** What DMARC reports reveal of a domain, by source and day, and in words. */
import type { StoreReader } from "../store/store.ts";
import { failureKind, receivedKind } from "./dmarc-in.ts";
import type { ReadFailure, SourceRow } from "./read-dmarc.ts";

/** Rows that one summary is made of. */
const maxRows = 200_000;
const maxRowsOfDay = 10_000;
/** Sources that are told of by name, those that fail most first. */
const maxSources = 200;
const maxNames = 5;

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
  readonly reporters: readonly string[];
  readonly days: { readonly [day: string]: { readonly messages: number; readonly failed: number } };
  readonly sources: readonly SourceSummary[];
  readonly sentences: readonly string[];
};

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
  let read = 0;
  for (const day of await store.tallyDays(receivedKind, { domain, from, to, limit: to - from + 1 })) {
    const date = dateOf(day.day);
    for (const { row: text, count } of await store.tallyRows(day, maxRowsOfDay)) {
      if (read++ >= maxRows) break;
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
    reporters: [...reporters].sort(),
    days: Object.fromEntries(days),
    sources: told,
    sentences: [overall(domain, total), ...told.map(({ sentence }) => sentence)],
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

/** Single failures that were reported, newest last. */
export async function listFailures(
  store: Pick<StoreReader, "tallyDays" | "tallyRows">,
  domain: string,
  from: number,
  to: number,
  limit: number,
): Promise<readonly (Omit<ReadFailure, "at"> & { readonly at: number })[]> {
  const found: (Omit<ReadFailure, "at"> & { readonly at: number })[] = [];
  for (const day of await store.tallyDays(failureKind, { domain, from, to, limit: to - from + 1 }))
    for (const { row } of await store.tallyRows(day, limit)) found.push(JSON.parse(row));
  return found.sort((one, other) => one.at - other.at).slice(-limit);
}
