import assert from "node:assert/strict";
import test from "node:test";
import {
  maxFailures,
  maxPolicies,
  readTlsReport,
  reportAddresses,
  type TlsReport,
  writeTlsReport,
} from "./tls-report.ts";

test("who wants reports (RFC 8460 §3)", () => {
  const cases: readonly [texts: readonly string[], addresses: readonly string[]][] = [
    [["v=TLSRPTv1; rua=mailto:r@a.test"], ["mailto:r@a.test"]],
    [["v=TLSRPTv1;rua=mailto:r@a.test,https://a.test/x?y=1"], ["mailto:r@a.test", "https://a.test/x?y=1"]],
    [["v=TLSRPTv1; other=1; rua=mailto:r@a.test!10m ;"], ["mailto:r@a.test"]],
    [["v=spf1 -all", "v=TLSRPTv1; rua=mailto:r@a.test"], ["mailto:r@a.test"]],
    [["v=TLSRPTv1; rua=http://a.test/,ftp://a.test,file:///etc/passwd,mailto:x"], []],
    [["v=TLSRPTv1; rua=mailto:a@b.test", "v=TLSRPTv1; rua=mailto:c@d.test"], []],
    [["v=TLSRPTv1"], []],
    [["v=TLSRPTv2; rua=mailto:a@b.test"], []],
    [[], []],
  ];
  for (const [texts, addresses] of cases) assert.deepEqual(reportAddresses(texts), addresses, texts.join(" | "));
  const many = Array.from({ length: 50 }, (_, at) => `mailto:r${at}@a.test`).join(",");
  assert.equal(reportAddresses([`v=TLSRPTv1; rua=${many}`]).length, 5);
});

const report: TlsReport = {
  organisation: "Us",
  contact: "x@us.test",
  id: "2026-06-01.abc@us.test",
  start: Date.UTC(2026, 5, 1),
  end: Date.UTC(2026, 5, 1, 23, 59, 59),
  policies: [
    {
      policy: { type: "sts", strings: ["version: STSv1", "mode: testing"], domain: "a.test", mxHosts: ["*.a.test"] },
      succeeded: 5326,
      failed: 303,
      failures: [
        {
          result: "certificate-expired",
          sendingIp: "2001:db8::1",
          mxHost: "mx1.a.test",
          receivingIp: "192.0.2.1",
          reason: "",
          sessions: 303,
        },
      ],
    },
    {
      policy: { type: "no-policy-found", strings: [], domain: "b.test", mxHosts: [] },
      succeeded: 1,
      failed: 0,
      failures: [],
    },
  ],
};

test("what is written is read, and has the names of RFC 8460 §4.4", () => {
  const text = writeTlsReport(report);
  assert.deepEqual(readTlsReport(text), report);
  const json = JSON.parse(text);
  assert.deepEqual(Object.keys(json), ["organization-name", "date-range", "contact-info", "report-id", "policies"]);
  assert.equal(json["date-range"]["start-datetime"], "2026-06-01T00:00:00Z");
  assert.deepEqual(json.policies[0].summary, {
    "total-successful-session-count": 5326,
    "total-failure-session-count": 303,
  });
  assert.equal(json.policies[0]["failure-details"][0]["failed-session-count"], 303);
});

test("the example of RFC 8460 appendix B", () => {
  const example = `{
    "organization-name": "Company-X",
    "date-range": { "start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z" },
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
    "policies": [{
      "policy": { "policy-type": "sts",
        "policy-string": ["version: STSv1","mode: testing","mx: *.mail.company-y.example","max_age: 86400"],
        "policy-domain": "company-y.example", "mx-host": ["*.mail.company-y.example"] },
      "summary": { "total-successful-session-count": 5326, "total-failure-session-count": 303 },
      "failure-details": [
        { "result-type": "certificate-expired", "sending-mta-ip": "2001:db8:abcd:0012::1",
          "receiving-mx-hostname": "mx1.mail.company-y.example", "failed-session-count": 100 },
        { "result-type": "starttls-not-supported", "sending-mta-ip": "2001:db8:abcd:0013::1",
          "receiving-mx-hostname": "mx2.mail.company-y.example", "receiving-ip": "203.0.113.56",
          "failed-session-count": 200,
          "additional-information": "https://reports.company-x.example/report_info ? id = 5065427 c - 23 d3# StarttlsNotSupported" },
        { "result-type": "validation-failure", "sending-mta-ip": "198.51.100.62", "receiving-ip": "203.0.113.58",
          "receiving-mx-hostname": "mx-backup.mail.company-y.example", "failed-session-count": 3,
          "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED" }] }] }`;
  const read = readTlsReport(example);
  assert.ok(!("mistake" in read));
  assert.deepEqual(
    read.policies[0]?.failures.map(({ result, sessions }) => [result, sessions]),
    [
      ["certificate-expired", 100],
      ["starttls-not-supported", 200],
      ["validation-failure", 3],
    ],
  );
  assert.equal(read.policies[0]?.failures[2]?.reason, "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED");
});

test("what is no report is a sentence; what is too much is cut", () => {
  const whole = JSON.parse(writeTlsReport(report));
  const wrong: readonly unknown[] = [
    [],
    null,
    5,
    {},
    { ...whole, "date-range": "today" },
    { ...whole, "date-range": { "start-datetime": "x", "end-datetime": "y" } },
    { ...whole, "report-id": 7 },
    { ...whole, policies: [] },
    { ...whole, policies: "all" },
    { ...whole, policies: [{ policy: { "policy-type": "odd", "policy-domain": "a.test" } }] },
    { ...whole, policies: [null, 1, {}, { policy: 1 }] },
  ];
  for (const value of wrong) assert.ok("mistake" in readTlsReport(JSON.stringify(value)), JSON.stringify(value));
  assert.ok("mistake" in readTlsReport("{"));
  const failure = { "result-type": "x\u001b[31m\ny", "failed-session-count": -1, "receiving-ip": "1".repeat(5000) };
  const [one] = whole.policies;
  const huge = {
    ...whole,
    policies: [
      { ...one, "failure-details": new Array(maxFailures + 1).fill(failure) },
      ...new Array(maxPolicies).fill({ ...one, "failure-details": [] }),
    ],
  };
  const read = readTlsReport(JSON.stringify(huge));
  assert.ok(!("mistake" in read));
  assert.equal(read.policies.length, maxPolicies);
  assert.equal(read.policies[0]!.failures.length, maxFailures);
  const cut = read.policies[0]!.failures[0]!;
  assert.deepEqual([cut.result, cut.sessions, cut.receivingIp.length], ["x [31m y", 0, 1000]);
});
