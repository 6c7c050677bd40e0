/** What TLS reports reveal of a domain, in figures and in words. */
import type { StoreReader } from "../store/store.ts";
import { dateOf } from "./dmarc-words.ts";
import { type TlsReceivedRow, tlsReceivedKind } from "./tls-in.ts";

const maxRowsOfDay = 10_000;
/** Failures that are told of, the most frequent first. */
const maxFailures = 100;

export type TlsFailureSummary = {
  readonly result: string;
  readonly policy: TlsReceivedRow["type"];
  readonly mxHost: string;
  readonly connections: number;
  readonly reporters: readonly string[];
  readonly reason: string;
  readonly lastDay: string;
  /** What the connections met, without which and how many. */
  readonly words: string;
  readonly sentence: string;
};

export type TlsSummary = {
  readonly domain: string;
  readonly from: string;
  readonly to: string;
  readonly connections: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly reporters: readonly string[];
  readonly days: { readonly [day: string]: { readonly succeeded: number; readonly failed: number } };
  readonly failures: readonly TlsFailureSummary[];
  /** What came by mail without a DKIM signature of the reporter's domain that holds: in none of the figures above (RFC 8460 §3). */
  readonly unproven: { readonly connections: number; readonly failed: number; readonly reporters: readonly string[] };
  readonly sentences: readonly string[];
};

type Gathered = { count: number; lastDay: string; readonly reporters: Set<string>; readonly row: TlsReceivedRow };

/** `from` and `to`: days since 1970, inclusive. */
export async function summarizeTls(
  store: Pick<StoreReader, "tallyDays" | "tallyRows">,
  domain: string,
  from: number,
  to: number,
): Promise<TlsSummary> {
  const days: { [day: string]: { succeeded: number; failed: number } } = {};
  const failures = new Map<string, Gathered>();
  const reporters = new Set<string>();
  const unproven = { connections: 0, failed: 0, reporters: new Set<string>() };
  for (const key of await store.tallyDays(tlsReceivedKind, { domain, from, to, limit: to - from + 1 })) {
    const date = dateOf(key.day);
    const day = { succeeded: 0, failed: 0 };
    for (const { row: text, count } of await store.tallyRows(key, maxRowsOfDay)) {
      const row = JSON.parse(text) as TlsReceivedRow;
      if (row.by === undefined) {
        unproven.connections += count;
        if (row.failure !== undefined) unproven.failed += count;
        unproven.reporters.add(row.reporter);
        continue;
      }
      days[date] = day;
      reporters.add(row.reporter);
      if (row.failure === undefined) {
        day.succeeded += count;
        continue;
      }
      day.failed += count;
      const { result, mxHost, reason } = row.failure;
      const alike = JSON.stringify([result, row.type, mxHost, reason]);
      const known = failures.get(alike) ?? { count: 0, lastDay: date, reporters: new Set<string>(), row };
      known.count += count;
      known.lastDay = date;
      known.reporters.add(row.reporter);
      failures.set(alike, known);
    }
  }
  const told = [...failures.values()]
    .sort((one, other) => other.count - one.count)
    .slice(0, maxFailures)
    .map((one) => summaryOf(one, domain));
  const total = { succeeded: 0, failed: 0 };
  for (const { succeeded, failed } of Object.values(days)) {
    total.succeeded += succeeded;
    total.failed += failed;
  }
  return {
    domain,
    from: dateOf(from),
    to: dateOf(to),
    connections: total.succeeded + total.failed,
    ...total,
    reporters: [...reporters].sort(),
    days,
    failures: told,
    unproven: { ...unproven, reporters: [...unproven.reporters].sort() },
    sentences: [overall(domain, total), ...told.map(({ sentence }) => sentence), ...aside(unproven)],
  };
}

function summaryOf({ count, lastDay, reporters, row }: Gathered, domain: string): TlsFailureSummary {
  const { result = "", mxHost = "", reason = "" } = row.failure ?? {};
  const who = [...reporters].sort();
  const what = words[result] ?? (result === "not said" ? "failed: it is not said why" : `failed (${result})`);
  const where = mxHost === "" ? "" : ` to ${mxHost}`;
  const why = reason === "" ? "" : ` It says: ${reason.replace(/\.$/, "")}.`;
  return {
    result,
    policy: row.type,
    mxHost,
    connections: count,
    reporters: who,
    reason,
    lastDay,
    words: `${what.charAt(0).toUpperCase()}${what.slice(1)}.${why}`,
    sentence: `${amount(count)} of ${who.slice(0, 3).join(", ")}${where} for ${domain} ${what}.${why}`,
  };
}

/** RFC 8460 §4.3, for an administrator. */
const words: { readonly [result: string]: string } = {
  "starttls-not-supported":
    "found no STARTTLS: the server does not offer it, or something on the way takes it out (some firewalls do)",
  "certificate-host-mismatch":
    "found a certificate for another name: it must be valid for the MX host name (angarium check)",
  "certificate-expired": "found a certificate that is out of date: renew it",
  "certificate-not-trusted": "found a certificate of an authority that nobody knows",
  "validation-failure": "failed because what the server showed does not fit the published policy",
  "tlsa-invalid": "failed because the TLSA records are wrong",
  "dnssec-invalid": "failed because the DNSSEC signatures of the domain are wrong",
  "dane-required": "failed because DANE was required and there are no TLSA records",
  "sts-policy-fetch-error":
    "could not fetch the MTA-STS policy that DNS announces: look whether its web address answers",
  "sts-policy-invalid": "found an MTA-STS policy that cannot be read",
  "sts-webpki-invalid": "found a certificate at the address of the MTA-STS policy that is not valid for it",
};

function overall(domain: string, { succeeded, failed }: { succeeded: number; failed: number }): string {
  if (succeeded + failed === 0) return `Nobody has reported of connections for ${domain}.`;
  const all = amount(succeeded + failed);
  return `Reports tell of ${all} for ${domain}: ${failed === 0 ? "all were encrypted as published" : `${succeeded} were encrypted as published, ${failed} failed`}.`;
}

/** What nobody answers for. */
function aside({ connections, failed }: { connections: number; failed: number }): readonly string[] {
  if (connections === 0) return [];
  return [
    `Mail without a DKIM signature of its author's domain that holds tells of ${amount(connections)} more, ${failed} failed: not counted, since anybody can have written it.`,
  ];
}

const amount = (connections: number): string => (connections === 1 ? "1 connection" : `${connections} connections`);
