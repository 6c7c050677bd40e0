/** `angarium check`: what is wrong in the configuration, and what DNS still lacks. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { tlsaText } from "../../protocol/policy/dane.ts";
import { type CheckedRecord, checkRecords, isLack } from "../admin/dns-check.ts";
import { wantedOf } from "../admin/domain-dns.ts";
import { resolverOrSentence } from "../assemble/resolver.ts";
import { readSendingFiles } from "../assemble/sending-files.ts";
import { openStore } from "../assemble/world.ts";
import { quiet } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import { configFile, readConfig } from "../config/read.ts";
import { publishedKeys } from "../net/published-keys.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import { machineLacks } from "./machine-check.ts";

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
  readSendingFiles(config.sending, dataDir); // the same
  process.stdout.write(`${file}: good\n`);
  const resolver = resolverOrSentence(dns, config.dns.servers)(quiet);
  const lacks = await lacksOfHost(config.hostname, resolver);
  const store = existsSync(dataDir) ? await openStore(dataDir, { ...config.store, readers: 1 }) : undefined;
  try {
    const tlsa = publishedKeys(join(dataDir, "tls"), config.tls.certificate);
    for (const domain of (await store?.domains()) ?? []) {
      if (store === undefined) break;
      const wanted = await wantedOf({ store, hostname: config.hostname, tlsa: () => tlsa }, domain);
      const ofDomain = wanted.filter(({ id }) => !ofHost.test(id));
      lacks.push(...sentences(await checkRecords(ofDomain, config.hostname, resolver)));
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

/** Told once, and not for every domain. */
const ofHost = /^(?:a|aaaa|tlsa|ptr)(?::|$)/;

/** For all that may wait there is `domain check`. */
const sentences = (records: readonly CheckedRecord[]): string[] =>
  records
    .filter(isLack)
    .map(
      ({ label, name, type, value, state, problem, why }) =>
        `${label}: ${state === "missing" ? `${name} has no ${type} "${value}"` : `${name} ${type}: ${problem}`}${state === "wrong" ? ` Expected: "${value}"` : ""} (${why}).`,
    );

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

const found = <T>(answer: Answer<T>): readonly T[] => (answer.kind === "found" ? answer.records : []);
const trouble = (answer: Answer<unknown>): string =>
  answer.kind === "trouble" ? ` (DNS did not answer: ${answer.reason})` : "";
