/** The DNS of a domain: what it should have, whether it has it, its zone file, and putting it there. */
import { type Command, command, done, no, type World } from "./command.ts";
import { isLack } from "./dns-check.ts";
import { zoneText } from "./dns-records.ts";
import type { WantedRecord } from "./dns-wanted.ts";
import { checkDomain, type DomainCheck, publishMissing, wantedOf } from "./domain-dns.ts";
import { badDomain, findDomain, noDomain, readDomain } from "./names.ts";
import { cell } from "./render.ts";

const name = { type: "text", placed: true, required: true, help: "the domain, like example.org" } as const;

async function named(typed: string, { store }: World) {
  const domain = readDomain(typed);
  if (domain === undefined) return badDomain(typed);
  return (await findDomain(store, domain)) ?? noDomain(domain);
}

const marks = { good: "ok", other: "ok (your own)", missing: "MISSING", wrong: "WRONG", unknown: "?" } as const;

/** One record after the other: what it is, whether it is there, what to publish, what breaks. */
function checkText({ domain, standing, records, problem }: DomainCheck): string {
  const words = {
    good: "all is well",
    works: "it works; some things are still to be done",
    broken: "something that must be there is not",
    unknown: "DNS did not answer",
  };
  const lines = [`${domain}: ${words[standing]}.`];
  if (problem !== "") lines.push(problem);
  for (const one of records) {
    lines.push(`${marks[one.state].padEnd(14)} ${one.label.padEnd(22)} ${one.name} ${one.type}`);
    if (one.state === "good") continue;
    if (one.found.length > 0) lines.push(`               found:    ${one.found.map(cell).join(" | ")}`);
    if (one.state !== "other")
      lines.push(`               expected: ${one.value === "" ? one.why : one.value}`, `               ${one.breaks}`);
    if (one.problem !== "") lines.push(`               ${one.problem}`);
  }
  return lines.join("\n");
}

const records = (called: string, help: string): Command =>
  command(
    called,
    help,
    { name },
    async (given, world) => {
      const domain = await named(given.name, world);
      return "why" in domain ? domain : done(await wantedOf(world, domain));
    },
    ((wanted: readonly WantedRecord[]) => zoneText(wanted)) as Command["text"],
  );

export const dnsCommands: readonly Command[] = [
  records("domain records", "Every DNS record that a domain should have, why, and what breaks without it."),
  records("dns", "The same."),
  command(
    "domain check",
    "Looks at DNS now: what is found, what is expected, what it breaks; exit code 1 where something needed is not there, or anything is wrong. The server does it by itself every hour.",
    { name },
    async (given, world) => {
      const domain = await named(given.name, world);
      if ("why" in domain) return domain;
      const check = await checkDomain(world, domain);
      if (check === undefined) return no("DNS cannot be asked here.");
      await world.checked?.(check);
      return done(check);
    },
    checkText as Command["text"],
    ((check: DomainCheck) => check.problem !== "" || check.records.some(isLack)) as Command["isBad"],
  ),
  command(
    "domain zone",
    "The records as a part of a zone file.",
    { name },
    async (given, world) => {
      const domain = await named(given.name, world);
      return "why" in domain ? domain : done(`${zoneText(await wantedOf(world, domain), domain.name)}\n`);
    },
    ((text: string) => text) as Command["text"],
  ),
  command(
    "domain publish",
    "Puts what DNS lacks into the zone by dynamic update (RFC 2136); the server and the key are those of [acme], or given here.",
    {
      name,
      replace: { type: "flag", help: "what is wrong is replaced too" },
      server: { type: "text", help: "the DNS server, like 192.0.2.53:53" },
      zone: { type: "text", help: "the zone; the domain itself where nothing is said" },
      tsigName: { type: "text", help: "name of the TSIG key" },
      tsigSecret: { type: "text", help: "its secret, in base64" },
      tsigAlgorithm: { type: "text", choices: ["hmac-sha256", "hmac-sha512"], help: "hmac-sha256 by default" },
    },
    async ({ name: typed, replace, ...given }, world) => {
      const domain = await named(typed, world);
      if ("why" in domain) return domain;
      const published = await publishMissing(world, domain, { replace: replace === true, ...given });
      return "why" in published ? published : done(published);
    },
  ),
];
