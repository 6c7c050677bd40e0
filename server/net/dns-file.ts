/**
 * DNS answers from a JSON file, for tests and for `angarium dev --dns FILE`. An object of names:
 *
 *     { "example.org":      { "MX": ["10 mx.example.org"], "TXT": "v=spf1 mx -all", "secure": true },
 *       "mx.example.org":   { "A": ["192.0.2.1"], "AAAA": ["2001:db8::1"] },
 *       "_25._tcp.mx.example.org": { "TLSA": ["3 1 1 0123…"], "secure": true },
 *       "192.0.2.1":        { "PTR": "mx.example.org" },
 *       "_imaps._tcp.example.org": { "SRV": "0 1 993 mx.example.org" },
 *       "www.example.org":  { "CNAME": "mx.example.org" },
 *       "nomail.example":   { "MX": ["0 ."] },
 *       "*.wild.example":   { "A": ["192.0.2.2"] },
 *       "slow.example":     { "timeout": true },
 *       "broken.example":   { "A": ["192.0.2.3"], "servfail": ["MX"] } }
 *
 * A record type has one text or a list. `secure` says that DNSSEC vouches for the name; `timeout` and `servfail` are true
 * for every question or list the types; `ttl` is in seconds (default 1). A PTR record may stand under the address or its
 * in-addr.arpa name. A name that is not there does not exist, unless a longer one ends in it. The file is read again when
 * it changes; while it has mistakes the former contents stay. docs/dns-file.md says the same.
 */
import { readFileSync, statSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import type { Log } from "../base/log.ts";
import { resolverOf } from "./dns-cache.ts";
import { normalName, type QuestionType, reverseName, type Value } from "./dns-wire.ts";
import type { Answer, Resolver } from "./resolver.ts";

type Entry = {
  readonly records: ReadonlyMap<QuestionType, readonly Value[]>;
  readonly cname: string | undefined;
  readonly secure: boolean;
  readonly ttlSeconds: number;
  readonly fails: (type: QuestionType) => "timeout" | "servfail" | undefined;
};
type Zone = { readonly entries: ReadonlyMap<string, Entry>; readonly above: ReadonlySet<string> };

const types: readonly QuestionType[] = ["MX", "A", "AAAA", "TXT", "TLSA", "PTR", "SRV"];
const maxAliases = 8;
/** How often the file is looked at. */
const lookEveryMs = 200;

/** A resolver over a file, or what is wrong with the file, in sentences. */
export function fileResolver(
  file: string,
  ask: { readonly monotonic: () => number; readonly log: Log },
): Resolver | { readonly mistakes: readonly string[] } {
  const first = load(file);
  if ("mistakes" in first) return first;
  let zone = first;
  let version = versionOf(file);
  let looked = ask.monotonic();
  return resolverOf(async (name, type) => {
    if (ask.monotonic() - looked >= lookEveryMs) {
      looked = ask.monotonic();
      const now = versionOf(file);
      if (now !== version) {
        version = now;
        const again = load(file);
        if ("mistakes" in again) ask.log.warn({ file, mistakes: again.mistakes }, "the DNS file has mistakes");
        else zone = again;
      }
    }
    return answer(zone, name, type);
  });
}

function versionOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

function load(file: string): Zone | { readonly mistakes: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return {
      mistakes: [`The DNS file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
  return parseZone(value);
}

/** Checks the contents of a DNS file; all mistakes at once. */
export function parseZone(value: unknown): Zone | { readonly mistakes: readonly string[] } {
  if (!isObject(value)) return { mistakes: ["The DNS file must hold an object of names."] };
  const mistakes: string[] = [];
  const entries = new Map<string, Entry>();
  const above = new Set<string>();
  for (const [key, fields] of Object.entries(value)) {
    const name = reverseName(key) ?? normalName(key);
    if (!isObject(fields)) {
      mistakes.push(`"${key}" must be an object of record types.`);
      continue;
    }
    const entry = parseEntry(fields, (sentence) => mistakes.push(`"${key}": ${sentence}`));
    const former = entries.get(name);
    // An address and its in-addr.arpa name are one name: their records are joined.
    entries.set(
      name,
      former === undefined ? entry : { ...entry, records: new Map([...former.records, ...entry.records]) },
    );
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) above.add(name.slice(dot + 1));
  }
  return mistakes.length > 0 ? { mistakes } : { entries, above };
}

function parseEntry(fields: { readonly [key: string]: unknown }, mistake: (sentence: string) => void): Entry {
  const records = new Map<QuestionType, readonly Value[]>();
  let cname: string | undefined;
  for (const [key, value] of Object.entries(fields)) {
    if (key === "secure") {
      if (typeof value !== "boolean") mistake("secure must be true or false.");
    } else if (key === "ttl") {
      if (typeof value !== "number" || !Number.isInteger(value) || value < 0) mistake("ttl must be seconds.");
    } else if (key === "timeout" || key === "servfail") {
      const listed = Array.isArray(value) && value.every((type) => types.includes(type));
      if (typeof value !== "boolean" && !listed) mistake(`${key} must be true, or a list of record types.`);
    } else if (key === "CNAME") {
      const [name = value, ...more]: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (typeof name === "string" && more.length === 0) cname = normalName(name);
      else mistake("CNAME must be a name.");
    } else if (isType(key)) {
      const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
      const parsed = texts.map((text) => (typeof text === "string" ? parseRecord(key, text) : undefined));
      const wrong = texts[parsed.indexOf(undefined)];
      if (parsed.includes(undefined)) mistake(`${key} ${JSON.stringify(wrong)} is wrong: write ${forms[key]}.`);
      else records.set(key, parsed as readonly Value[]);
    } else mistake(`"${key}" is unknown.`);
  }
  if (cname !== undefined && records.size > 0) mistake("beside a CNAME there can be no other record.");
  const isNamed = (list: unknown, type: QuestionType): boolean =>
    list === true || (Array.isArray(list) && list.includes(type));
  return {
    records,
    cname,
    secure: fields["secure"] === true,
    ttlSeconds: typeof fields["ttl"] === "number" ? fields["ttl"] : 1,
    fails: (type) =>
      isNamed(fields["timeout"], type) ? "timeout" : isNamed(fields["servfail"], type) ? "servfail" : undefined,
  };
}

const forms: { readonly [type in QuestionType]: string } = {
  MX: '"10 mx.example.org" ("0 ." for a domain without mail)',
  A: '"192.0.2.1"',
  AAAA: '"2001:db8::1"',
  TXT: "a text",
  TLSA: '"3 1 1 " and an even number of hexadecimal digits',
  PTR: "a name",
  SRV: '"0 1 993 mail.example.org"',
};

function parseRecord(type: QuestionType, text: string): Value | undefined {
  switch (type) {
    case "MX": {
      const found = /^(\d{1,5}) +(\S+)$/.exec(text);
      if (found === null || Number(found[1]) > 65_535) return undefined;
      return { preference: Number(found[1]), exchange: normalName(found[2]!) };
    }
    case "SRV": {
      const found = /^(\d{1,5}) +(\d{1,5}) +(\d{1,5}) +(\S+)$/.exec(text);
      const [priority, weight, port] = [Number(found?.[1]), Number(found?.[2]), Number(found?.[3])];
      if (found === null || Math.max(priority, weight, port) > 65_535) return undefined;
      return { priority, weight, port, target: normalName(found[4]!) };
    }
    case "A":
      return isIPv4(text) ? text : undefined;
    case "AAAA":
      return isIPv6(text) ? text : undefined;
    case "TLSA": {
      const found = /^(\d{1,3}) +(\d{1,3}) +(\d{1,3}) +((?:[\da-f]{2})+)$/i.exec(text);
      if (found === null) return undefined;
      const [usage, selector, matchingType] = [Number(found[1]), Number(found[2]), Number(found[3])];
      return { usage, selector, matchingType, data: Buffer.from(found[4]!, "hex") };
    }
    case "PTR":
      return /^\S+$/.test(text) ? normalName(text) : undefined;
    case "TXT":
      return text;
    default:
      return type satisfies never;
  }
}

function answer(zone: Zone, asked: string, type: QuestionType): Answer<Value> {
  let name = asked;
  let secure = true;
  let ttlSeconds = Infinity;
  for (let step = 0; step <= maxAliases; step++) {
    const entry = zone.entries.get(name) ?? wildcard(zone, name);
    if (entry === undefined) return { kind: "none", exists: zone.above.has(name), secure: false, ttlSeconds: 1 };
    const fails = entry.fails(type);
    if (fails !== undefined) return { kind: "trouble", reason: fails };
    secure &&= entry.secure;
    ttlSeconds = Math.min(ttlSeconds, entry.ttlSeconds);
    const records = entry.records.get(type);
    if (records !== undefined)
      return { kind: "found", records, secure, ttlSeconds, ...(name === asked ? {} : { owner: name }) };
    if (entry.cname === undefined) return { kind: "none", exists: true, secure, ttlSeconds };
    name = entry.cname;
  }
  return { kind: "trouble", reason: "servfail" };
}

/** RFC 4592: the nearest "*." above a name that does not exist itself. */
function wildcard(zone: Zone, name: string): Entry | undefined {
  if (zone.above.has(name)) return undefined;
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    const parent = name.slice(dot + 1);
    const found = zone.entries.get(`*.${parent}`);
    if (found !== undefined) return found;
    if (zone.entries.has(parent) || zone.above.has(parent)) return undefined;
  }
  return undefined;
}

function isType(text: string): text is QuestionType {
  return (types as readonly string[]).includes(text);
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
