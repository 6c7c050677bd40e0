/** Sends the TLS reports that are due (RFC 8460): one for each domain and day, by mail or HTTPS, to those whom the domain names. */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { reportAddresses, type TlsReport, writeTlsReport } from "../../protocol/policy/tls-report.ts";
import type { Log } from "../base/log.ts";
import { type HttpsAsk, httpsTalk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Store } from "../store/store.ts";
import { maxTallyRows, type Tally, type TallyDay } from "../store/tallies.ts";
import { dayMs, dayOf } from "./daily.ts";
import type { Post } from "./post.ts";
import { type TlsSeenRow, tlsSeenKind } from "./tls-seen.ts";

/** RFC 8460 §5.5 gives up after a day; DNS and web servers that are down get two more. */
const maxAgeDays = 3;
/** Domains that are worked on in one go. */
const batch = 500;
const httpsTimeoutMs = 30_000;
const maxAnswerBytes = 64 * 1024;
const pack = promisify(gzip);

export type SentTls = {
  readonly domain: string;
  readonly day: string; // "2026-01-02"
  readonly connections: number;
  /** Whom it went to; none: why. */
  readonly to: readonly string[];
  readonly why?: string;
};

export type TlsSendAsk = {
  readonly store: Pick<Store, "tallyDays" | "tallyRows" | "dropTally">;
  readonly resolver: Resolver;
  readonly post: Post;
  readonly https: Omit<HttpsAsk, "resolver" | "timeoutMs" | "maxBytes"> & { readonly port: number };
  readonly ourHost: string;
  /** Where questions about our reports go. */
  readonly email: string;
  readonly now: () => number;
  readonly log: Log;
};

/** `today`: the day that is not over, too (what comes after it is a report of its own). */
export async function sendTlsReports(ask: TlsSendAsk, today = false): Promise<readonly SentTls[]> {
  const to = dayOf(ask.now()) - (today ? 0 : 1);
  const sent: SentTls[] = [];
  const kept = new Set<string>();
  for (;;) {
    const days = (await ask.store.tallyDays(tlsSeenKind, { to, limit: batch + kept.size })).filter(
      ({ domain, day }) => !kept.has(`${day} ${domain}`),
    );
    if (days.length === 0) return sent;
    for (const day of days) {
      const one = await sendOne(day, ask);
      sent.push(one);
      if (one.why === later) kept.add(`${day.day} ${day.domain}`);
      else await ask.store.dropTally(day);
      ask.log.info({ ...one }, one.to.length > 0 ? "TLS report sent" : "no TLS report sent");
    }
  }
}

const later = "later";

async function sendOne(day: TallyDay, ask: TlsSendAsk): Promise<SentTls> {
  const result = {
    domain: day.domain,
    day: new Date(day.day * dayMs).toISOString().slice(0, 10),
    connections: day.count,
  };
  const isOld = dayOf(ask.now()) - day.day > maxAgeDays;
  const answer = await ask.resolver.txt(`_smtp._tls.${day.domain}`);
  if (answer.kind === "trouble")
    return { ...result, to: [], why: isOld ? "DNS did not say whether anybody wants it" : later };
  const addresses = answer.kind === "found" ? reportAddresses(answer.records) : [];
  if (addresses.length === 0) return { ...result, to: [], why: "nobody who wants it" };
  const report = tlsReportOf(day, await ask.store.tallyRows(day, maxTallyRows), ask);
  const bytes = await pack(writeTlsReport(report));
  const to: string[] = [];
  for (const address of addresses) if (await deliver(address, day.domain, report, bytes, ask)) to.push(address);
  if (to.length > 0) return { ...result, to };
  return { ...result, to, why: isOld ? "no address that takes it" : later };
}

/** RFC 8460 §4.4: results are joined by policy. */
function tlsReportOf(
  { day, domain, count }: Pick<TallyDay, "day" | "domain" | "count">,
  rows: readonly Pick<Tally, "row" | "count">[],
  { ourHost, email }: Pick<TlsSendAsk, "ourHost" | "email">,
): TlsReport {
  const seen = rows.map(({ row, count }) => ({ ...(JSON.parse(row) as TlsSeenRow), sessions: count }));
  const sum = (some: typeof seen): number => some.reduce((total, { sessions }) => total + sessions, 0);
  const byPolicy = Map.groupBy(seen, ({ policy }) => JSON.stringify(policy));
  const unique = createHash("sha256").update(`${ourHost} ${domain} ${day} ${count}`).digest("hex").slice(0, 20);
  return {
    organisation: ourHost,
    contact: email,
    id: `${new Date(day * dayMs).toISOString().slice(0, 10)}.${unique}@${ourHost}`,
    start: day * dayMs,
    end: (day + 1) * dayMs - 1000,
    policies: [...byPolicy.values()].map((some) => ({
      policy: some[0]!.policy,
      succeeded: sum(some.filter(({ failure }) => failure === undefined)),
      failed: sum(some.filter(({ failure }) => failure !== undefined)),
      failures: some.flatMap(({ failure, sessions }) => (failure === undefined ? [] : [{ ...failure, sessions }])),
    })),
  };
}

async function deliver(
  address: string,
  domain: string,
  report: TlsReport,
  bytes: Buffer,
  ask: TlsSendAsk,
): Promise<boolean> {
  if (address.startsWith("mailto:")) return byMail(address.slice("mailto:".length), domain, report, bytes, ask);
  const url = URL.parse(address);
  if (url === null || url.username !== "") return false;
  // RFC 8460 §5.4
  const answer = await httpsTalk(
    {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? ask.https.port : Number(url.port),
      path: `${url.pathname}${url.search}`,
      method: "POST",
      headers: { "content-type": "application/tlsrpt+gzip" },
      body: bytes,
    },
    { ...ask.https, resolver: ask.resolver, timeoutMs: httpsTimeoutMs, maxBytes: maxAnswerBytes },
  );
  const taken = answer.kind === "answer" && answer.status >= 200 && answer.status < 300;
  if (!taken)
    ask.log.info(
      { address, why: answer.kind === "failed" ? answer.why : `status ${answer.status}` },
      "a TLS report was not taken over HTTPS",
    );
  return taken;
}

/** RFC 8460 §5.3 */
function byMail(to: string, domain: string, report: TlsReport, bytes: Buffer, ask: TlsSendAsk): Promise<boolean> {
  const { ourHost } = ask;
  const unique = report.id.split("@")[0]!.replaceAll(/[^a-z0-9]/gi, "");
  const fileName = `${ourHost}!${domain}!${report.start / 1000}!${Math.floor(report.end / 1000)}!${unique}.json.gz`;
  return ask.post({
    to,
    subject: `Report Domain: ${domain} Submitter: ${ourHost} Report-ID: <${report.id}>`,
    text: `This is an aggregate TLS report of ${ourHost} for ${domain}, ${new Date(report.start).toISOString().slice(0, 10)} (UTC).\n`,
    subtype: "report; report-type=tlsrpt",
    attachment: { type: `application/tlsrpt+gzip; name="${fileName}"`, fileName, bytes },
    fields: [
      { name: "TLS-Report-Domain", raw: domain },
      { name: "TLS-Report-Submitter", raw: ourHost },
      // RFC 8689 §5: what it tells of may be just what would keep it from arriving.
      { name: "TLS-Required", raw: "No" },
    ],
  });
}
