/** The DNS of a domain: every record that it should have, checked; its zone file; putting it there. */
import { z } from "zod";
import { zoneText } from "../../admin/dns-records.ts";
import { checkDomain, publishMissing, wantedOf } from "../../admin/domain-dns.ts";
import { refusal } from "../outcome.ts";
import { theDomain } from "../params.ts";
import { Problem } from "../problem.ts";
import { type Route, route, time } from "../route.ts";

const CheckedRecord = z
  .object({
    id: z.string().describe("The same from check to check: spf, dkim:SELECTOR, mx, …"),
    label: z.string(),
    need: z.enum(["must", "should", "may"]),
    name: z.string(),
    type: z.string(),
    value: z
      .string()
      .describe("What to publish; TXT as one text. Empty: only people know it, `why` says what belongs there."),
    why: z.string(),
    breaks: z.string().describe("What breaks without it."),
    state: z
      .enum(["good", "other", "missing", "wrong", "unknown"])
      .describe("other: there is something else that does the same. unknown: DNS did not answer."),
    found: z.array(z.string()),
    problem: z.string(),
  })
  .meta({ id: "DnsRecord" });

const DomainDns = z
  .object({
    domain: z.string(),
    at: time,
    standing: z.enum(["good", "works", "broken", "unknown"]),
    problem: z.string().describe("What is wrong with the server's own name."),
    records: z.array(CheckedRecord),
  })
  .meta({ id: "DomainDns" });

const named = z.array(z.object({ name: z.string(), type: z.string(), value: z.string() }));

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/domains/{domain}/dns",
    summary: "Every DNS record that the domain should have, looked at now.",
    area: "domains",
    who: "domain",
    params: { domain: theDomain },
    answer: DomainDns,
    refuses: ["dns"],
    run: async ({ domain }, world) => {
      const check = await checkDomain(world, domain);
      if (check === undefined) return new Problem("dns", "DNS cannot be asked here.");
      await world.checked?.(check);
      return { ...check, records: check.records.map((record) => ({ ...record, found: [...record.found] })) };
    },
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/dns/zone",
    summary: "The records as a part of a zone file.",
    area: "domains",
    who: "domain",
    params: { domain: theDomain },
    answer: z.string(),
    type: "text/plain; charset=utf-8",
    run: async ({ domain }, world) => `${zoneText(await wantedOf(world, domain), domain.name)}\n`,
  }),
  route({
    method: "POST",
    path: "/domains/{domain}/dns/publish",
    summary: "Put what is missing into the zone by dynamic update (RFC 2136), with the server and key of [acme].",
    area: "domains",
    who: "platform",
    params: { domain: theDomain },
    body: z.strictObject({ replace: z.boolean().default(false).describe("What is wrong is replaced too.") }),
    answer: z.object({
      published: named,
      removed: named,
      left: z.array(z.object({ name: z.string(), type: z.string(), problem: z.string() })),
    }),
    refuses: ["conflict"],
    run: async ({ domain, body }, world) => {
      const done = await publishMissing(world, domain, body);
      if ("why" in done) return refusal(done);
      return { published: [...done.published], removed: [...done.removed], left: [...done.left] };
    },
  }),
];
