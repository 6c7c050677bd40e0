/** What others report of our domains, as figures for charts and in words. */
import { z } from "zod";
import { dayOf } from "../../report/daily.ts";
import { failureSentence, listFailures, maxFailures, summarizeDmarc } from "../../report/dmarc-words.ts";
import { summarizeTls } from "../../report/tls-words.ts";
import { theDomain } from "../params.ts";
import { type Route, route, time } from "../route.ts";

const query = z.object({
  days: z.coerce.number().int().min(1).max(400).default(30).describe("How many days back."),
});

const DmarcReport = z
  .object({
    domain: z.string(),
    from: z.string(),
    to: z.string(),
    messages: z.int(),
    passed: z.int(),
    failed: z.int(),
    untold: z.int().describe("Reported too, from too many addresses to tell of each: in none of the other figures."),
    reporters: z.array(z.string()),
    days: z.record(z.string(), z.object({ messages: z.int(), failed: z.int() })),
    sources: z.array(
      z.object({
        source: z.string(),
        known: z.boolean().describe("Some of its mail passes."),
        messages: z.int(),
        passed: z.int(),
        failed: z.int(),
        rejected: z.int(),
        quarantined: z.int(),
        headerFrom: z.array(z.string()),
        signedBy: z.array(z.string()),
        reporters: z.array(z.string()),
        sentence: z.string(),
      }),
    ),
    sentences: z.array(z.string()),
  })
  .meta({ id: "DmarcReport" });

const FailureReport = z
  .object({
    at: time.describe("When the message came to its reporter; else when the report came here."),
    source: z.string().describe("Address that sent it; may be empty."),
    what: z.string().describe("What failed: dmarc, dkim, spf, … (RFC 6591, RFC 9991)."),
    headerFrom: z.string(),
    envelopeFrom: z.string(),
    result: z.string().describe("What became of it: delivered, spam, policy, reject or other; may be empty."),
    messageId: z.string(),
    sentence: z.string(),
  })
  .meta({ id: "FailureReport" });

const TlsReport = z
  .object({
    domain: z.string(),
    from: z.string(),
    to: z.string(),
    connections: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    reporters: z.array(z.string()),
    days: z.record(z.string(), z.object({ succeeded: z.int(), failed: z.int() })),
    failures: z.array(
      z.object({
        result: z.string(),
        mxHost: z.string(),
        connections: z.int(),
        reporters: z.array(z.string()),
        lastDay: z.string(),
        words: z.string().describe("What the connections met, without which and how many."),
        sentence: z.string(),
      }),
    ),
    unproven: z
      .object({ connections: z.int(), failed: z.int(), reporters: z.array(z.string()) })
      .describe("What came by mail that is not signed by its author's domain: in none of the other figures."),
    sentences: z.array(z.string()),
  })
  .meta({ id: "TlsReport" });

// What the summaries answer is read only; answers are what their schemas say.
type Dmarc = z.input<typeof DmarcReport>;
type Tls = z.input<typeof TlsReport>;

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/domains/{domain}/reports/dmarc",
    summary: "What others report of mail that is sent as the domain: by source and day, and in words.",
    area: "reports",
    who: "domain",
    params: { domain: theDomain },
    query,
    answer: DmarcReport,
    run: async ({ domain, query: { days } }, { store, now }) => {
      const to = dayOf(now());
      return (await summarizeDmarc(store, domain.name, to - days, to)) as unknown as Dmarc;
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/reports/failures",
    summary:
      "Single messages in the domain's name that failed, as a few receivers report them (ruf), the newest first. Of a message its addresses and id are kept, never its subject or text.",
    area: "reports",
    who: "domain",
    params: { domain: theDomain },
    query,
    answer: z.object({ items: z.array(FailureReport) }),
    run: async ({ domain, query: { days } }, { store, now }) => {
      const to = dayOf(now());
      const found = await listFailures(store, domain.name, to - days, to, maxFailures);
      return {
        items: found.toReversed().map(({ domain: _, ...failure }) => ({
          ...failure,
          at: new Date(failure.at).toISOString(),
          sentence: failureSentence(failure),
        })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/reports/tls",
    summary: "What others report of the encryption of mail to the domain: in figures, and in words.",
    area: "reports",
    who: "domain",
    params: { domain: theDomain },
    query,
    answer: TlsReport,
    run: async ({ domain, query: { days } }, { store, now }) => {
      const to = dayOf(now());
      return (await summarizeTls(store, domain.name, to - days, to)) as unknown as Tls;
    },
  }),
];
