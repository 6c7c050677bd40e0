/**
 * DMARC reports that others send us, read in a worker thread: aggregate reports (RFC 9990, and the older form of RFC 7489) and failure
 * reports (RFC 9991, RFC 6591), as rows to be counted. Nothing in them is believed to be true of anybody but its writer.
 */
import { isIP } from "node:net";
import { XMLParser } from "fast-xml-parser";
import { readReport } from "../../protocol/mime/read-report.ts";
import { parseDomain } from "../../protocol/smtp/address.ts";
import { payloadsOf } from "./payloads.ts";

/** All aggregate reports of one mail together, unpacked: those of the largest senders have some 200,000 records. */
export const maxAggregateBytes = 64 * 1024 * 1024;
/** Records of one report that are read; more are left out. */
export const maxRecords = 200_000;
const maxRecordBytes = 64 * 1024;
/** Tags of what is around the records. */
const maxTags = 10_000;
/** Different rows of one report while it is read, and those that are told of by source: the most frequent. The others are counted together. */
const maxGathered = 50_000;
export const maxRows = 2_000;
/** In place of the addresses of those. */
export const otherSources = "other addresses";
const maxTextChars = 255;
/** Domains of one kind that a row names. */
const maxDomains = 5;

/** One row of an aggregate report, the same for what is counted together. */
export type SourceRow = {
  readonly source: string;
  readonly headerFrom: string;
  readonly disposition: string;
  /** Aligned and passing, as the reporter saw it. */
  readonly dkim: boolean;
  readonly spf: boolean;
  /** Domains whose signature held, and the SPF domain with its result: what it really was. */
  readonly signedBy: readonly string[];
  readonly spfDomain: string;
  readonly spfResult: string;
  /** Who says so. */
  readonly reporter: string;
};

export type ReadAggregate = {
  readonly domain: string;
  readonly reporter: string;
  readonly id: string;
  /** Seconds since 1970. */
  readonly begin: number;
  readonly rows: readonly { readonly row: SourceRow; readonly count: number }[];
};

export type ReadFailure = {
  readonly domain: string;
  readonly at: number | undefined; // milliseconds since 1970
  readonly source: string;
  readonly what: string;
  readonly headerFrom: string;
  readonly envelopeFrom: string;
  readonly result: string;
  readonly messageId: string;
};

export type ReadDmarc = {
  readonly aggregates: readonly ReadAggregate[];
  readonly failure: ReadFailure | undefined;
  /** Sentences about what could not be read. */
  readonly faults: readonly string[];
};

export async function readDmarc(message: Uint8Array): Promise<ReadDmarc> {
  const { payloads, faults, root } = await payloadsOf(message, mayBeReport, maxAggregateBytes);
  const found: string[] = [...faults];
  const aggregates: ReadAggregate[] = [];
  for (const { name, bytes } of payloads) {
    const read = readAggregate(bytes);
    if (typeof read === "string") found.push(`${name || "a part"} ${read}`);
    else aggregates.push(read);
  }
  const failure = root.contentType.subtype === "report" ? readFailure(message) : undefined;
  return { aggregates, failure, faults: found };
}

function mayBeReport(type: string, name: string): boolean {
  if (/\/(?:gzip|x-gzip|zip|x-zip|x-zip-compressed|xml)$/.test(type) || type === "text/xml") return true;
  return type !== "text/plain" && /\.(?:xml|xml\.gz|gz|zip)$/.test(name);
}

const lists = new Set(["record", "dkim", "spf", "reason", "error"]);
const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  processEntities: false,
  htmlEntities: false,
  maxNestedTags: 20,
  isArray: (name) => lists.has(name),
});

type Node = { readonly [name: string]: unknown };

/** Record by record, so that one of 200,000 takes little more memory than its bytes. A sentence's end where it is no such report. */
export function readAggregate(given: Uint8Array): ReadAggregate | string {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  // One character for each byte: places in it are places in the bytes.
  const text = bytes.toString("latin1");
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return "declares entities: that is no report";
  const records: [from: number, to: number][] = [];
  const around: string[] = [];
  let [from, outside] = [-1, 0];
  for (const tag of text.matchAll(/<(\/?)(?:[\w.-]{1,40}:)?record(?:\s[^<>]{0,999})?>/g)) {
    if (tag[1] === "") {
      if (from < 0) from = tag.index;
    } else if (from >= 0) {
      around.push(bytes.toString("utf8", outside, from));
      outside = tag.index + tag[0].length;
      if (records.length < maxRecords && outside - from <= maxRecordBytes) records.push([from, outside]);
      from = -1;
    }
  }
  around.push(bytes.toString("utf8", outside));
  if (around.reduce((tags, piece) => tags + tagsIn(piece), 0) > maxTags) return "has too many tags";
  const root = parsed(around.join(""));
  if (root === undefined) return "is no XML";
  const feedback = child(root, "feedback");
  const metadata = child(feedback, "report_metadata");
  const domain = parseDomain(words(child(feedback, "policy_published"), "domain").replace(/\.$/, ""));
  const begin = Number(words(child(metadata, "date_range"), "begin"));
  const id = words(metadata, "report_id");
  if (domain === undefined || id === "" || !Number.isSafeInteger(begin)) return "is no DMARC report";
  const reporter = words(metadata, "org_name") || words(metadata, "email") || "somebody";
  const rows = new Rows();
  const read = recordReader((text) => {
    const record = nodes(parsed(text) ?? {}, "record")[0];
    return record === undefined ? undefined : readRecord(record, domain, reporter);
  });
  for (const [start, end] of records) {
    const one = read(bytes.toString("utf8", start, end));
    if (one !== undefined) rows.add(one.row, one.count);
  }
  return { domain, reporter, id, begin, rows: rows.all(domain) };
}

type Row = ReadAggregate["rows"][number];

/** Most records of a report differ in their address and count alone: what is around those is read once. */
function recordReader(read: (record: string) => Row | undefined): typeof read {
  const known = new Map<string, Row>();
  return (text) => {
    const [ipFrom, ipTo] = valueIn(text, "source_ip", 0);
    const [countFrom, countTo] = valueIn(text, "count", ipTo);
    const [source, number] = [text.slice(ipFrom, ipTo), text.slice(countFrom, countTo)];
    if (!/^\d{1,12}$/.test(number)) return read(text);
    const [before, between, after] = [text.slice(0, ipFrom), text.slice(ipTo, countFrom), text.slice(countTo)];
    const around = `${before}\0${between}\0${after}`;
    const alike = known.get(around);
    if (alike !== undefined && isIP(source) !== 0 && Number(number) > 0)
      return { row: { ...alike.row, source: source.toLowerCase() }, count: Number(number) };
    const one = read(text);
    if (one?.row.source === source.toLowerCase() && one.count === Number(number) && known.size < maxGathered)
      known.set(around, one);
    return one;
  };
}

/** Where the text of the first such element after `at` is; nothing of it where there is none. */
function valueIn(text: string, name: string, at: number): readonly [from: number, to: number] {
  const found = text.indexOf(`${name}>`, at);
  const from = found + name.length + 1;
  const to = found < 1 || !/[<:]/.test(text[found - 1]!) ? -1 : text.indexOf("<", from);
  return to < 0 ? [0, 0] : [from, to];
}

function parsed(text: string): Node | undefined {
  try {
    return parser.parse(text) as Node;
  } catch {
    return undefined;
  }
}

function tagsIn(text: string): number {
  let tags = 0;
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at + 1)) tags++;
  return tags;
}

/** Rows that are alike are one; of very many different ones the rarest are counted without their addresses. */
class Rows {
  readonly #rows = new Map<string, { readonly row: SourceRow; count: number }>();
  readonly #others = new Map<string, { readonly row: SourceRow; count: number }>();

  add(row: SourceRow, count: number): void {
    const key = JSON.stringify(row);
    const known = this.#rows.get(key);
    if (known !== undefined) known.count += count;
    else if (this.#rows.size < maxGathered) this.#rows.set(key, { row, count });
    else this.#addOther(row, count);
  }

  all(domain: string): ReadAggregate["rows"] {
    const all = [...this.#rows.values()];
    if (all.length <= maxRows && this.#others.size === 0) return all;
    all.sort((one, other) => other.count - one.count);
    for (const { row, count } of all.splice(maxRows)) this.#addOther(row, count);
    return [
      ...all,
      ...[...this.#others.values()].map(({ row, count }) => ({ row: { ...row, headerFrom: domain }, count })),
    ];
  }

  #addOther({ dkim, spf, disposition, reporter }: SourceRow, count: number): void {
    const fate = dispositions.has(disposition) ? disposition : "none";
    const key = `${dkim} ${spf} ${fate}`;
    const known = this.#others.get(key);
    if (known !== undefined) known.count += count;
    else {
      const nobody = { source: otherSources, headerFrom: "", signedBy: [], spfDomain: "", spfResult: "" };
      this.#others.set(key, { row: { ...nobody, disposition: fate, dkim, spf, reporter }, count });
    }
  }
}
const dispositions = new Set(["none", "quarantine", "reject", "pass"]);

function readRecord(record: Node, domain: string, reporter: string): ReadAggregate["rows"][number] | undefined {
  const row = child(record, "row");
  const source = words(row, "source_ip");
  const count = Number(words(row, "count"));
  if (isIP(source) === 0 || !Number.isSafeInteger(count) || count < 1 || count > 1e12) return undefined;
  const evaluated = child(row, "policy_evaluated");
  const results = child(record, "auth_results");
  // In policy_evaluated dkim and spf are words, in auth_results they are lists of results.
  const passed = (name: string): boolean => {
    const value = evaluated[name];
    return clean(Array.isArray(value) ? value[0] : value).toLowerCase() === "pass";
  };
  const spf = nodes(results, "spf")[0] ?? {};
  const signedBy = nodes(results, "dkim")
    .filter((one) => words(one, "result").toLowerCase() === "pass")
    .map((one) => words(one, "domain").toLowerCase());
  return {
    count,
    row: {
      source: source.toLowerCase(),
      headerFrom: words(child(record, "identifiers"), "header_from").toLowerCase() || domain,
      disposition: words(evaluated, "disposition").toLowerCase() || "none",
      dkim: passed("dkim"),
      spf: passed("spf"),
      signedBy: [...new Set(signedBy)].slice(0, maxDomains),
      spfDomain: words(spf, "domain").toLowerCase(),
      spfResult: words(spf, "result").toLowerCase(),
      reporter,
    },
  };
}

function readFailure(message: Uint8Array): ReadFailure | undefined {
  const read = readReport(message);
  if (read?.kind !== "complaint" || read.feedbackType !== "auth-failure") return undefined;
  const headerFrom = read.original?.from ?? "";
  const domain = parseDomain(read.reportedDomain ?? headerFrom.slice(headerFrom.lastIndexOf("@") + 1));
  if (domain === undefined) return undefined;
  return {
    domain,
    at: read.arrivalDate,
    source: clean(read.sourceIp),
    what: clean(read.authFailure) || "dmarc",
    headerFrom: clean(headerFrom),
    envelopeFrom: clean(read.originalMailFrom),
    result: clean(read.deliveryResult),
    messageId: clean(read.original?.messageId),
  };
}

function child(node: Node, name: string): Node {
  const value = node[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Node) : {};
}

function nodes(node: Node, name: string): readonly Node[] {
  const value = node[name];
  return Array.isArray(value) ? value.filter((one): one is Node => typeof one === "object" && one !== null) : [];
}

function words(node: Node, name: string): string {
  return clean(node[name]);
}

const entities: { readonly [name: string]: string } = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** One line of bounded length. The five entities of XML itself are the only ones. */
function clean(value: unknown): string {
  if (typeof value !== "string") return "";
  return value
    .slice(0, maxTextChars * 4)
    .replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name]!)
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, " ")
    .trim()
    .slice(0, maxTextChars);
}
