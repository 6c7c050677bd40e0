/** DMARC reports as others send them to us, and what an administrator is told. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import nodemailer from "nodemailer";
import { type AggregateReport, aggregateXml } from "../../protocol/report/aggregate.ts";
import { ask, mailOf } from "../beside.ts";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";

const today = Math.floor(Date.now() / 86_400_000);
const report = (id: string, domain = "example.test"): AggregateReport => ({
  org: "receiver.test",
  email: "dmarc@receiver.test",
  id,
  begin: (today - 1) * 86_400,
  end: today * 86_400 - 1,
  policy: { domain, p: "none" },
  errors: [],
  records: [
    {
      source: "198.51.100.7",
      count: 412,
      disposition: "none",
      dkim: "fail",
      spf: "fail",
      reasons: [],
      headerFrom: domain,
      dkimResults: [],
      spfResults: [{ domain: "evil.test", scope: "mfrom", result: "pass" }],
    },
    {
      source: "192.0.2.1",
      count: 5,
      disposition: "pass",
      dkim: "pass",
      spf: "pass",
      reasons: [],
      headerFrom: domain,
      dkimResults: [{ domain, selector: "r1", result: "pass" }],
      spfResults: [{ domain, scope: "mfrom", result: "pass" }],
    },
  ],
});

let dev: DevProcess;
before(async (t) => {
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  const file = join(folder, "dns.json");
  const published = "v=DMARC1; p=none; rua=mailto:agg@example.test,mailto:x@else.test; ruf=mailto:fail@example.test";
  await writeFile(file, JSON.stringify({ "_dmarc.example.test": { TXT: published } }));
  dev = await startDev(["--users", "1", "--dns", file]);
});
after(() => dev.stop());

const send = (to: string, xml: string, packed = gzipSync(xml)): Promise<unknown> =>
  nodemailer.createTransport({ host: "127.0.0.1", port: dev.ready.ports["smtp"]!, ignoreTLS: true }).sendMail({
    from: "dmarc@receiver.test",
    to,
    subject: "Report Domain: example.test Submitter: receiver.test Report-ID: <1@receiver.test>",
    text: "see there",
    attachments: [
      { filename: "receiver.test!example.test!1!2.xml.gz", content: packed, contentType: "application/gzip" },
    ],
  });

type Summary = { messages: number; failed: number; sentences: string[]; sources: { source: string; known: boolean }[] };
const summary = async (): Promise<Summary> =>
  ((await ask(dev.ready.data, "report dmarc", { domain: "example.test" })) as Summary[])[0]!;

test("reports come to the addresses for them, are counted once each, and told in words", async () => {
  await send("dmarc-reports@example.test", aggregateXml(report("one"), "x"));
  await send("agg@example.test", aggregateXml(report("one"), "x"));
  assert.equal((await summary()).messages, 417, "the same report is counted once");
  await send("agg@example.test", aggregateXml(report("two"), "x"));
  const { messages, failed, sentences, sources } = await summary();
  assert.deepEqual([messages, failed], [834, 824]);
  assert.deepEqual(
    sources.map(({ source, known }) => [source, known]),
    [
      ["198.51.100.7", false],
      ["192.0.2.1", true],
    ],
  );
  assert.match(sentences[1]!, /^198\.51\.100\.7, unknown to you, sent 824 messages as example\.test that fail DMARC\./);
  const { out } = await angarium("report", "dmarc", "example.test", "--data", dev.ready.data);
  assert.match(out, /198\.51\.100\.7, unknown to you, sent 824 messages as example\.test that fail DMARC/);
  assert.match(out, /192\.0\.2\.1 sent 10 messages as example\.test, and all pass DMARC/);
  const json = await angarium("report", "dmarc", "--json", "--data", dev.ready.data);
  assert.equal((JSON.parse(json.out) as unknown[]).length, 1);
});

test("a report that somebody with a mailbox gets is counted and filed", async () => {
  await send("postmaster@example.test", aggregateXml(report("three"), "x"));
  assert.match(await mailOf(dev.ready, "u1@example.test", /Report Domain/), /^Subject: Report Domain: example\.test/m);
  assert.equal((await summary()).messages, 417 * 3);
});

test("a single message that failed is told of, without its subject and text; the same report counts once", async () => {
  const lines = [
    "From: arf@receiver.test",
    "To: fail@example.test",
    "Subject: FW: pay",
    "MIME-Version: 1.0",
    'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
    "",
    "--b",
    "Content-Type: message/feedback-report",
    "",
    "Feedback-Type: auth-failure",
    "Version: 1",
    "User-Agent: X/1",
    "Original-Mail-From: <a@evil.test>",
    `Arrival-Date: ${new Date(Date.now() - 3_600_000).toUTCString()}`,
    "Source-IP: 198.51.100.7",
    "Reported-Domain: example.test",
    "Auth-Failure: dmarc",
    "Delivery-Result: reject",
    "",
    "--b",
    "Content-Type: message/rfc822",
    "",
    "From: Boss <boss@example.test>",
    "Message-ID: <pay@evil.test>",
    "Subject: pay 4711 at once",
    "",
    "secret",
    "--b--",
    "",
  ];
  for (let i = 0; i < 2; i++)
    await nodemailer.createTransport({ host: "127.0.0.1", port: dev.ready.ports["smtp"]!, ignoreTLS: true }).sendMail({
      envelope: { from: "arf@receiver.test", to: "fail@example.test" },
      raw: lines.join("\r\n"),
    });
  const json = await angarium("report", "failures", "example.test", "--json", "--data", dev.ready.data);
  assert.equal((JSON.parse(json.out) as unknown[]).length, 1);
  assert.doesNotMatch(json.out, /4711|secret/);
  const { out } = await angarium("report", "failures", "example.test", "--data", dev.ready.data);
  assert.match(
    out,
    /Z {2}A message as boss@example\.test from 198\.51\.100\.7 failed DMARC and was refused\. {2}<?pay@evil\.test/,
  );
});

test("reports about others, and what is no report, change nothing", async () => {
  await send("agg@example.test", aggregateXml(report("four", "else.test"), "x"));
  await assert.rejects(send("agg@example.test", "<html/>"), /550 5\.7\.1 Only reports/);
  await assert.rejects(send("fail@example.test", "", gzipSync(Buffer.alloc(40_000_000))), /55[04] 5\.7\.1/);
  await assert.rejects(send("nobody@example.test", "x"), /550 5\.1\.1/);
  await assert.rejects(send("x@else.test", "x"), /550 5\.7\.1/);
  assert.equal((await summary()).messages, 417 * 3);
});
