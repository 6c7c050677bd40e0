/**
 * DMARC reports that others send us, read in a worker thread: aggregate reports (RFC 9990, and the older form of RFC 7489) and failure
 * reports (RFC 9991, RFC 6591), as rows to be counted. Nothing in them is believed to be true of anybody but its writer.
 */
import { isIP } from "node:net";
import { XMLParser } from "fast-xml-parser";
import { readReport } from "../../protocol/mime/read-report.ts";
import { parseDomain } from "../../protocol/smtp/address.ts";
import { payloadsOf } from "./payloads.ts";

/** Records of one report that are read; more are left out, and the report says so. */
export const maxRecords = 20_000;
/** Opening and closing tags of one report: `maxRecords` records have about a million. More would only keep the reader busy. */
const maxTags = 1_200_000;
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
  const { payloads, faults, root } = await payloadsOf(message, mayBeReport);
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

/** A sentence's end where it is no such report. */
export function readAggregate(bytes: Uint8Array): ReadAggregate | string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  if (tagsIn(bytes) > maxTags) return "has too many tags";
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) return "declares entities: that is no report";
  let root: Node;
  try {
    root = parser.parse(text) as Node;
  } catch {
    return "is no XML";
  }
  const feedback = child(root, "feedback");
  const metadata = child(feedback, "report_metadata");
  const domain = parseDomain(words(child(feedback, "policy_published"), "domain").replace(/\.$/, ""));
  const begin = Number(words(child(metadata, "date_range"), "begin"));
  const id = words(metadata, "report_id");
  if (domain === undefined || id === "" || !Number.isSafeInteger(begin)) return "is no DMARC report";
  const reporter = words(metadata, "org_name") || words(metadata, "email") || "somebody";
  const rows: { row: SourceRow; count: number }[] = [];
  for (const record of nodes(feedback, "record").slice(0, maxRecords)) {
    const read = readRecord(record, domain, reporter);
    if (read !== undefined) rows.push(read);
  }
  return { domain, reporter, id, begin, rows };
}

function tagsIn(bytes: Uint8Array): number {
  let tags = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === 60) tags++;
  return tags;
}

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
