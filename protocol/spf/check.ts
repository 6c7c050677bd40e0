/** May this host send mail of this domain? RFC 7208's check_host(), asking DNS through functions that are passed in. */
import type { SpfResult, SpfWord } from "../authentication/results.ts";
import { type DnsAnswer, isDnsName } from "../dns.ts";
import { parseIp, samePrefix } from "../ip.ts";
import { asksForName, asName, expandMacros, type MacroString, type MacroValues, parseMacros } from "./macro.ts";
import { isSpf, type Mechanism, parseSpf, type SpfRecord } from "./record.ts";

export type SpfDns = {
  readonly txt: (name: string) => Promise<DnsAnswer<string>>;
  readonly a: (name: string) => Promise<DnsAnswer<string>>;
  readonly aaaa: (name: string) => Promise<DnsAnswer<string>>;
  readonly mx: (name: string) => Promise<DnsAnswer<{ readonly exchange: string }>>;
  /** By address. */
  readonly ptr: (address: string) => Promise<DnsAnswer<string>>;
};

export type SpfRequest = {
  /** The peer's. */
  readonly address: string;
  readonly helo: string;
  /** Reverse-path; "" makes HELO the identity (RFC 7208 §2.4). */
  readonly envelopeFrom: string;
  /** For explanations. */
  readonly ourHost: string;
  readonly now: number; // milliseconds since 1970
};

/** RFC 7208 §4.6.4. */
export const maxLookups = 10;
export const maxVoidLookups = 2;
export const maxNames = 10;
const maxExplanationChars = 500;

class Stop extends Error {
  readonly result: "permerror" | "temperror";
  constructor(result: "permerror" | "temperror", reason: string) {
    super(reason);
    this.result = result;
  }
}

type Evaluation = {
  readonly dns: SpfDns;
  readonly request: SpfRequest;
  readonly ip: Uint8Array;
  readonly sender: { readonly local: string; readonly domain: string };
  lookups: number;
  voids: number;
  names: Promise<readonly string[]> | undefined;
};

/** Never rejects for what DNS or a stranger says. */
export async function checkSpf(request: SpfRequest, dns: SpfDns): Promise<SpfResult> {
  const at = request.envelopeFrom.lastIndexOf("@");
  const scope = request.envelopeFrom === "" ? "helo" : "mfrom";
  const domain = (scope === "helo" ? request.helo : request.envelopeFrom.slice(at + 1))
    .toLowerCase()
    .replace(/\.$/, "");
  const local = (scope === "helo" ? "" : request.envelopeFrom.slice(0, Math.max(0, at))) || "postmaster";
  const ip = parseIp(request.address);
  // RFC 7208 §4.3: what is no name of at least two labels has no policy.
  if (ip === undefined || !isDnsName(domain, 2) || domain.startsWith("[")) return { result: "none", scope, domain };
  const evaluation: Evaluation = {
    dns,
    request,
    ip,
    sender: { local, domain },
    lookups: 0,
    voids: 0,
    names: undefined,
  };
  try {
    const found = await checkHost(evaluation, domain);
    return { scope, domain, ...found };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { result: error.result, scope, domain, reason: error.message };
  }
}

type Found = { readonly result: SpfWord; readonly reason?: string; readonly explanation?: string };

async function checkHost(evaluation: Evaluation, domain: string, included = false): Promise<Found> {
  const record = await recordOf(evaluation, domain);
  if (record === undefined) return { result: "none" };
  for (const mechanism of record.mechanisms) {
    if (!(await matches(evaluation, domain, mechanism))) continue;
    const reason = `${domain} says ${mechanism.text}`;
    if (mechanism.qualifier !== "fail" || included) return { result: mechanism.qualifier, reason };
    const explanation = await explain(evaluation, domain, record);
    return { result: "fail", reason, ...(explanation === undefined ? {} : { explanation }) };
  }
  if (record.redirect === undefined) return { result: "neutral" };
  count(evaluation);
  const target = await nameOf(evaluation, domain, record.redirect);
  const found: Found = isDnsName(target) ? await checkHost(evaluation, target, included) : { result: "none" };
  // RFC 7208 §6.1: a redirection to nothing is a mistake.
  if (found.result === "none") throw new Stop("permerror", `${domain} redirects to ${target}, which has no record`);
  return found;
}

async function recordOf(evaluation: Evaluation, domain: string): Promise<SpfRecord | undefined> {
  const answer = await evaluation.dns.txt(domain);
  if (answer.kind === "trouble") throw new Stop("temperror", `DNS does not answer for ${domain}`);
  if (answer.kind === "none") return undefined;
  const [text, ...more] = answer.records.filter(isSpf);
  if (text === undefined) return undefined;
  if (more.length > 0) throw new Stop("permerror", `${domain} has more than one record`);
  const record = parseSpf(text);
  if (typeof record === "string") throw new Stop("permerror", `${domain}: ${record}`);
  return record;
}

async function matches(evaluation: Evaluation, domain: string, mechanism: Mechanism): Promise<boolean> {
  const { ip, dns } = evaluation;
  switch (mechanism.name) {
    case "all":
      return true;
    case "ip4":
    case "ip6":
      return samePrefix(ip, mechanism.address, mechanism.bits);
    case "include": {
      count(evaluation);
      const target = await nameOf(evaluation, domain, mechanism.domain);
      const found: Found = isDnsName(target) ? await checkHost(evaluation, target, true) : { result: "none" };
      // RFC 7208 §5.2.
      if (found.result === "none") throw new Stop("permerror", `${domain} includes ${target}, which has no record`);
      return found.result === "pass";
    }
    case "a": {
      count(evaluation);
      const target = await targetOf(evaluation, domain, mechanism.domain);
      return hasAddress(evaluation, await addressesOf(evaluation, target), mechanism);
    }
    case "mx": {
      count(evaluation);
      const target = await targetOf(evaluation, domain, mechanism.domain);
      const hosts = heard(evaluation, isDnsName(target) ? await dns.mx(target) : nothing, target);
      if (hosts.length > maxNames) throw new Stop("permerror", `${target} has more than ${maxNames} MX hosts`);
      const lists = await Promise.all(hosts.map(({ exchange }) => addressAnswer(evaluation, exchange)));
      return hosts.some(({ exchange }, index) =>
        hasAddress(evaluation, heard(evaluation, lists[index]!, exchange), mechanism),
      );
    }
    case "ptr": {
      count(evaluation);
      const target = await targetOf(evaluation, domain, mechanism.domain);
      return (await namesOf(evaluation)).some((name) => name === target || name.endsWith(`.${target}`));
    }
    case "exists": {
      count(evaluation);
      const target = await nameOf(evaluation, domain, mechanism.domain);
      // RFC 7208 §5.7: an A record, also for IPv6.
      return heard(evaluation, isDnsName(target) ? await dns.a(target) : nothing, target).length > 0;
    }
    default:
      return mechanism satisfies never;
  }
}

const nothing: DnsAnswer<never> = { kind: "none", exists: false };

function count(evaluation: Evaluation): void {
  if (++evaluation.lookups > maxLookups) throw new Stop("permerror", `more than ${maxLookups} DNS lookups`);
}

/** The records of an answer; void ones are counted (RFC 7208 §4.6.4), trouble ends it. */
function heard<T>(evaluation: Evaluation, answer: DnsAnswer<T>, name: string): readonly T[] {
  if (answer.kind === "found") return answer.records;
  if (answer.kind === "trouble") throw new Stop("temperror", `DNS does not answer for ${name}`);
  if (++evaluation.voids > maxVoidLookups)
    throw new Stop("permerror", `more than ${maxVoidLookups} lookups found nothing`);
  return [];
}

async function addressesOf(evaluation: Evaluation, name: string): Promise<readonly string[]> {
  return heard(evaluation, await addressAnswer(evaluation, name), name);
}

function addressAnswer({ ip, dns }: Evaluation, name: string): Promise<DnsAnswer<string>> | DnsAnswer<string> {
  return !isDnsName(name) ? nothing : ip.length === 4 ? dns.a(name) : dns.aaaa(name);
}

function hasAddress(
  { ip }: Evaluation,
  addresses: readonly string[],
  { bits4, bits6 }: { readonly bits4: number; readonly bits6: number },
): boolean {
  return addresses.some((text) => {
    const address = parseIp(text);
    return address !== undefined && samePrefix(ip, address, ip.length === 4 ? bits4 : bits6);
  });
}

/** RFC 7208 §5.5: the names of the peer whose addresses hold it. Trouble is silence; asked once. */
function namesOf(evaluation: Evaluation): Promise<readonly string[]> {
  evaluation.names ??= (async () => {
    const { dns, request, ip } = evaluation;
    const answer = await dns.ptr(request.address);
    if (answer.kind === "none") heard(evaluation, answer, request.address);
    if (answer.kind !== "found") return [];
    const names = answer.records.slice(0, maxNames).map((name) => asName(name));
    const checked = await Promise.all(
      names.map(async (name) => {
        const addresses = await addressAnswer(evaluation, name);
        return (
          addresses.kind === "found" &&
          addresses.records.some((text) => {
            const address = parseIp(text);
            return address !== undefined && samePrefix(ip, address, ip.length * 8);
          })
        );
      }),
    );
    return names.filter((_, index) => checked[index]);
  })();
  return evaluation.names;
}

async function targetOf(evaluation: Evaluation, domain: string, spec: MacroString | undefined): Promise<string> {
  return spec === undefined ? domain : nameOf(evaluation, domain, spec);
}

async function nameOf(evaluation: Evaluation, domain: string, spec: MacroString): Promise<string> {
  return asName(expandMacros(spec, await valuesFor(evaluation, domain, spec)));
}

async function valuesFor(evaluation: Evaluation, domain: string, spec: MacroString): Promise<MacroValues> {
  const { request, ip, sender } = evaluation;
  const four = ip.length === 4;
  return {
    s: `${sender.local}@${sender.domain}`,
    l: sender.local,
    o: sender.domain,
    d: domain,
    i: four
      ? ip.join(".")
      : [...ip].map((byte) => `${(byte >> 4).toString(16)}.${(byte & 15).toString(16)}`.toUpperCase()).join("."),
    p: asksForName(spec) ? nameFor(await namesOf(evaluation), domain) : "unknown",
    v: four ? "in-addr" : "ip6",
    h: request.helo,
    c: four ? ip.join(".") : request.address.toLowerCase(),
    r: request.ourHost,
    t: String(Math.floor(request.now / 1000)),
  };
}

/** RFC 7208 §7.3: the domain itself, then one below it, then any. */
function nameFor(names: readonly string[], domain: string): string {
  return (
    names.find((name) => name === domain) ?? names.find((name) => name.endsWith(`.${domain}`)) ?? names[0] ?? "unknown"
  );
}

/** RFC 7208 §6.2: whatever goes wrong with an explanation, there is none. */
async function explain(evaluation: Evaluation, domain: string, record: SpfRecord): Promise<string | undefined> {
  if (record.explanation === undefined) return undefined;
  try {
    const name = await nameOf(evaluation, domain, record.explanation);
    if (!isDnsName(name)) return undefined;
    const answer = await evaluation.dns.txt(name);
    if (answer.kind !== "found" || answer.records.length !== 1) return undefined;
    const parts = parseMacros(answer.records[0]!, true);
    if (parts === undefined) return undefined;
    const text = expandMacros(parts, await valuesFor(evaluation, domain, parts));
    return /^[\x20-\x7e]*$/.test(text) ? text.slice(0, maxExplanationChars) : undefined;
  } catch (error) {
    if (error instanceof Stop) return undefined;
    throw error;
  }
}
