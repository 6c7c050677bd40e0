/** DMARC aggregate reports as values, and as the XML of RFC 9990 (namespace urn:ietf:params:xml:ns:dmarc-2.0). */

export type PolicyWord = "none" | "quarantine" | "reject";
export type PassFail = "pass" | "fail";

export type PublishedPolicy = {
  /** Where the policy record was found. */
  readonly domain: string;
  readonly p: PolicyWord;
  readonly sp?: PolicyWord | undefined;
  readonly np?: PolicyWord | undefined;
  readonly adkim?: "r" | "s" | undefined;
  readonly aspf?: "r" | "s" | undefined;
  readonly fo?: string | undefined;
  /** t=y */
  readonly testing?: boolean | undefined;
  readonly discovery?: "psl" | "treewalk" | undefined;
};

/** Messages that are the same in all that a report tells of them. */
export type AggregateRow = {
  /** IP address of the peer. */
  readonly source: string;
  readonly disposition: PolicyWord | "pass";
  /** Aligned and passing. */
  readonly dkim: PassFail;
  readonly spf: PassFail;
  /** Why the disposition is not what the policy asks for. */
  readonly reasons: readonly { readonly type: string; readonly comment?: string | undefined }[];
  readonly headerFrom: string;
  /** Domains. */
  readonly envelopeFrom?: string | undefined;
  readonly envelopeTo?: string | undefined;
  readonly dkimResults: readonly {
    readonly domain: string;
    readonly selector?: string | undefined;
    readonly result: string;
  }[];
  readonly spfResults: readonly {
    readonly domain: string;
    readonly scope?: "helo" | "mfrom" | undefined;
    readonly result: string;
  }[];
};

export type AggregateReport = {
  readonly org: string;
  readonly email: string;
  readonly id: string;
  /** Seconds since 1970, both inclusive. */
  readonly begin: number;
  readonly end: number;
  readonly policy: PublishedPolicy;
  readonly errors: readonly string[];
  readonly records: readonly (AggregateRow & { readonly count: number })[];
};

export const dmarcNamespace = "urn:ietf:params:xml:ns:dmarc-2.0";
/** Signatures of one message that a report names. */
export const maxReportedSignatures = 100;

/** RFC 9990, appendix A: order and names of its schema. */
export function aggregateXml(report: AggregateReport, generator: string): string {
  const { policy } = report;
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<feedback xmlns="${dmarcNamespace}">`,
    "  <version>1.0</version>",
    "  <report_metadata>",
    tag("    ", "org_name", report.org),
    tag("    ", "email", report.email),
    tag("    ", "report_id", report.id),
    `    <date_range><begin>${report.begin}</begin><end>${report.end}</end></date_range>`,
    ...report.errors.map((error) => tag("    ", "error", error)),
    tag("    ", "generator", generator),
    "  </report_metadata>",
    "  <policy_published>",
    tag("    ", "domain", policy.domain),
    tag("    ", "p", policy.p),
    tag("    ", "sp", policy.sp),
    tag("    ", "np", policy.np),
    tag("    ", "adkim", policy.adkim),
    tag("    ", "aspf", policy.aspf),
    tag("    ", "fo", policy.fo),
    tag("    ", "testing", policy.testing === true ? "y" : "n"),
    tag("    ", "discovery_method", policy.discovery),
    "  </policy_published>",
    ...report.records.map(recordXml),
    "</feedback>",
    "",
  ];
  return lines.filter((line) => line !== undefined).join("\n");
}

function recordXml(record: AggregateReport["records"][number]): string {
  const reasons = record.reasons.map(
    ({ type, comment }) => `<reason>${tag("", "type", type)}${tag("", "comment", comment) ?? ""}</reason>`,
  );
  const dkim = record.dkimResults
    .slice(0, maxReportedSignatures)
    .map(
      ({ domain, selector, result }) =>
        `<dkim>${tag("", "domain", domain)}${tag("", "selector", selector) ?? ""}${tag("", "result", result)}</dkim>`,
    );
  const spf = record.spfResults.map(
    ({ domain, scope, result }) =>
      `<spf>${tag("", "domain", domain)}${tag("", "scope", scope) ?? ""}${tag("", "result", result)}</spf>`,
  );
  return [
    "  <record>",
    `    <row>${tag("", "source_ip", record.source)}<count>${record.count}</count>`,
    `      <policy_evaluated>${tag("", "disposition", record.disposition)}${tag("", "dkim", record.dkim)}${tag("", "spf", record.spf)}${reasons.join("")}</policy_evaluated>`,
    "    </row>",
    `    <identifiers>${tag("", "envelope_to", record.envelopeTo) ?? ""}${tag("", "envelope_from", record.envelopeFrom) ?? ""}${tag("", "header_from", record.headerFrom)}</identifiers>`,
    `    <auth_results>${dkim.join("")}${spf.join("")}</auth_results>`,
    "  </record>",
  ].join("\n");
}

function tag(indent: string, name: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${indent}<${name}>${escaped(text)}</${name}>`;
}

/** XML 1.0 §2.2: most controls cannot be written at all. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd]/g, "?")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** RFC 9990 §3.5.2: the name says whose report about whom, from when to when. `unique`: letters and digits. */
export function reportFileName(receiver: string, { policy, begin, end }: AggregateReport, unique: string): string {
  return `${receiver}!${policy.domain}!${begin}!${end}!${unique}.xml.gz`;
}

export function reportSubject(receiver: string, { policy, id }: AggregateReport): string {
  return `Report Domain: ${policy.domain} Submitter: ${receiver} Report-ID: <${id}@${receiver}>`;
}

/** One address of rua or ruf: RFC 9989 §4.7, with the size limit of "!10m" (bytes). Only mailto is known. */
export type ReportUri = { readonly address: string; readonly maxBytes: number | undefined };

/** The addresses of a rua= or ruf= value; what is none is left out. */
export function parseReportUris(value: string): readonly ReportUri[] {
  const found: ReportUri[] = [];
  for (const part of value.split(",")) {
    const match = /^mailto:([^!?]+)(?:\?[^!]*)?(?:!(\d{1,15})([kmgt]?))?$/i.exec(part.trim());
    if (match === null) continue;
    let address: string;
    try {
      address = decodeURIComponent(match[1]!);
    } catch {
      continue;
    }
    const power = { "": 0, k: 10, m: 20, g: 30, t: 40 }[(match[3] ?? "").toLowerCase()] ?? 0;
    found.push({ address, maxBytes: match[2] === undefined ? undefined : Number(match[2]) * 2 ** power });
  }
  return found;
}
