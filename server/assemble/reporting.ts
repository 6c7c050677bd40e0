/** The assembly of reports, both ways: what is counted for others and sent to them, and what they send us. */
import { setTimeout as wait } from "node:timers/promises";

import type { Directory } from "../access/directory.ts";
import { withReportAddresses } from "../access/report-addresses.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { complaintsLocal } from "../dispatch/late-reports.ts";
import { suffixOf } from "../judge/authenticate/suffix.ts";
import type { Resolver } from "../net/resolver.ts";
import { type AnswersForAsk, answersFor } from "../report/answers-for.ts";
import { type Complain, makeComplaints } from "../report/complaints.ts";
import { daily, dayOf } from "../report/daily.ts";
import { dmarcReader, failureKind, keepDays, receivedKind } from "../report/dmarc-in.ts";
import { type DmarcSeen, makeSeenCounter } from "../report/dmarc-seen.ts";
import { type Sent, sendDmarcReports } from "../report/dmarc-send.ts";
import { type IncomingReports, incomingReports, type ReportReader } from "../report/incoming.ts";
import { makePost } from "../report/post.ts";
import { watchPublished } from "../report/published.ts";
import { makeTlsIntake, tlsReceivedKind } from "../report/tls-in.ts";
import { type SentTls, sendTlsReports } from "../report/tls-send.ts";
import type { Domain, Store } from "../store/store.ts";
import { inTurn } from "../store/turn.ts";
import { PoisonTask, type WorkPool } from "../work/pool.ts";
import type { Transit } from "./transit.ts";

export type Reporting = {
  /** The directory, which knows addresses for reports too. */
  readonly directory: Directory;
  readonly incoming: IncomingReports;
  /** Counts the TLS reports in the body of an HTTPS request: how many there were. */
  readonly takeTls: (body: Buffer) => Promise<number>;
  /** Told of each message that a person has put into Junk. */
  readonly complain: Complain;
  /** One message whose author's domain has a DMARC policy was judged. */
  readonly observe: (seen: DmarcSeen) => void;
  /** Sends what is due; with `today` also of the day that is not over. */
  readonly send: (today: boolean) => Promise<readonly (Sent | SentTls)[]>;
  stop(): Promise<void>;
};

/** Where reports for us go when nothing else is published: `dmarc-reports@`, `tls-reports@` and, for complaints, `fbl@` each of our domains. */
const ownLocals: ReadonlySet<string> = new Set(["dmarc-reports", "tls-reports", complaintsLocal]);
/** Spread over the first hours of the day (RFC 9990 §3.5 asks not to send all at midnight). */
const spreadMs = 3 * 60 * 60 * 1000;
const firstMs = 2 * 60 * 1000;
const stopGraceMs = 1_000;

export function startReporting(parts: {
  readonly store: Store;
  readonly directory: Directory;
  readonly resolver: Resolver;
  readonly pool: WorkPool;
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly give: Deliver["give"];
  /** Whether the local part is one that people answer a mail of ours to. */
  readonly isForAnswers: (local: string) => boolean;
  /** Reads reports that are no business of these. */
  readonly others?: readonly ReportReader[];
  /** Reads what people write to abuse@ and postmaster@. */
  readonly desk?: ReportReader;
  readonly transit: Pick<Transit, "seen" | "https">;
  readonly ourHost: string;
  readonly version: string;
  /** TLS reports that come by mail count only with a signature of the reporter's domain; otherwise DNS is not asked (tests). */
  readonly believesSignedAlone: boolean;
  readonly withheld: () => boolean;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
}): Reporting {
  const { store, directory, resolver, pool, ourHost, transit, now, log } = parts;
  const published = watchPublished({ names: ["_dmarc", "_smtp._tls"], store, resolver, log });
  const seen = makeSeenCounter({ store, log });
  const read = (bytes: Buffer) => pool.run("read-dmarc", { bytes }).catch(unlessPoison);
  const tls = makeTlsIntake({
    store,
    read: (task) => pool.run("read-tls", task).catch(unlessPoison),
    directory,
    now,
    log,
  });

  const signatures: AnswersForAsk = {
    txt: (name) => resolver.txt(name),
    registrable: (name) => suffixOf(name)?.registrable,
    hashes: (bytes, bodyStart, wanted) => pool.run("body-hashes", { bytes, bodyStart, wanted }),
    now,
  };
  const signerOf = async (bytes: Buffer): Promise<string | undefined> =>
    parts.believesSignedAlone ? answersFor(bytes, signatures) : "unchecked";

  const sendTlsNow = async (domain: string, today: boolean): Promise<readonly SentTls[]> => {
    const email = `tls-reports@${domain}`;
    const post = makePost({ ...parts, from: { name: `TLS reports of ${ourHost}`, address: email }, domain });
    return sendTlsReports({ ...parts, post, https: transit.https, email }, today);
  };
  let sending: Promise<unknown> = Promise.resolve();
  /** Of several nodes one sends what is counted for all of them. */
  const sendInTurn = async (today: boolean): Promise<readonly (Sent | SentTls)[]> => {
    await Promise.all([seen.flush(), transit.seen.flush()]);
    const answer = await inTurn({ store, now }, "reports", () => sendNow(today));
    if (answer.kind === "done") return answer.result;
    throw new Error("Another node is sending reports just now: try again in a minute.");
  };
  const sendNow = async (today: boolean): Promise<readonly (Sent | SentTls)[]> => {
    const domain = reportingDomain(await store.domains(), ourHost);
    const email = `dmarc-reports@${domain}`;
    const post = makePost({ ...parts, from: { name: `DMARC reports of ${ourHost}`, address: email }, domain });
    const sent = await sendDmarcReports({ ...parts, post, email, generator: `Angarium ${parts.version}` }, today);
    return [...sent, ...(await sendTlsNow(domain, today))];
  };
  /** One at a time: nothing is sent twice. */
  const send = (today: boolean): Promise<readonly (Sent | SentTls)[]> => {
    const turn = sending.then(
      () => sendInTurn(today),
      () => sendInTurn(today),
    );
    sending = turn;
    return turn;
  };
  const stopDaily = daily({
    what: "sending reports",
    work: async () => {
      // What is due is sent on the first day that it may be.
      if (!parts.withheld()) await send(false);
      for (const kind of [receivedKind, failureKind, tlsReceivedKind])
        await store.forgetTallies(kind, dayOf(now()) - keepDays);
    },
    afterMs: Math.floor(Math.random() * spreadMs),
    firstMs,
    now,
    log,
  });
  return {
    directory: withReportAddresses(
      directory,
      (local, domain) =>
        ownLocals.has(local.toLowerCase()) || parts.isForAnswers(local) || published.has(local, domain),
    ),
    incoming: incomingReports(
      [
        ...(parts.others ?? []),
        async ({ id, bytes }) => (await tls.take({ form: "mail", bytes }, id, () => signerOf(bytes))) > 0,
        dmarcReader({ store, read, directory, now, log }),
      ],
      parts.desk,
    ),
    takeTls: (bytes) => tls.take({ form: "alone", bytes }, "https", async () => "https"),
    complain: makeComplaints({
      ...parts,
      txt: (name) => resolver.txt(name),
      domain: async () => reportingDomain(await store.domains(), ourHost),
      isOurs: async (domain) => (await directory.domain(domain)) !== undefined,
    }),
    observe: (one) => seen.observe(one),
    send,
    async stop() {
      published.stop();
      stopDaily();
      // DNS may be silent for longer than a stop may take; what is not sent now is sent after the next start.
      await Promise.race([sending.catch(() => {}), wait(stopGraceMs, undefined, { ref: false })]);
      await seen.flush();
    },
  };
}

/** What a worker thread did not survive is no report. */
function unlessPoison(error: unknown): undefined {
  if (error instanceof PoisonTask) return undefined;
  throw error;
}

/** Reports come from the domain that our host belongs to, otherwise from the first one. */
export function reportingDomain(domains: readonly Domain[], ourHost: string): string {
  const local = domains.flatMap(({ name, kind }) => (kind === "local" ? [name] : []));
  return local.find((name) => ourHost === name || ourHost.endsWith(`.${name}`)) ?? local[0] ?? ourHost;
}
