/** `angarium check`: what is wrong in the configuration, and what DNS still lacks. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { tlsaText } from "../../protocol/policy/dane.ts";
import { safeJson } from "../../protocol/terminal.ts";
import { type CheckedRecord, checkRecords, isLack } from "../admin/dns-check.ts";
import { wantedOf } from "../admin/domain-dns.ts";
import { resolverOrSentence } from "../assemble/resolver.ts";
import { readSendingFiles } from "../assemble/sending-files.ts";
import { openStore } from "../assemble/world.ts";
import { quiet } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import type { Config } from "../config/config.ts";
import { ConfigMistakes, configFile, readConfig } from "../config/read.ts";
import { publishedKeys } from "../net/published-keys.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import { machineLacks } from "./machine-check.ts";

type Found = {
  readonly file: string;
  /** What is wrong in the configuration, each with its line. */
  readonly mistakes: readonly string[];
  /** What this machine lacks: looked at before the first start. */
  readonly machine?: readonly string[];
  /** What DNS lacks: looked at where the configuration is right. */
  readonly dns?: readonly string[];
};

/** Prints sentences. Answers 0 when all is well, 1 when the machine or DNS lacks something, 2 when the configuration is wrong. */
export async function check(words: readonly string[]): Promise<number> {
  const { json = false, ...given } = parse(words);
  const found = await look(given);
  if (json) process.stdout.write(`${safeJson(JSON.stringify(found))}\n`);
  else if (found.mistakes.length > 0) process.stderr.write(`${found.mistakes.join("\n")}\n`);
  else process.stdout.write(told(found));
  if (found.mistakes.length > 0) return 2;
  return [...(found.machine ?? []), ...(found.dns ?? [])].length === 0 ? 0 : 1;
}

type Given = { readonly data?: string; readonly config?: string; readonly dns?: string };

function told({ file, machine, dns }: Found): string {
  const all = (what: string, lacks: readonly string[]): string =>
    lacks.length === 0 ? `${what}: good\n` : lacks.map((sentence) => `${what}: ${sentence}\n`).join("");
  if (machine !== undefined)
    return `${all("Machine", machine)}There is no configuration file ${file} yet; the first "angarium start" writes it.\n`;
  return `${file}: good\n${all("DNS", dns ?? [])}`;
}

async function look({ data = "data", config: given, dns }: Given): Promise<Found> {
  const dataDir = resolve(data);
  const file = given ?? configFile(dataDir);
  let config: Config | undefined;
  try {
    config = await readConfig(file, dataDir);
    if (config !== undefined) readSendingFiles(config.sending, dataDir);
  } catch (error) {
    if (error instanceof ConfigMistakes) return { file, mistakes: error.message.split("\n") };
    throw error;
  }
  if (config === undefined && given !== undefined) throw new UsageError(`there is no configuration file ${file}`);
  if (config === undefined) return { file, mistakes: [], machine: await machineLacks(dataDir) };
  return { file, mistakes: [], dns: await lacksOfDns(config, dataDir, dns) };
}

async function lacksOfDns(config: Config, dataDir: string, dns: string | undefined): Promise<readonly string[]> {
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
    return [...lacks, ...(await lacksOfTlsa(config.hostname, tlsa, resolver))];
  } finally {
    await store?.close();
  }
}

function parse(words: readonly string[]): Given & { readonly json?: boolean } {
  const text = { type: "string" } as const;
  try {
    return parseArgs({ args: [...words], options: { data: text, config: text, dns: text, json: { type: "boolean" } } })
      .values;
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
