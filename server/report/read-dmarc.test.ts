import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { composeMessage } from "../../protocol/mime/compose.ts";
import {
  type AggregateReport,
  aggregateXml,
  parseReportUris,
  reportFileName,
  reportSubject,
} from "../../protocol/report/aggregate.ts";
import { maxAggregateBytes, maxRows, otherSources, readAggregate, readDmarc } from "./read-dmarc.ts";

const report: AggregateReport = {
  org: "Receiver & <Sons>",
  email: "dmarc@receiver.test",
  id: "2026.abc",
  begin: 1_767_312_000,
  end: 1_767_398_399,
  policy: { domain: "example.test", p: "reject", sp: "quarantine", adkim: "r", testing: false, discovery: "treewalk" },
  errors: [],
  records: [
    {
      source: "198.51.100.7",
      count: 412,
      disposition: "reject",
      dkim: "fail",
      spf: "fail",
      reasons: [{ type: "local_policy", comment: "arc=fail" }],
      headerFrom: "example.test",
      envelopeFrom: "evil.test",
      dkimResults: [],
      spfResults: [{ domain: "evil.test", scope: "mfrom", result: "pass" }],
    },
    {
      source: "2001:db8::1",
      count: 3,
      disposition: "pass",
      dkim: "pass",
      spf: "fail",
      reasons: [],
      headerFrom: "news.example.test",
      dkimResults: [
        { domain: "example.test", selector: "r1", result: "pass" },
        { domain: "other.test", selector: "x", result: "fail" },
      ],
      spfResults: [],
    },
  ],
};
const xml = aggregateXml(report, "Angarium");

/** The older form: no namespace, fields in another order and some missing, as reporters of the first years write it. */
const legacy = `<?xml version="1.0"?>
<feedback><report_metadata><org_name>old.test</org_name><email>x@old.test</email><report_id>17</report_id>
<date_range><begin>1767312000</begin><end>1767398399</end></date_range></report_metadata>
<policy_published><domain>EXAMPLE.test</domain><p>none</p><pct>100</pct></policy_published>
<record><row><source_ip>192.0.2.5</source_ip><count>1</count><policy_evaluated><disposition>none</disposition><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>
<identifiers><header_from>example.test</header_from></identifiers>
<auth_results><spf><domain>example.test</domain><result>pass</result></spf></auth_results></record></feedback>`;

function zipOf(name: string, content: Buffer, claimed = content.length): Buffer {
  const packed = deflateRawSync(content);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(packed.length, 18);
  local.writeUInt32LE(claimed, 22);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 6);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(claimed, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + name.length, 12);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}

const mailWith = (type: string, fileName: string, bytes: Buffer): Buffer =>
  composeMessage([{ name: "Subject", text: "Report" }], {
    kind: "multipart",
    subtype: "mixed",
    boundary: "b0",
    parts: [
      { kind: "text", subtype: "plain", text: "see there" },
      { kind: "file", type, bytes, disposition: "attachment", fileName },
    ],
  });

const packings: readonly [name: string, type: string, file: string, bytes: Buffer][] = [
  ["gzip", "application/gzip", "r!example.test!1!2.xml.gz", gzipSync(xml)],
  ["zip", "application/zip", "r!example.test!1!2.zip", zipOf("r.xml", Buffer.from(xml))],
  ["plain XML", "text/xml", "r.xml", Buffer.from(xml)],
  ["gzip that is called something else", "application/octet-stream", "r.xml.gz", gzipSync(xml)],
  ["zip that is called gzip", "application/gzip", "r.gz", zipOf("r.xml", Buffer.from(xml))],
];
for (const [name, type, file, bytes] of packings)
  test(`reads ${name}`, async () => {
    const { aggregates, faults } = await readDmarc(mailWith(type, file, bytes));
    assert.deepEqual(faults, []);
    assert.equal(aggregates.length, 1);
    const [read] = aggregates;
    assert.deepEqual(
      [read!.domain, read!.reporter, read!.id, read!.begin],
      ["example.test", "Receiver & <Sons>", "2026.abc", 1_767_312_000],
    );
    assert.deepEqual(
      read!.rows.map(({ row, count }) => ({ ...row, count })),
      [
        {
          source: "198.51.100.7",
          headerFrom: "example.test",
          disposition: "reject",
          dkim: false,
          spf: false,
          signedBy: [],
          spfDomain: "evil.test",
          spfResult: "pass",
          reporter: "Receiver & <Sons>",
          count: 412,
        },
        {
          source: "2001:db8::1",
          headerFrom: "news.example.test",
          disposition: "pass",
          dkim: true,
          spf: false,
          signedBy: ["example.test"],
          spfDomain: "",
          spfResult: "",
          reporter: "Receiver & <Sons>",
          count: 3,
        },
      ],
    );
  });

test("reads the older form", () => {
  const read = readAggregate(Buffer.from(legacy));
  assert.ok(typeof read === "object");
  assert.equal(read.domain, "example.test");
  assert.deepEqual(
    [read.rows[0]!.row.spf, read.rows[0]!.row.dkim, read.rows[0]!.row.source],
    [true, false, "192.0.2.5"],
  );
  const old = legacy.replace("<feedback>", '<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">');
  assert.deepEqual(readAggregate(Buffer.from(old)), read);
  const prefixed = legacy.replace(/<(\/?)(?=[a-z])/g, "<$1d:").replace("<d:feedback>", '<d:feedback xmlns:d="x">');
  assert.deepEqual(readAggregate(Buffer.from(prefixed)), read);
});

const bombs: readonly [name: string, type: string, bytes: () => Buffer, fault: RegExp][] = [
  ["a gzip bomb", "application/gzip", () => gzipSync(Buffer.alloc(maxAggregateBytes + 1)), /unpacks to too much/],
  ["a zip bomb", "application/zip", () => zipOf("r.xml", Buffer.alloc(maxAggregateBytes + 1)), /unpacks to too much/],
  [
    "a zip that lies about its size",
    "application/zip",
    () => zipOf("r.xml", Buffer.alloc(maxAggregateBytes + 1), 10),
    /cannot be unpacked|too much/,
  ],
  ["half a gzip", "application/gzip", () => gzipSync(xml).subarray(0, 50), /cannot be unpacked/],
  ["half a zip", "application/zip", () => zipOf("r.xml", Buffer.from(xml)).subarray(0, 50), /cannot be unpacked/],
  ["an empty file", "application/gzip", () => Buffer.alloc(0), /no DMARC report|no XML/],
  ["entities", "text/xml", () => Buffer.from(`<!DOCTYPE x [<!ENTITY a "b">]>${legacy}`), /declares entities/],
  ["very many tags", "text/xml", () => Buffer.from(`<feedback>${"<a/>".repeat(1_500_000)}`), /too many tags/],
  ["a deep tree", "text/xml", () => Buffer.from("<a>".repeat(5_000)), /no XML/],
  ["another XML", "text/xml", () => Buffer.from("<html><body>x</body></html>"), /no DMARC report/],
  [
    "noise",
    "application/gzip",
    () => Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)),
    /no XML|no DMARC report/,
  ],
];
for (const [name, type, bytes, fault] of bombs)
  test(`is no match for ${name}`, async () => {
    const { aggregates, faults } = await readDmarc(mailWith(type, "r.xml", bytes()));
    assert.deepEqual(aggregates, []);
    assert.equal(faults.length, 1);
    assert.match(faults[0]!, fault);
  });

test("of a report of very many records the most frequent rows are told, the others counted together; nonsense is left out", () => {
  const record = /<record>[\s\S]*<\/record>/.exec(legacy)![0];
  const count = Number(/<count>(\d+)</.exec(record)![1]);
  const from = (i: number): string => record.replace("192.0.2.5", `198.51.${i >> 8}.${i & 255}`);
  const records = Array.from({ length: maxRows + 500 }, (_, i) => from(i));
  const failing = from(9_999).replaceAll(">pass<", ">fail<");
  const many = readAggregate(Buffer.from(legacy.replace(record, [...records, from(7), from(7), failing].join("\n"))));
  assert.ok(typeof many === "object");
  assert.equal(many.rows.length, maxRows + 2);
  assert.deepEqual([many.rows[0]!.row.source, many.rows[0]!.count], ["198.51.0.7", 3 * count]);
  assert.deepEqual(
    many.rows.slice(maxRows).map(({ row, count }) => [row.source, row.dkim || row.spf, count]),
    [
      [otherSources, true, 500 * count],
      [otherSources, false, count],
    ],
  );
  for (const [from, to] of [
    ["192.0.2.5", "somewhere"],
    ["<count>1<", "<count>-1<"],
    ["<count>1<", "<count>many<"],
  ] as const) {
    const read = readAggregate(Buffer.from(legacy.replace(from, to)));
    assert.ok(typeof read === "object");
    assert.deepEqual(read.rows, []);
  }
});

test("any cut of a report is read or refused, never more", () => {
  const bytes = Buffer.from(legacy);
  for (let end = 0; end < bytes.length; end += 7) readAggregate(bytes.subarray(0, end));
  let seed = 1;
  for (let round = 0; round < 2000; round++) {
    const copy = Buffer.from(bytes);
    for (let change = 0; change < 3; change++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      copy[seed % copy.length] = (seed >> 8) & 255;
    }
    readAggregate(copy);
  }
});

test("a failure report", async () => {
  const text = `From: arf@receiver.test
Subject: FW: x
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

hello
--b
Content-Type: message/feedback-report

Feedback-Type: auth-failure
User-Agent: X/1
Version: 1
Original-Mail-From: <a@evil.test>
Arrival-Date: Thu, 01 Jan 2026 12:00:00 +0000
Source-IP: 198.51.100.7
Reported-Domain: Example.test
Auth-Failure: dmarc
Delivery-Result: reject

--b
Content-Type: message/rfc822

From: Boss <boss@example.test>
Message-ID: <1@evil.test>
Subject: pay

x
--b--
`;
  const { failure, aggregates, faults } = await readDmarc(Buffer.from(text.replaceAll("\n", "\r\n")));
  assert.deepEqual([aggregates, faults], [[], []]);
  assert.deepEqual(failure, {
    domain: "example.test",
    at: Date.UTC(2026, 0, 1, 12),
    source: "198.51.100.7",
    what: "dmarc",
    headerFrom: "boss@example.test",
    envelopeFrom: "a@evil.test",
    result: "reject",
    messageId: "1@evil.test",
  });
});

test("names, subjects and addresses of reports", () => {
  assert.equal(reportFileName("mx.us.test", report, "abc"), "mx.us.test!example.test!1767312000!1767398399!abc.xml.gz");
  assert.equal(
    reportSubject("mx.us.test", report),
    "Report Domain: example.test Submitter: mx.us.test Report-ID: <2026.abc@mx.us.test>",
  );
  assert.deepEqual(
    parseReportUris(" mailto:a@b.test!10m , https://x.test/, mailto:c%2Bd@e.test, mailto:f@g.test!5k,x"),
    [
      { address: "a@b.test", maxBytes: 10 * 2 ** 20 },
      { address: "c+d@e.test", maxBytes: undefined },
      { address: "f@g.test", maxBytes: 5 * 2 ** 10 },
    ],
  );
});
