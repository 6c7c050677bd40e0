/** TLS reports about our domains (RFC 8460), counted by domain and day, by who reports, which policy and what failed. */
import type { ReportedPolicy, TlsFailureDetail, TlsReport } from "../../protocol/policy/tls-report.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { StoreWriter } from "../store/store.ts";
import { dayOf } from "./daily.ts";
import type { ReadTls, ReadTlsTask } from "./read-tls.ts";

export const tlsReceivedKind = "tls-received";
const keepDays = 400;

/** Connections alike; without `failure` they fitted the policy. */
export type TlsReceivedRow = {
  readonly reporter: string;
  /** The reporter's domain, whose DKIM signature the mail bears (RFC 8460 §3); "https": it came that way. Not there: nobody answers for it. */
  readonly by?: string;
  readonly type: ReportedPolicy["type"];
  /** As the report names it: the domain, or the host whose TLSA records it is about. */
  readonly policyDomain: string;
  readonly failure?: TlsFailureDetail;
};

export type TlsIntake = {
  /** Reads and counts what is ours; how many reports were found. `by` is asked when there are some. Rejects only when the store is in trouble. */
  take(task: ReadTlsTask, id: string, by: () => Promise<string | undefined>): Promise<number>;
};

export function makeTlsIntake(parts: {
  readonly store: Pick<StoreWriter, "tally">;
  /** Undefined: it cannot be read without harm. */
  readonly read: (task: ReadTlsTask) => Promise<ReadTls | undefined>;
  readonly directory: Pick<Directory, "domain">;
  readonly now: () => number;
  readonly log: Log;
}): TlsIntake {
  const { store, read, directory, now, log } = parts;

  /** The domain of ours that a name is or lies below: TLSA records stand under the name of a host. */
  const oursAbove = async (name: string): Promise<string | undefined> => {
    for (let domain = name; domain.includes("."); domain = domain.slice(domain.indexOf(".") + 1))
      if ((await directory.domain(domain)) !== undefined) return domain;
    return undefined;
  };

  const count = async (id: string, report: TlsReport, by: string | undefined): Promise<void> => {
    const about = { id, reporter: report.organisation, report: report.id };
    const today = dayOf(now());
    const day = dayOf(report.start);
    if (day > today + 1 || day < today - keepDays)
      return log.warn({ ...about, day }, "a TLS report about another time is left aside");
    const byDomain = new Map<string, TlsReport["policies"][number][]>();
    for (const one of report.policies) {
      const domain = await oursAbove(one.policy.domain);
      if (domain === undefined)
        log.warn({ ...about, domain: one.policy.domain }, "a TLS report about a domain that is not ours is left aside");
      else byDomain.set(domain, [...(byDomain.get(domain) ?? []), one]);
    }
    for (const [domain, policies] of byDomain) {
      const rows = policies.flatMap(({ policy, succeeded, failed, failures }) => {
        const { type, domain: policyDomain } = policy;
        const same = { reporter: report.organisation, ...(by === undefined ? {} : { by }), type, policyDomain };
        const told = failures.reduce((sum, { sessions }) => sum + sessions, 0);
        // Some report failures without their details.
        const untold = { result: "not said", sendingIp: "", mxHost: "", receivingIp: "", reason: "" };
        const all: readonly (readonly [row: TlsReceivedRow, count: number])[] = [
          [same, succeeded],
          ...failures.map(({ sessions, ...failure }) => [{ ...same, failure }, sessions] as const),
          [{ ...same, failure: untold }, Math.max(0, failed - told)],
        ];
        return all.filter(([, count]) => count > 0);
      });
      const answer = await store.tally(
        rows.map(([row, count]) => ({
          kind: tlsReceivedKind,
          domain,
          day,
          row: JSON.stringify(row),
          count,
          about: "{}",
        })),
        // A forged one does not keep the true one from being counted.
        { kind: tlsReceivedKind, domain, day: today, id: `${report.organisation}\n${report.id}\n${by ?? ""}` },
      );
      log.info({ ...about, domain }, answer === "known" ? "this TLS report was counted already" : "TLS report counted");
    }
  };

  return {
    async take(task, id, by) {
      const found = await read(task);
      if (found === undefined) {
        log.warn({ id }, "a TLS report that cannot be read without harm is left aside");
        return 0;
      }
      if (found.faults.length > 0) log.warn({ id, faults: found.faults }, "what looked like a TLS report is none");
      const signer = found.reports.length === 0 ? undefined : await by();
      if (found.reports.length > 0 && signer === undefined)
        log.warn(
          { id },
          "a TLS report without a DKIM signature of the author's domain that holds: nobody answers for it",
        );
      for (const report of found.reports) await count(id, report, signer);
      return found.reports.length;
    },
  };
}
