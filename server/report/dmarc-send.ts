/** Sends the DMARC aggregate reports that are due (RFC 9990): one for each domain and day, to those whom the domain names and who want it. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import {
  type AggregateReport,
  type AggregateRow,
  aggregateXml,
  parseReportUris,
  type ReportUri,
  reportFileName,
  reportSubject,
} from "../../protocol/report/aggregate.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Log } from "../base/log.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Store } from "../store/store.ts";
import { maxTallyRows, type TallyDay } from "../store/tallies.ts";
import { dayOf } from "./daily.ts";
import { type SeenDay, seenKind } from "./dmarc-seen.ts";
import type { Post } from "./post.ts";

/** Addresses of one domain that are sent a report. */
const maxReceivers = 5;
/** Packed; who wants less says so ("!1m"). */
const maxReportBytes = 10 * 1024 * 1024;
/** Days of trouble with DNS after which a report is given up. */
const maxAgeDays = 3;
/** Domains that are worked on in one go. */
const batch = 500;
const pack = promisify(gzip);

export type Sent = {
  readonly domain: string;
  readonly day: string; // "2026-01-02"
  readonly messages: number;
  /** Whom it went to; none: why. */
  readonly to: readonly string[];
  readonly why?: string;
};

export type DmarcSendAsk = {
  readonly store: Pick<Store, "tallyDays" | "tallyRows" | "dropTally" | "tally">;
  readonly resolver: Pick<Resolver, "txt">;
  readonly post: Post;
  readonly ourHost: string;
  /** Where questions about our reports go. */
  readonly email: string;
  readonly generator: string;
  readonly now: () => number;
  readonly log: Log;
};

/** `today`: the day that is not over, too (what comes after it is a report of its own). */
export async function sendDmarcReports(ask: DmarcSendAsk, today = false): Promise<readonly Sent[]> {
  const to = dayOf(ask.now()) - (today ? 0 : 1);
  const sent: Sent[] = [];
  const kept = new Set<string>();
  for (;;) {
    const days = (await ask.store.tallyDays(seenKind, { to, limit: batch + kept.size })).filter(
      ({ domain, day }) => !kept.has(`${day} ${domain}`),
    );
    if (days.length === 0) return sent;
    for (const day of days) {
      const one = await sendOne(day, ask);
      sent.push(one);
      if (one.why === "later") kept.add(`${day.day} ${day.domain}`);
      else await ask.store.dropTally(day);
      ask.log.info({ ...one }, one.to.length > 0 ? "DMARC report sent" : "no DMARC report sent");
    }
  }
}

async function sendOne(day: TallyDay, ask: DmarcSendAsk): Promise<Sent> {
  const { policy, rua, organization } = JSON.parse(day.about) as SeenDay;
  const result = {
    domain: day.domain,
    day: new Date(day.day * 86_400_000).toISOString().slice(0, 10),
    messages: day.count,
  };
  const receivers = await receiversOf(rua, day.domain, organization, ask);
  if (receivers === "trouble")
    return dayOf(ask.now()) - day.day > maxAgeDays
      ? { ...result, to: [], why: "DNS did not say whether the receivers want it" }
      : { ...result, to: [], why: "later" };
  if (receivers.length === 0) return { ...result, to: [], why: "nobody who wants it" };
  const rows = await ask.store.tallyRows(day, maxTallyRows);
  const records = rows.map(({ row, count }) => ({ ...(JSON.parse(row) as AggregateRow), count }));
  const told = records.reduce((sum, { count }) => sum + count, 0);
  const report: AggregateReport = {
    org: ask.ourHost,
    email: ask.email,
    id: `${day.day}.${createHash("sha256").update(`${ask.ourHost} ${day.domain} ${day.day} ${day.count}`).digest("hex").slice(0, 20)}`,
    begin: day.day * 86_400,
    end: day.day * 86_400 + 86_399,
    policy,
    errors: told < day.count ? [`${day.count - told} more messages from too many different senders are left out`] : [],
    records,
  };
  const to: string[] = [];
  for (const { address, maxBytes = maxReportBytes } of receivers) {
    const bytes = await packed(report, Math.min(maxBytes, maxReportBytes), ask.generator);
    if (bytes === undefined) continue;
    const fileName = reportFileName(ask.ourHost, report, report.id.replace(/[^a-z0-9]/gi, ""));
    const taken = await ask.post({
      to: address,
      subject: reportSubject(ask.ourHost, report),
      text: `This is a DMARC aggregate report of ${ask.ourHost} for ${day.domain}, ${result.day} (UTC): ${day.count} messages.\n`,
      attachment: { type: `application/gzip; name="${fileName}"`, fileName, bytes },
    });
    if (taken) to.push(address);
  }
  return to.length > 0 ? { ...result, to } : { ...result, to, why: "no address that takes it" };
}

/** With as many records as the receiver's size allows; undefined where not even an empty one fits. */
async function packed(report: AggregateReport, maxBytes: number, generator: string): Promise<Buffer | undefined> {
  for (let keep = report.records.length; ; keep = Math.floor(keep / 2)) {
    const left = report.records.length - keep;
    const part =
      left === 0
        ? report
        : {
            ...report,
            records: report.records.slice(0, keep),
            errors: [
              ...report.errors,
              `${left} records are left out: the report may not be larger than ${maxBytes} bytes`,
            ],
          };
    const bytes = await pack(aggregateXml(part, generator));
    if (bytes.length <= maxBytes) return bytes;
    if (keep === 0) return undefined;
  }
}

async function receiversOf(
  rua: string,
  domain: string,
  organization: string | undefined,
  { resolver }: DmarcSendAsk,
): Promise<readonly ReportUri[] | "trouble"> {
  const found = new Map<string, ReportUri>();
  let trouble = false;
  for (const uri of parseReportUris(rua).slice(0, maxReceivers)) {
    const mailbox = parseMailbox(uri.address);
    if (mailbox === undefined || mailbox.domain.startsWith("[")) continue;
    if (isOwn(mailbox.domain, domain, organization)) {
      found.set(uri.address, uri);
      continue;
    }
    // RFC 9990 §4: others must say that they want it, and may name another address of theirs for it.
    const answer = await resolver.txt(`${domain}._report._dmarc.${mailbox.domain}`);
    if (answer.kind === "trouble") trouble = true;
    if (answer.kind !== "found") continue;
    const records = answer.records.filter((record) => /^v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(record));
    if (records.length === 0) continue;
    const instead = records
      .map((record) => /;[ \t]*rua[ \t]*=([^;]*)/i.exec(record)?.[1])
      .find((one) => one !== undefined);
    const theirs =
      instead === undefined
        ? [uri]
        : parseReportUris(instead).filter((one) => one.address.toLowerCase().endsWith(`@${mailbox.domain}`));
    for (const one of theirs) found.set(one.address, one);
  }
  if (found.size === 0 && trouble) return "trouble";
  return [...found.values()].slice(0, maxReceivers);
}

/** RFC 9990 §4: within one organisation nobody has to be asked. */
function isOwn(receiver: string, domain: string, organization: string | undefined): boolean {
  const within = (name: string, above: string): boolean => name === above || name.endsWith(`.${above}`);
  return within(receiver, organization ?? domain) || within(domain, receiver);
}
