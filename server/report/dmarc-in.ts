/** DMARC reports about our domains, counted by domain, source and day. */
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { StoreWriter } from "../store/store.ts";
import { dayMs, dayOf } from "./daily.ts";
import type { ReportReader } from "./incoming.ts";
import type { ReadAggregate, ReadDmarc, ReadFailure } from "./read-dmarc.ts";

export const receivedKind = "dmarc-received";
export const failureKind = "dmarc-failure";
/** How long what was reported is kept. */
export const keepDays = 400;

export function dmarcReader({
  store,
  read,
  directory,
  now,
  log,
}: {
  readonly store: Pick<StoreWriter, "tally">;
  /** Undefined: it cannot be read without harm. */
  readonly read: (bytes: Buffer) => Promise<ReadDmarc | undefined>;
  readonly directory: Pick<Directory, "domain">;
  readonly now: () => number;
  readonly log: Log;
}): ReportReader {
  /** The domain of ours that a name is or lies below. */
  const oursAbove = async (name: string): Promise<string | undefined> => {
    for (let domain = name; domain.includes("."); domain = domain.slice(domain.indexOf(".") + 1))
      if ((await directory.domain(domain)) !== undefined) return domain;
    return undefined;
  };

  const countAggregate = async (id: string, report: ReadAggregate): Promise<void> => {
    const domain = await oursAbove(report.domain);
    const about = { id, domain: report.domain, reporter: report.reporter, report: report.id };
    const today = dayOf(now());
    const day = dayOf(report.begin * 1000);
    if (domain === undefined) return log.warn(about, "a DMARC report about a domain that is not ours is left aside");
    if (day > today + 1 || day < today - keepDays)
      return log.warn({ ...about, day }, "a DMARC report about another time is left aside");
    const answer = await store.tally(
      report.rows.map(({ row, count }) => ({
        kind: receivedKind,
        domain,
        day,
        row: JSON.stringify(row),
        count,
        about: JSON.stringify({}),
      })),
      { kind: receivedKind, domain, day: today, id: `${report.reporter}\n${report.id}\n${report.domain}` },
    );
    const messages = report.rows.reduce((sum, { count }) => sum + count, 0);
    log.info(
      { ...about, messages },
      answer === "known" ? "this DMARC report was counted already" : "DMARC report counted",
    );
  };

  const countFailure = async (id: string, failure: ReadFailure): Promise<void> => {
    const domain = await oursAbove(failure.domain);
    if (domain === undefined)
      return log.warn({ id, domain: failure.domain }, "a failure report about a domain that is not ours is left aside");
    const at = failure.at !== undefined && Math.abs(now() - failure.at) < keepDays * dayMs ? failure.at : now();
    const row = JSON.stringify({ ...failure, at });
    await store.tally([{ kind: failureKind, domain, day: dayOf(at), row, count: 1, about: JSON.stringify({}) }]);
    log.info({ id, domain, source: failure.source }, "failure report kept");
  };

  return async ({ id, bytes }) => {
    const found = await read(bytes);
    if (found === undefined) {
      log.warn({ id }, "a report that cannot be read without harm is left aside");
      return false;
    }
    const { aggregates, failure, faults } = found;
    if (faults.length > 0) log.warn({ id, faults }, "what looked like a report is none, or cannot be read");
    for (const report of aggregates) await countAggregate(id, report);
    if (failure !== undefined) await countFailure(id, failure);
    return aggregates.length > 0 || failure !== undefined;
  };
}
