/**
 * Reports as receivers of mail really send them: DMARC as Google (a zip that is the whole mail), Microsoft (gzip beside HTML) and Yahoo write
 * them by RFC 7489 and others by RFC 9990, TLS by RFC 8460. What they say is given in plain figures, so that a test knows them.
 */
import { gzipSync } from "node:zlib";
import { zip } from "./attachments/containers.ts";

const daySeconds = 86_400;

export type Told = {
  readonly source: string;
  readonly count: number;
  readonly dkim: boolean;
  readonly spf: boolean;
  readonly disposition: "none" | "quarantine" | "reject";
  /** Whose signature held, and for whom SPF passed. */
  readonly signedBy?: string;
  readonly spfDomain?: string;
};

/** A report as a mail: its author, and all of it as it is sent. */
export type ReportMail = { readonly from: string; readonly raw: Buffer };

type Dmarc = {
  readonly domain: string;
  readonly to: string /** Days since 1970. */;
  readonly day: number;
  readonly records: readonly Told[];
};
type Shape = {
  readonly organisation: string;
  readonly from: string;
  readonly form: "7489" | "9990";
  readonly packed: "zip alone" | "gzip beside HTML" | "gzip beside text" | "zip beside text";
};

export const reporters = {
  google: { organisation: "google.com", from: "noreply-dmarc-support@google.com", form: "7489", packed: "zip alone" },
  microsoft: {
    organisation: "Enterprise Outlook",
    from: "dmarcreport@microsoft.com",
    form: "7489",
    packed: "gzip beside HTML",
  },
  yahoo: { organisation: "Yahoo", from: "noreply@dmarc.yahoo.com", form: "7489", packed: "gzip beside text" },
  modern: { organisation: "mailbox.harbour", from: "reports@mailbox.harbour", form: "9990", packed: "zip beside text" },
} as const satisfies { readonly [name: string]: Shape };
export type Reporter = keyof typeof reporters;

/** `bytes` in place of the file that is due: what is broken comes the same way. */
export function dmarcReport(by: Reporter, about: Dmarc, bytes?: Buffer): ReportMail {
  const shape: Shape = reporters[by];
  const { domain, day } = about;
  const [begin, end] = [day * daySeconds, (day + 1) * daySeconds - 1];
  const id = `${day}${shape.organisation.length}${domain.length}`;
  const name = `${shape.from.slice(shape.from.indexOf("@") + 1)}!${domain}!${begin}!${end}`;
  const xml = Buffer.from(shape.form === "7489" ? oldXml(shape, id, about) : newXml(shape, id, about));
  const packed = bytes ?? (shape.packed.startsWith("zip") ? zip([{ name: `${name}.xml`, bytes: xml }]) : gzipSync(xml));
  const fileName = `${name}.${shape.packed.startsWith("zip") ? "zip" : "xml.gz"}`;
  const file = [
    `Content-Type: application/${shape.packed.startsWith("zip") ? "zip" : "gzip"}; name="${fileName}"`,
    `Content-Disposition: attachment; filename="${fileName}"`,
    "Content-Transfer-Encoding: base64",
  ];
  const head = [
    `From: ${shape.from}`,
    `To: ${about.to}`,
    `Subject: Report domain: ${domain} Submitter: ${shape.organisation} Report-ID: ${id}`,
    `Date: ${new Date(end * 1000).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id}.${day}@${shape.from.slice(shape.from.indexOf("@") + 1)}>`,
    "MIME-Version: 1.0",
  ];
  const text = shape.packed === "gzip beside HTML" ? htmlPart : textPart;
  return {
    from: shape.from,
    raw:
      shape.packed === "zip alone"
        ? mail([...head, ...file, "", base64(packed)])
        : mixed(head, "mixed", text, [...file, "", base64(packed)]),
  };
}

/** As Google and most others: elements of RFC 7489, no namespace. */
function oldXml({ organisation, from }: Shape, id: string, { domain, day, records }: Dmarc): string {
  return `<?xml version="1.0" encoding="UTF-8" ?>
<feedback>
  <version>1.0</version>
  <report_metadata>
    <org_name>${organisation}</org_name>
    <email>${from}</email>
    <extra_contact_info>https://support.${organisation.toLowerCase().replace(" ", "-")}/dmarc</extra_contact_info>
    <report_id>${id}</report_id>
    <date_range><begin>${day * daySeconds}</begin><end>${(day + 1) * daySeconds - 1}</end></date_range>
  </report_metadata>
  <policy_published><domain>${domain}</domain><adkim>r</adkim><aspf>r</aspf><p>quarantine</p><sp>quarantine</sp><pct>100</pct><np>quarantine</np></policy_published>
${records.map((one) => record(one, domain, one.disposition)).join("\n")}
</feedback>
`;
}

/** RFC 9990: a namespace, "pass" as a disposition, how the policy was found, no pct. */
function newXml({ organisation, from }: Shape, id: string, { domain, day, records }: Dmarc): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
  <version>1.0</version>
  <report_metadata>
    <org_name>${organisation}</org_name>
    <email>${from}</email>
    <report_id>${id}</report_id>
    <date_range><begin>${day * daySeconds}</begin><end>${(day + 1) * daySeconds - 1}</end></date_range>
    <generator>Harbour 2</generator>
  </report_metadata>
  <policy_published><domain>${domain}</domain><p>quarantine</p><sp>quarantine</sp><np>quarantine</np><discovery_method>treewalk</discovery_method><testing>n</testing></policy_published>
${records.map((one) => record(one, domain, one.dkim || one.spf ? "pass" : one.disposition)).join("\n")}
</feedback>
`;
}

const word = (passes: boolean): string => (passes ? "pass" : "fail");
const record = ({ source, count, dkim, spf, signedBy, spfDomain }: Told, domain: string, disposition: string): string =>
  `  <record>
    <row><source_ip>${source}</source_ip><count>${count}</count>
      <policy_evaluated><disposition>${disposition}</disposition><dkim>${word(dkim)}</dkim><spf>${word(spf)}</spf></policy_evaluated></row>
    <identifiers><envelope_from>${spfDomain ?? domain}</envelope_from><header_from>${domain}</header_from></identifiers>
    <auth_results>${signedBy === undefined ? "" : `<dkim><domain>${signedBy}</domain><selector>s1</selector><result>pass</result></dkim>`}<spf><domain>${spfDomain ?? domain}</domain><scope>mfrom</scope><result>${word(spf || spfDomain !== undefined)}</result></spf></auth_results>
  </record>`;

export type TlsTold = {
  readonly succeeded: number;
  readonly failures: readonly {
    readonly result: string;
    readonly count: number;
    readonly mxHost: string;
    readonly reason?: string;
  }[];
};

/** It counts where its author's domain has signed it: that is done by who sends it. */
export function tlsReport(
  by: { readonly organisation: string; readonly domain: string },
  about: { readonly domain: string; readonly to: string; readonly day: number; readonly told: TlsTold },
  bytes?: Buffer,
): ReportMail {
  const { domain, day, told } = about;
  const iso = (at: number): string => new Date(at * 1000).toISOString().replace(".000", "");
  const [begin, end] = [day * daySeconds, (day + 1) * daySeconds - 1];
  const id = `${iso(begin)}_${domain}_${by.domain}`;
  const json = JSON.stringify({
    "organization-name": by.organisation,
    "date-range": { "start-datetime": iso(begin), "end-datetime": iso(end) },
    "contact-info": `smtp-tls-reporting@${by.domain}`,
    "report-id": id,
    policies: [
      {
        policy: {
          "policy-type": "sts",
          "policy-string": ["version: STSv1", "mode: enforce", `mx: mail.${domain}`, "max_age: 86400"],
          "policy-domain": domain,
          "mx-host": [`mail.${domain}`],
        },
        summary: {
          "total-successful-session-count": told.succeeded,
          "total-failure-session-count": told.failures.reduce((sum, { count }) => sum + count, 0),
        },
        "failure-details": told.failures.map(({ result, count, mxHost, reason }) => ({
          "result-type": result,
          "sending-mta-ip": "192.0.2.25",
          "receiving-mx-hostname": mxHost,
          "receiving-ip": "203.0.113.5",
          "failed-session-count": count,
          ...(reason === undefined ? {} : { "failure-reason-code": reason }),
        })),
      },
    ],
  });
  const fileName = `${by.domain}!${domain}!${begin}!${end}!001.json.gz`;
  const from = `noreply-smtp-tls-reporting@${by.domain}`;
  const head = [
    `From: ${from}`,
    `To: ${about.to}`,
    `Subject: Report Domain: ${domain} Submitter: ${by.domain} Report-ID: <${id}>`,
    `Date: ${new Date(end * 1000).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id.replaceAll(":", ".")}@${by.domain}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${by.domain}`,
    "MIME-Version: 1.0",
  ];
  const file = [
    `Content-Type: application/tlsrpt+gzip; name="${fileName}"`,
    `Content-Disposition: attachment; filename="${fileName}"`,
    "Content-Transfer-Encoding: base64",
    "",
    base64(bytes ?? gzipSync(json)),
  ];
  return { from, raw: mixed(head, "report; report-type=tlsrpt", textPart, file) };
}

const textPart = ["Content-Type: text/plain; charset=us-ascii", "", "This is an aggregate report."];
const htmlPart = [
  "Content-Type: text/html; charset=utf-8",
  "",
  "<div><p>This is a DMARC aggregate report. Please do not reply.</p></div>",
];
const base64 = (bytes: Buffer): string => bytes.toString("base64").replace(/.{76}/g, "$&\r\n");
const mail = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join("\r\n")}\r\n`);
const mixed = (head: readonly string[], subtype: string, text: readonly string[], file: readonly string[]): Buffer =>
  mail([
    ...head,
    `Content-Type: multipart/${subtype}; boundary="part"`,
    "",
    "--part",
    ...text,
    "--part",
    ...file,
    "--part--",
  ]);
