import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { writeTlsReport } from "../../protocol/policy/tls-report.ts";
import { readTls } from "./read-tls.ts";

const json = writeTlsReport({
  organisation: "Org",
  contact: "x@org.test",
  id: "1",
  start: 0,
  end: 1000,
  policies: [
    {
      policy: { type: "no-policy-found", strings: [], domain: "a.test", mxHosts: [] },
      succeeded: 1,
      failed: 0,
      failures: [],
    },
  ],
});

const mail = (type: string, body: Buffer, more = ""): Buffer =>
  Buffer.from(
    `From: <x@org.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n` +
      `--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: ${type}\r\n${more}Content-Transfer-Encoding: base64\r\n\r\n` +
      `${body.toString("base64").replace(/.{76}/g, "$&\r\n")}\r\n--b--\r\n`,
  );

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, " "));
const cases: readonly [
  name: string,
  form: "mail" | "alone",
  bytes: Buffer,
  reports: number,
  fault: RegExp | undefined,
][] = [
  ["gzip in a mail", "mail", mail("application/tlsrpt+gzip", gzipSync(json)), 1, undefined],
  ["JSON in a mail", "mail", mail("application/tlsrpt+json", Buffer.from(json)), 1, undefined],
  [
    "a name alone says it",
    "mail",
    mail("application/octet-stream", gzipSync(json), "Content-Disposition: attachment; filename=r.json.gz\r\n"),
    1,
    undefined,
  ],
  ["alone, packed", "alone", gzipSync(json), 1, undefined],
  ["alone", "alone", Buffer.from(json), 1, undefined],
  ["a bomb in a mail", "mail", mail("application/tlsrpt+gzip", bomb), 0, /unpacks to too much/],
  ["a bomb", "alone", bomb, 0, /unpacks to too much/],
  ["half a gzip", "alone", gzipSync(json).subarray(0, 40), 0, /cannot be unpacked/],
  ["no JSON", "alone", Buffer.from("hello"), 0, /no JSON/],
  ["deep JSON", "alone", Buffer.from("[".repeat(100_000)), 0, /no JSON/],
  ["something else", "mail", mail("image/png", Buffer.from("x")), 0, undefined],
];
for (const [name, form, bytes, reports, fault] of cases)
  test(`TLS reports: ${name}`, async () => {
    const started = process.cpuUsage();
    const read = await readTls({ form, bytes });
    assert.equal(read.reports.length, reports);
    if (fault === undefined) assert.deepEqual(read.faults, []);
    else assert.match(read.faults.join(), fault);
    assert.ok(process.cpuUsage(started).user / 1000 < 5000);
  });
