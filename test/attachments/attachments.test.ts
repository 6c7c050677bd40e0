/** The attachment scanner on samples made here: everything dangerous is caught, nothing ordinary is flagged, nothing takes long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import { mayHaveAttachments } from "../../server/judge/attachments/danger-judge.ts";
import { sentenceOf } from "../../server/judge/attachments/finding.ts";
import { scanMessage } from "../../server/judge/attachments/scan-message.ts";
import { dangerous } from "./dangerous.ts";
import { messageWith } from "./message.ts";
import { ordinary } from "./ordinary.ts";

test("there are enough samples", () => {
  assert.ok(dangerous.length >= 60, String(dangerous.length));
  assert.ok(ordinary.length >= 200, String(ordinary.length));
});

for (const sample of dangerous)
  test(`caught: ${sample.danger}: ${JSON.stringify(sample.name)}`, async () => {
    const start = process.cpuUsage();
    const { findings } = await scanMessage(messageWith(sample));
    assert.ok(
      findings.some(({ danger }) => danger === sample.danger),
      `found ${findings.map(sentenceOf).join("; ") || "nothing"}`,
    );
    assert.ok(process.cpuUsage(start).user / 1000 < 5000, "in time");
  });

const program = Buffer.from("var a = 1;").toString("base64");
const twoFaced: readonly [name: string, header: string, body: string, danger: string][] = [
  ["two names in one field", 'Content-Disposition: attachment; filename="a.pdf"; filename="a.js"', program, "script"],
  [
    "two fields for the name",
    'Content-Disposition: attachment; filename="a.pdf"\r\nContent-Disposition: attachment; filename="a.js"',
    program,
    "script",
  ],
  [
    "an old name beside the new one",
    `Content-Disposition: attachment; filename="a.js"; filename*=utf-8''a.pdf`,
    program,
    "script",
  ],
  [
    "two encodings",
    "Content-Disposition: attachment\r\nContent-Transfer-Encoding: 7bit",
    Buffer.concat([Buffer.from("\x7fELF\x02\x01\x01"), Buffer.alloc(100)]).toString("base64"),
    "executable",
  ],
];
for (const [name, header, body, danger] of twoFaced)
  test(`caught: ${name}`, async () => {
    const raw = `From: a@b.test\r\nContent-Type: application/octet-stream\r\n${header}\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}\r\n`;
    const { findings } = await scanMessage(Buffer.from(raw));
    assert.ok(
      findings.some((one) => one.danger === danger),
      JSON.stringify(findings),
    );
  });

test("caught: two structures", async () => {
  const parts = `--c\r\nContent-Type: application/octet-stream; name=a.js\r\n\r\nx\r\n--c--\r\n`;
  for (const header of [
    "Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=c",
    "Content-Type: multipart/mixed; boundary=b; boundary=c",
  ]) {
    const raw = Buffer.from(`From: a@b.test\r\n${header}\r\n\r\n${parts}`);
    assert.ok(mayHaveAttachments(raw, splitHeader(raw, 0, raw.length)), header);
    assert.deepEqual((await scanMessage(raw)).findings.map(({ danger }) => danger).includes("polyglot"), true, header);
  }
  const twice = Buffer.from(`Content-Type: text/plain\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\r\n`);
  assert.deepEqual((await scanMessage(twice)).findings, []);
});

test("nothing ordinary is flagged", async () => {
  const wrong: string[] = [];
  for (const file of ordinary) {
    const { findings } = await scanMessage(messageWith(file));
    if (findings.length > 0) wrong.push(`${file.name}: ${findings.map(sentenceOf).join("; ")}`);
  }
  assert.deepEqual(wrong, []);
});
