import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { composeMessage } from "./compose.ts";
import { decodeText, fileNameOf } from "./decode.ts";
import { hasShortLines } from "./encode.ts";
import { mailboxesOf } from "./fields/address.ts";
import { decodeWords } from "./fields/encoded-word.ts";
import { addressField, parameter, textField } from "./fields/write.ts";
import { headerValue, unfold } from "./header.ts";
import { parseMessage } from "./parse.ts";
import { type ReadRecipient, readReport } from "./read-report.ts";
import { type DeliveryReport, maxReturnedBytes, writeReport } from "./report.ts";
import { sectionOf } from "./section.ts";

const all = Number.MAX_SAFE_INTEGER;

// ---------------------------------------------------------------- fields we write

const texts = [
  "plain",
  "two  blanks",
  "café",
  "a café in Köln and a tea house in Åarhus, where the words go on until the line is full and fuller",
  "日本語のとても長い件名は、一行には収まりきらないので、いくつかの符号化語に分けられます。",
  "😀".repeat(60),
  "=?utf-8?q?not one?=",
  "word ".repeat(60).trim(),
  "x".repeat(2000),
  "ünï ".repeat(50).trim(),
  "",
];
for (const text of texts)
  test(`text field: ${text.slice(0, 30)}`, () => {
    const field = textField("Subject", text);
    assert.match(field, /^Subject: ?[\x20-\x7e\r\n]*\r\n$/);
    const lines = field.slice(0, -2).split("\r\n");
    assert.ok(
      lines.every((line, i) => line.length <= 78 && (i === 0 || /^ \S/.test(line))),
      field,
    );
    assert.equal(decodeWords(unfold(field.slice(8).trim())), text);
    const utf8 = textField("Subject", text, true);
    assert.equal(decodeWords(unfold(Buffer.from(utf8).toString("latin1").slice(8).trim())), text);
  });

test("nothing a caller passes can end a line", () => {
  for (const field of [
    textField("Subject", "a\r\nBcc: x\0\n\ry"),
    addressField("To", [{ name: "a\r\nBcc: x", address: "b@c.test>\r\nBcc: y" }]),
    `X: y${parameter("name", 'a"\r\nBcc: x')}\r\n`,
  ])
    assert.match(field.slice(0, -2), /^[^\r\n\0]*(?:\r\n [^\r\n\0]*)*$/);
});

test("address fields are read back", () => {
  const addresses = [
    { name: "Ann Lee", address: "ann@x.test" },
    { name: 'Lee, "Ann" (x)', address: "ann@x.test" },
    { name: "Jürgen Groß", address: "j@x.test" },
    { address: "only@x.test" },
    { name: "=?utf-8?q?x?=", address: "e@x.test" },
    { name: "O'Brien", address: '"odd local"@x.test'.replace(" ", ".") },
  ];
  const field = addressField("To", addresses);
  assert.ok(field.split("\r\n").every((line) => line.length <= 78));
  assert.deepEqual(
    mailboxesOf(unfold(field.slice(3))).map(({ name, local, domain }) => [name, `${local}@${domain}`]),
    addresses.map(({ name, address }) => [name ?? "", address.replaceAll('"', "")]),
  );
});

test("a composed message is read back", () => {
  const bytes = composeMessage(
    [
      { name: "From", addresses: [{ name: "Jürgen", address: "j@x.test" }] },
      { name: "Subject", text: "Grüße" },
      { name: "Date", date: Date.UTC(2026, 2, 2, 10) },
      { name: "Message-ID", ids: ["1@x"] },
      { name: "X-Raw", raw: "yes; really" },
    ],
    {
      kind: "multipart",
      subtype: "mixed",
      boundary: "=_b",
      parts: [
        {
          kind: "multipart",
          subtype: "alternative",
          boundary: "=_a",
          parts: [
            { kind: "text", subtype: "plain", text: "Hallo\nWelt = schön \n" },
            { kind: "text", subtype: "html", text: "日本語<br>".repeat(40), language: "ja" },
          ],
        },
        {
          kind: "file",
          type: "application/pdf",
          bytes: Buffer.from([0, 1, 2, 255]),
          disposition: "attachment",
          fileName: "résumé with a name that is far too long for one line of a header.pdf",
          contentId: "c@x",
        },
      ],
    },
  );
  const root = parseMessage(bytes);
  assert.ok(hasShortLines(bytes));
  assert.ok(bytes.every((byte) => byte < 128));
  const [alternative, file] = root.parts;
  assert.equal(decodeText(bytes, alternative!.parts[0]!, all), "Hallo\r\nWelt = schön \r\n");
  assert.equal(decodeText(bytes, alternative!.parts[1]!, all), "日本語<br>".repeat(40));
  assert.equal(alternative!.parts[1]!.encoding, "base64");
  assert.equal(headerValue(alternative!.parts[1]!.header, "content-language"), "ja");
  assert.equal(fileNameOf(file!), "résumé with a name that is far too long for one line of a header.pdf");
  assert.equal(headerValue(root.header, "date"), "Mon, 02 Mar 2026 10:00:00 +0000");
  assert.equal(headerValue(root.header, "x-raw"), "yes; really");
});

test("which lines SMTP takes as they are", () => {
  const cases: readonly [text: string, expected: boolean][] = [
    ["", true],
    ["a\r\nb", true],
    ["a\nb", false],
    ["a\rb\r\n", false],
    ["a\r\nb\r", false],
    [`${"x".repeat(998)}\r\ny`, true],
    [`${"x".repeat(999)}\r\ny`, false],
    ["x".repeat(999), false],
  ];
  for (const [text, expected] of cases) assert.equal(hasShortLines(Buffer.from(text)), expected, text.slice(0, 20));
});

// ---------------------------------------------------------------- reports we write

const message = Buffer.from(
  "Subject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <m@x.test>\r\nTo: b@far.test\r\n\r\nhello\r\n",
);
const failure: DeliveryReport = {
  kind: "failure",
  reportingMta: "mx.x.test",
  from: "MAILER-DAEMON@mx.x.test",
  to: "ann@x.test",
  date: Date.UTC(2026, 2, 2, 10),
  messageId: "r@mx.x.test",
  boundary: "=_r",
  envid: "QQ314159",
  arrivalDate: Date.UTC(2026, 2, 2, 9),
  ret: undefined,
  smtputf8: false,
  recipients: [
    {
      address: "b@far.test",
      orcpt: "rfc822;bob@near.test",
      action: "failed",
      status: "5.1.1",
      remoteMta: "mx.far.test",
      diagnostic: "550 5.1.1 no such\r\nuser \u00fc",
      lastAttempt: Date.UTC(2026, 2, 2, 10),
    },
    { address: "c@far.test", action: "failed", status: "nonsense", diagnostic: "too old" },
  ],
  message,
};

test("a failure, for people and for programs", () => {
  const { bytes, body, smtputf8 } = writeReport(failure);
  assert.deepEqual([body, smtputf8], ["7bit", false]);
  assert.ok(hasShortLines(bytes));
  const root = parseMessage(bytes);
  assert.equal(
    headerValue(root.header, "content-type"),
    'multipart/report; report-type=delivery-status; boundary="=_r"',
  );
  assert.equal(headerValue(root.header, "auto-submitted"), "auto-replied");
  assert.equal(headerValue(root.header, "in-reply-to"), "<m@x.test>");
  assert.equal(decodeWords(headerValue(root.header, "subject") ?? ""), "Not delivered: café");
  const text = decodeText(bytes, root.parts[0]!, all);
  assert.match(text, /could not be delivered/);
  assert.match(text, /no such mailbox/i);
  assert.match(text, /mx\.far\.test said:\r\n {6}550 5\.1\.1 no such user/);
  assert.match(text, /you wrote to bob@near\.test/);
  assert.equal(
    sectionOf(bytes, { part: [2], text: "", fields: [] })?.toString("latin1"),
    [
      "Original-Envelope-Id: QQ314159",
      "Reporting-MTA: dns; mx.x.test",
      "Arrival-Date: Mon, 02 Mar 2026 09:00:00 +0000",
      "",
      "Original-Recipient: rfc822; bob@near.test",
      "Final-Recipient: rfc822; b@far.test",
      "Action: failed",
      "Status: 5.1.1",
      "Remote-MTA: dns; mx.far.test",
      "Diagnostic-Code: smtp; 550 5.1.1 no such user ?",
      "Last-Attempt-Date: Mon, 02 Mar 2026 10:00:00 +0000",
      "",
      "Final-Recipient: rfc822; c@far.test",
      "Action: failed",
      "Status: 5.0.0",
      "Diagnostic-Code: x-angarium; too old",
      "",
    ].join("\r\n"),
  );
  assert.deepEqual(sectionOf(bytes, { part: [3], text: "", fields: [] }), message);
});

test("what is returned", () => {
  const returned = (change: Partial<DeliveryReport>) => {
    const written = writeReport({ ...failure, ...change });
    const part = parseMessage(written.bytes).parts[2];
    return part === undefined
      ? "nothing"
      : `${part.contentType.type}/${part.contentType.subtype} ${part.encoding} ${written.body}`;
  };
  const big = (bytes: number) => Buffer.concat([message, Buffer.alloc(bytes, "0123456789\r\n")]);
  assert.equal(returned({}), "message/rfc822 7bit 7bit");
  assert.equal(returned({ ret: "hdrs" }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ kind: "delay", ret: "full" }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ kind: "success", ret: "full" }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ message: big(120_000) }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ message: big(120_000), ret: "full" }), "message/rfc822 7bit 7bit");
  assert.equal(returned({ message: big(maxReturnedBytes), ret: "full" }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ message: Buffer.from("A: b\r\n\r\nbare\nLF") }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ message: Buffer.from("A: b\n\nx") }), "text/rfc822-headers 7bit 7bit");
  assert.equal(returned({ message: Buffer.from("A: b\r\n\r\nhällo") }), "message/rfc822 8bit 8bitmime");
  assert.equal(returned({ message: Buffer.from("A: hällo\r\n\r\nx") }), "message/rfc822 8bit 8bitmime");
  assert.equal(returned({ message: Buffer.alloc(0) }), "nothing");
});

test("internationalized addresses: as they are where the sender can take them, else in ASCII", () => {
  const recipients = [{ address: "jö@dé.test", orcpt: "utf-8;jö@dé.test", action: "failed", status: "5.1.1" }] as const;
  const headers = Buffer.from("Subject: hé\r\n\r\nx");
  const global = writeReport({ ...failure, smtputf8: true, recipients, message: headers });
  assert.deepEqual([global.body, global.smtputf8], ["8bitmime", true]);
  const parts = parseMessage(global.bytes).parts.map(({ contentType }) => `${contentType.type}/${contentType.subtype}`);
  assert.deepEqual(parts, ["text/plain", "message/global-delivery-status", "message/global"]);
  assert.match(global.bytes.toString(), /^Final-Recipient: utf-8; jö@dé\.test\r$/m);
  const ascii = writeReport({ ...failure, recipients, message });
  assert.equal(ascii.smtputf8, false);
  assert.match(ascii.bytes.toString(), /^Final-Recipient: utf-8; j\\x\{F6\}@d\\x\{E9\}\.test\r$/m);
  for (const { bytes } of [global, ascii]) {
    const read = readReport(bytes);
    assert.equal(read?.kind === "delivery" && read.recipients[0]?.recipient, "jö@dé.test");
  }
});

test("no value of a stranger makes a field", () => {
  const evil = "x\r\nFinal-Recipient: rfc822; victim@x.test\r\n\r\n--=_r\r\n";
  const { bytes } = writeReport({
    ...failure,
    envid: evil,
    recipients: [{ address: evil, orcpt: evil, action: "failed", status: evil, remoteMta: evil, diagnostic: evil }],
  });
  const read = readReport(bytes);
  assert.equal(read?.kind === "delivery" && read.recipients.length, 1);
  assert.equal(parseMessage(bytes).parts.length, 3);
});

test("reports we write are read back", () => {
  for (const kind of ["failure", "delay", "success"] as const) {
    const action = kind === "failure" ? "failed" : kind === "delay" ? "delayed" : "relayed";
    const { bytes } = writeReport({
      ...failure,
      kind,
      recipients: [{ address: "b@far.test", action, status: "4.4.1", diagnostic: "450 4.2.0 later", remoteMta: "mx" }],
    });
    const read = readReport(bytes);
    assert.equal(read?.kind, "delivery");
    if (read?.kind !== "delivery") return;
    assert.deepEqual(read, {
      kind: "delivery",
      reportingMta: "mx.x.test",
      originalEnvelopeId: "QQ314159",
      arrivalDate: Date.UTC(2026, 2, 2, 9),
      recipients: [
        {
          recipient: "b@far.test",
          original: undefined,
          action,
          status: "4.2.0",
          replyCode: 450,
          diagnostic: "450 4.2.0 later",
          remoteMta: "mx",
        },
      ],
      original: { messageId: "m@x.test", from: undefined, to: ["b@far.test"], subject: "café" },
    });
  }
});

test("a report about many", () => {
  const recipients = Array.from(
    { length: 3000 },
    (_, i) => ({ address: `u${i}@far.test`, action: "failed", status: "5.7.1" }) as const,
  );
  const { bytes } = writeReport({ ...failure, recipients });
  const read = readReport(bytes);
  assert.ok(read?.kind === "delivery" && read.recipients.length >= 1000);
});

// ---------------------------------------------------------------- reports others write

const folder = new URL("../../test/corpus/mime/bounce/", import.meta.url);
type Expected = { action: string; recipient: string; status: string };
const bounces: { [file: string]: Expected[] } = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));
/** Where we keep what the report says, against the vector, which looks elsewhere in the message. */
const disputed: { readonly [file: string]: readonly ("recipient" | "status" | "action")[] } = {
  "lhost-domino-03.eml": ["recipient"],
  "lhost-sendmail-15.eml": ["recipient"],
  // The report says 5.0.0, the vector reads a code out of the words.
  "lhost-opensmtpd-11.eml": ["status"],
  "lhost-sendmail-18.eml": ["status"],
  // "delayed", the report says; the vector decides by the words.
  "lhost-opensmtpd-12.eml": ["status", "action"],
  "lhost-opensmtpd-13.eml": ["status", "action"],
  // "failed", the report says, with a 4.y.z: given up. The vector calls it delayed for the code.
  "lhost-postfix-15.eml": ["action"],
  "lhost-postfix-37.eml": ["action"],
  "lhost-sendmail-30.eml": ["action"],
  "lhost-yandex-03.eml": ["action"],
  "rfc3464-36.eml": ["action"],
  "rfc3464-56.eml": ["action"],
  "rhost-gsuite-07.eml": ["action"],
  // The report names nobody.
  "lhost-postfix-64.eml": ["recipient"],
};
/** Older systems tell in words alone: no report in the sense of RFC 3464. */
const brokenMime = new Set(["lhost-postfix-49.eml", "lhost-postfix-50.eml", "lhost-sendmail-53.eml"]);
const isStructured = (raw: Buffer): boolean =>
  /message\/(global-)?delivery-status|feedback-report/i.test(raw.toString("latin1"));
for (const [file, expected] of Object.entries(bounces))
  test(`bounce: ${file}`, () => {
    const raw = readFileSync(new URL(file, folder));
    const read = readReport(raw);
    if (read === undefined) {
      assert.ok(!isStructured(raw) || brokenMime.has(file));
      return;
    }
    const dispute = disputed[file] ?? [];
    const names = (list: readonly string[]) => [...new Set(list.map((name) => name.toLowerCase()))].sort();
    if (read.kind === "complaint") {
      assert.deepEqual(names(read.recipients), names(expected.map(({ recipient }) => recipient)));
      return;
    }
    if (!dispute.includes("recipient"))
      assert.deepEqual(
        names(read.recipients.map(({ recipient }) => recipient)),
        names(expected.map(({ recipient }) => recipient)),
      );
    for (const { recipient, status, action } of expected) {
      const found: ReadRecipient | undefined = read.recipients.find(
        (each) => each.recipient.toLowerCase() === recipient.toLowerCase(),
      );
      if (found === undefined) continue;
      // "5.0.9xx" is made up by the vectors where nobody said a code.
      if (!/^\d\.0\.9\d\d$/.test(status) && !dispute.includes("status")) assert.equal(found.status, status);
      if (!dispute.includes("action")) assert.equal(found.action, action);
    }
  });

test("what is no report", () => {
  for (const text of ["", "\r\n", "Subject: Final-Recipient: x\r\n\r\nFinal-Recipient: rfc822; a@b.test\r\n"])
    assert.equal(readReport(Buffer.from(text)), undefined);
  assert.equal(
    readReport(Buffer.from("Content-Type: multipart/report; boundary=b\r\n\r\nFinal-Recipient: rfc822; a@b.test\r\n"))
      ?.kind,
    "delivery",
  );
});
