/** `angarium check`: what is wrong in the configuration, and what DNS still lacks. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { tlsaText } from "../protocol/policy/dane.ts";
import { stsId } from "../protocol/policy/mta-sts.ts";
import { type DnsRecord, dnsRecords } from "./admin/dns-records.ts";
import { configFile, readConfig } from "./config/read.ts";
import { quiet } from "./log.ts";
import { machineLacks } from "./machine-check.ts";
import { publishedKeys } from "./net/published-keys.ts";
import type { Answer, Resolver } from "./net/resolver.ts";
import { resolverOrSentence } from "./resolver.ts";
import { readDkimKeys } from "./sign/dkim-keys.ts";
import { UsageError } from "./usage.ts";
import { openStore } from "./world.ts";

/** Prints sentences. Answers 0 when all is well, 1 when DNS lacks something, 2 when the configuration is wrong. */
export async function check(words: readonly string[]): Promise<number> {
  const { data = "data", config: given, dns } = parse(words);
  const dataDir = resolve(data);
  const file = given ?? configFile(dataDir);
  const config = await readConfig(file, dataDir); // throws all mistakes
  if (config === undefined && given !== undefined) throw new UsageError(`there is no configuration file ${file}`);
  if (config === undefined) {
    // Before the first start: the machine alone.
    const lacks = await machineLacks(dataDir);
    const told = lacks.length === 0 ? "Machine: good\n" : lacks.map((sentence) => `Machine: ${sentence}\n`).join("");
    process.stdout.write(`${told}There is no configuration file ${file} yet; the first "angarium start" writes it.\n`);
    return lacks.length === 0 ? 0 : 1;
  }
  process.stdout.write(`${file}: good\n`);
  const resolver = resolverOrSentence(dns, config.dns.servers)(quiet);
  const lacks = await lacksOfHost(config.hostname, resolver);
  const store = existsSync(dataDir) ? await openStore(dataDir, { ...config.store, readers: 1 }) : undefined;
  try {
    const tlsa = publishedKeys(join(dataDir, "tls"), config.tls.certificate);
    for (const { name, kind, settings } of (await store?.domains()) ?? []) {
      const keys = store === undefined ? undefined : await readDkimKeys(store, name);
      const records = dnsRecords({
        domain: name,
        kind,
        hostname: config.hostname,
        keys: keys?.keys ?? [],
        settings,
        tlsa: [],
      });
      lacks.push(...(await lacksOf(records, config.hostname, resolver)));
    }
    lacks.push(...(await lacksOfTlsa(config.hostname, tlsa, resolver)));
  } finally {
    await store?.close();
  }
  process.stdout.write(lacks.length === 0 ? "DNS: good\n" : lacks.map((sentence) => `DNS: ${sentence}\n`).join(""));
  return lacks.length === 0 ? 0 : 1;
}

function parse(words: readonly string[]): { readonly data?: string; readonly config?: string; readonly dns?: string } {
  const text = { type: "string" } as const;
  try {
    return parseArgs({ args: [...words], options: { data: text, config: text, dns: text } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function lacksOfHost(host: string, resolver: Resolver): Promise<string[]> {
  const [v4, v6] = await Promise.all([resolver.a(host), resolver.aaaa(host)]);
  const addresses = [...found(v4), ...found(v6)];
  if (addresses.length === 0) return [`${host} has no address (A or AAAA): nobody can deliver here.${trouble(v4)}`];
  const lacks: string[] = [];
  for (const address of addresses) {
    const names = await resolver.ptr(address);
    if (!found(names).includes(host))
      lacks.push(
        `the reverse name (PTR) of ${address} is ${found(names).join(", ") || "missing"}, not ${host}: large providers refuse mail from it.${trouble(names)}`,
      );
  }
  return lacks;
}

async function lacksOf(records: readonly DnsRecord[], host: string, resolver: Resolver): Promise<readonly string[]> {
  const lacks: string[] = [];
  for (const { name, type, value, why } of records) {
    if (type !== "MX" && type !== "TXT") continue; // convenience of mail programs; nothing breaks without
    if (type === "MX") {
      const answer = await resolver.mx(name);
      if (!found(answer).some(({ exchange }) => exchange === host))
        lacks.push(`${name} has no MX ${host} (${why}).${trouble(answer)}`);
      continue;
    }
    const answer = await resolver.txt(name);
    // Nothing is wrong without these; there must only not be two, and the id must be that of the policy we serve.
    if (/^v=(STSv1|TLSRPTv1)/.test(value)) {
      const kind = value.split(";", 1)[0]!;
      const own = found(answer).filter((text) => text.startsWith(kind));
      if (own.length > 1) lacks.push(`${name} has ${own.length} TXT records "${kind}…", it must be one (${why}).`);
      else if (kind === "v=STSv1" && own.length === 1 && stsId(own) !== stsId([value]))
        lacks.push(`${name} has not the id of the policy that is served: publish "${value}" (${why}).`);
      continue;
    }
    const tag = /^v=[^ ;]+/.exec(value)?.[0] ?? value;
    const present = found(answer).filter((text) => text.startsWith(tag));
    // A key must be exactly ours; a policy is the administrator's own affair.
    const good = tag === "v=DKIM1" ? present.some((text) => squeeze(text) === squeeze(value)) : present.length === 1;
    if (!good)
      lacks.push(
        `${name} ${present.length > 1 ? `has ${present.length} TXT records "${tag}…", it must be one` : `has no TXT "${value}"`} (${why}).${trouble(answer)}`,
      );
  }
  return lacks;
}

/** Without TLSA records there is no DANE; with wrong ones no mail comes from who honours them. */
async function lacksOfTlsa(host: string, ours: readonly string[], resolver: Resolver): Promise<readonly string[]> {
  const name = `_25._tcp.${host}`;
  const published = found(await resolver.tlsa(name)).map(tlsaText);
  if (published.length === 0 || ours.length === 0) return [];
  if (!published.includes(ours[0]!))
    return [`${name} has TLSA records, none of them "${ours[0]}": servers that honour DANE do not deliver here.`];
  return ours
    .slice(1)
    .flatMap((next) =>
      published.includes(next)
        ? []
        : [`${name} lacks TLSA "${next}": the key cannot change with the next certificate.`],
    );
}

const squeeze = (text: string): string => text.replaceAll(/\s+/g, "");
const found = <T>(answer: Answer<T>): readonly T[] => (answer.kind === "found" ? answer.records : []);
const trouble = (answer: Answer<unknown>): string =>
  answer.kind === "trouble" ? ` (DNS did not answer: ${answer.reason})` : "";
