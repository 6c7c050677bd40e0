/** SMTP TLS reports (RFC 8460): the record that asks for them, and the report itself, written and read. Pure. */

export const failureTypes = [
  "starttls-not-supported",
  "certificate-host-mismatch",
  "certificate-expired",
  "certificate-not-trusted",
  "validation-failure",
  "tlsa-invalid",
  "dnssec-invalid",
  "dane-required",
  "sts-policy-fetch-error",
  "sts-policy-invalid",
  "sts-webpki-invalid",
] as const;
/** RFC 8460 §4.3. */
export type FailureType = (typeof failureTypes)[number];

export const policyTypes = ["tlsa", "sts", "no-policy-found"] as const;

/** A policy as reports name it (RFC 8460 §4.2). */
export type ReportedPolicy = {
  readonly type: (typeof policyTypes)[number];
  /** The TLSA records, or the lines of the MTA-STS policy. */
  readonly strings: readonly string[];
  readonly domain: string;
  /** The patterns of the MTA-STS policy. */
  readonly mxHosts: readonly string[];
};

/** What connections that failed have in common; texts are "" where they are not known. */
export type TlsFailureDetail = {
  readonly result: string;
  readonly sendingIp: string;
  readonly mxHost: string;
  readonly receivingIp: string;
  readonly reason: string;
};

export type TlsReport = {
  readonly organisation: string;
  readonly contact: string;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly policies: readonly {
    readonly policy: ReportedPolicy;
    readonly succeeded: number;
    readonly failed: number;
    readonly failures: readonly (TlsFailureDetail & { readonly sessions: number })[];
  }[];
};

/** Policies of one report, and failures of one policy, that are read. */
export const maxPolicies = 100;
export const maxFailures = 1000;
const maxTextChars = 1000;
const maxStrings = 100;

/** RFC 8460 §3: where reports about a domain go ("mailto:…", "https:…"); none without the one valid record. */
export function reportAddresses(texts: readonly string[]): readonly string[] {
  const records = texts.filter((text) => /^v=TLSRPTv1\s*;/.test(text));
  if (records.length !== 1) return [];
  for (const field of records[0]!.split(";")) {
    const found = /^\s*rua\s*=\s*(\S.*)$/s.exec(field);
    if (found === null) continue;
    return found[1]!
      .split(",")
      .map((uri) => uri.trim().replace(/!\d+[kmgt]?$/i, ""))
      .filter((uri) => /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/i.test(uri))
      .slice(0, maxAddresses);
  }
  return [];
}

/** Addresses of one record that get a report. */
const maxAddresses = 5;

/** The report as JSON (RFC 8460 §4.4). */
export function writeTlsReport(report: TlsReport): string {
  return JSON.stringify({
    "organization-name": report.organisation,
    "date-range": { "start-datetime": dateTime(report.start), "end-datetime": dateTime(report.end) },
    "contact-info": report.contact,
    "report-id": report.id,
    policies: report.policies.map(({ policy, succeeded, failed, failures }) => ({
      policy: {
        "policy-type": policy.type,
        ...(policy.strings.length > 0 ? { "policy-string": policy.strings } : {}),
        "policy-domain": policy.domain,
        ...(policy.mxHosts.length > 0 ? { "mx-host": policy.mxHosts } : {}),
      },
      summary: { "total-successful-session-count": succeeded, "total-failure-session-count": failed },
      ...(failures.length > 0
        ? {
            "failure-details": failures.map((one) => ({
              "result-type": one.result,
              ...told("sending-mta-ip", one.sendingIp),
              ...told("receiving-mx-hostname", one.mxHost),
              ...told("receiving-ip", one.receivingIp),
              "failed-session-count": one.sessions,
              ...told("failure-reason-code", one.reason),
            })),
          }
        : {}),
    })),
  });
}

/** RFC 3339, whole seconds. */
const dateTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
const told = (name: string, value: string): { readonly [name: string]: string } =>
  value === "" ? {} : { [name]: value };

/** Reads a report; a sentence where it is none. Texts and lists are cut to their bounds. */
export function readTlsReport(json: string): TlsReport | { readonly mistake: string } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { mistake: "the report is no JSON" };
  }
  if (!isObject(value)) return { mistake: "the report is no JSON object" };
  const range = value["date-range"];
  const start = isObject(range) ? Date.parse(text(range["start-datetime"])) : Number.NaN;
  const end = isObject(range) ? Date.parse(text(range["end-datetime"])) : Number.NaN;
  if (!Number.isFinite(start) || !Number.isFinite(end)) return { mistake: "the report has no date-range" };
  const id = text(value["report-id"]);
  if (id === "") return { mistake: "the report has no report-id" };
  const policies = list(value["policies"]).slice(0, maxPolicies).flatMap(readPolicy);
  if (policies.length === 0) return { mistake: "the report names no policy" };
  return {
    organisation: text(value["organization-name"]),
    contact: text(value["contact-info"]),
    id,
    start,
    end,
    policies,
  };
}

function readPolicy(entry: unknown): TlsReport["policies"][number][] {
  if (!isObject(entry) || !isObject(entry["policy"])) return [];
  const about = entry["policy"];
  const summary = isObject(entry["summary"]) ? entry["summary"] : {};
  const type = policyTypes.find((known) => known === about["policy-type"]);
  const domain = text(about["policy-domain"]).toLowerCase().replace(/\.$/, "");
  if (type === undefined || domain === "") return [];
  return [
    {
      policy: {
        type,
        domain,
        strings: texts(about["policy-string"]),
        mxHosts: texts(about["mx-host"] ?? about["mx-host-pattern"]),
      },
      succeeded: count(summary["total-successful-session-count"]),
      failed: count(summary["total-failure-session-count"]),
      failures: list(entry["failure-details"]).slice(0, maxFailures).flatMap(readFailure),
    },
  ];
}

function readFailure(entry: unknown): TlsReport["policies"][number]["failures"][number][] {
  if (!isObject(entry)) return [];
  return [
    {
      result: text(entry["result-type"]),
      sendingIp: text(entry["sending-mta-ip"]),
      mxHost: text(entry["receiving-mx-hostname"]),
      receivingIp: text(entry["receiving-ip"]),
      reason: text(entry["failure-reason-code"]) || text(entry["additional-information"]),
      sessions: count(entry["failed-session-count"]),
    },
  ];
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
/** Strangers' words go to terminals: no control characters. */
const text = (value: unknown): string =>
  typeof value === "string"
    ? value
        .slice(0, maxTextChars)
        .replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, " ")
        .trim()
    : "";
const texts = (value: unknown): readonly string[] =>
  (typeof value === "string" ? [value] : list(value)).slice(0, maxStrings).map(text);
const count = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
