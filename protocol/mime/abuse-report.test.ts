/** Mail to abuse@ in all its forms: what is read out of each. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { type AbuseReport, isAnswerOfProgram, looksLikeAbuseReport, readAbuseReport } from "./abuse-report.ts";
import { splitHeader } from "./header.ts";

const crlf = (text: string): Buffer => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
const ours = `Return-Path: <bounce-q1.1-abc@rp.shop.test>
Received: from mx.far.test by mail.far.test with ESMTP id 77x; Thu, 26 Nov 2026 10:00:02 +0000
Received: from app (192.0.2.7) by mail.us.test with ESMTPSA id bb1d84e0a1e7ea42
 for <anna@far.test>; Thu, 26 Nov 2026 10:00:00 +0000
X-Angarium-Ref: bb1d84e0a1e7ea42
Feedback-ID: may:shop:news:angarium
Message-ID: <one@shop.test>
From: Shop <News@shop.test>
To: anna@far.test
Subject: Order`;
const found = {
  returnPaths: ["bounce-q1.1-abc@rp.shop.test"],
  refs: ["bb1d84e0a1e7ea42"],
  messageId: "one@shop.test",
  feedbackId: ["may", "shop", "news", "angarium"],
  received: [
    { host: "mail.far.test", id: "77x" },
    { host: "mail.us.test", id: "bb1d84e0a1e7ea42" },
  ],
  author: "news@shop.test",
};
const nothing = {
  returnPaths: [],
  refs: [],
  messageId: undefined,
  feedbackId: undefined,
  received: [],
  author: undefined,
};

type Expected = Partial<Omit<AbuseReport, "text" | "returned">>;
const cases: readonly [name: string, text: string, expected: Expected][] = [
  [
    "ARF",
    `From: Reports <FBL@isp.test>
Subject: FW: Order
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A report.
--b
Content-Type: message/feedback-report

Feedback-Type: fraud
User-Agent: Test/1
Version: 1
Original-Mail-From: <bounce-q1.1-abc@rp.shop.test>
Original-Rcpt-To: <anna@far.test>
Source-IP: 192.0.2.10
Reported-Domain: shop.test

--b
Content-Type: message/rfc822

${ours}

Thank you!
--b--
`,
    {
      form: "arf",
      kind: "fraud",
      reporter: "fbl@isp.test",
      reference: undefined,
      subject: "FW: Order",
      sourceIp: "192.0.2.10",
      reportedDomain: "shop.test",
      complainants: ["anna@far.test"],
      clues: { ...found, returnPaths: ["bounce-q1.1-abc@rp.shop.test", "bounce-q1.1-abc@rp.shop.test"] },
    },
  ],
  [
    "X-ARF 0.2",
    `From: xarf@honey.test
Subject: [X-ARF] Abuse from 192.0.2.10
X-XARF: PLAIN
Auto-Submitted: auto-generated
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Hello.
--b
Content-Type: text/plain; name=report.txt

Reported-From: xarf@honey.test
Category: abuse
Report-ID: '1234567'
Report-Type: spam
Source: 192.0.2.10
Source-Type: ip-address
Schema-URL: http://www.x-arf.org/schema/abuse_spam_0.1.1.json

--b
Content-Type: message/rfc822

${ours}

Thank you!
--b--
`,
    { form: "x-arf", kind: "spam", reference: "1234567", sourceIp: "192.0.2.10", clues: found },
  ],
  [
    "X-ARF 4, in JSON",
    `From: xarf@honey.test
Subject: Abuse report
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

Hello.
--b
Content-Type: application/json; name=xarf.json

{"xarf_version":"4.0.0","report_id":"0b1c","type":"spam","source_identifier":"192.0.2.10"}
--b--
`,
    { form: "x-arf", kind: "spam", reference: "0b1c", sourceIp: "192.0.2.10", clues: nothing },
  ],
  [
    "SpamCop",
    `From: 6500000001@reports.spamcop.net
To: abuse@us.test
Subject: [SpamCop (192.0.2.10) id:6500000001]Order
X-SpamCop-sourceip: 192.0.2.10
X-Mailer: http://www.spamcop.net/ v1.3.4

[ SpamCop V1.3.4 ]
This message is brief for your comfort.  Please use links below for details.

Email from 192.0.2.10 /  Thu, 26 Nov 2026 10:00:00 +0000
http://www.spamcop.net/w3m?i=z6500000001z20aa

[ Offending message ]
${ours}

Thank you!
`,
    { form: "spamcop", kind: "abuse", reference: "6500000001", sourceIp: "192.0.2.10", clues: found },
  ],
  [
    "SpamCop about a web site, without the message",
    `From: 6500000002@reports.spamcop.net
Subject: [SpamCop (http://shop.test/) id:6500000002]Order

[ SpamCop V1.3.4 ]
Spamvertised web site: http://shop.test/
`,
    { form: "spamcop", kind: "spamvertised", reference: "6500000002", clues: nothing },
  ],
  [
    "Spamhaus",
    `From: SBL Removals <sbl-noreply@spamhaus.org>
Subject: SBL654321: 192.0.2.10/32 added

The following IP address has been added: 192.0.2.10/32
`,
    { form: "spamhaus", reference: "SBL654321", sourceIp: "192.0.2.10", clues: nothing },
  ],
  [
    "a letter with the header quoted",
    `From: bob@far.test
Subject: Spam from your server

Stop this!

> ${ours.replaceAll("\n", "\n> ")}
>
> Thank you!
`,
    { form: "letter", kind: "abuse", reporter: "bob@far.test", reference: undefined, clues: found },
  ],
  [
    "a letter of HTML alone",
    `From: bob@far.test
Subject: Spam
Content-Type: text/html

<p>Message-ID:</p> <b>one</b>
`,
    { form: "letter", clues: { ...nothing, messageId: "one" } },
  ],
  [
    "a letter without anything",
    "From: bob@far.test\nSubject: =?utf-8?q?Sch=C3=B6n?=\n\nYou send spam.\n",
    { form: "letter", subject: "Schön", clues: nothing },
  ],
  ["nothing at all", "", { form: "letter", reporter: "", subject: "", clues: nothing }],
];
for (const [name, text, expected] of cases)
  test(`abuse report: ${name}`, () => {
    const read = readAbuseReport(crlf(text));
    const { text: _, returned: __, ...rest } = read;
    assert.deepEqual(
      Object.fromEntries(Object.keys(expected).map((key) => [key, rest[key as keyof Expected]])),
      expected,
    );
    // What is cut off anywhere is read as well as it goes.
    for (let size = 0; size < text.length; size += 7) readAbuseReport(crlf(text.slice(0, size)));
  });

test("what is written by a program that answers, and what is a report by its header", () => {
  const header = (text: string) => splitHeader(crlf(`${text}\n\n`), 0, text.length + 8);
  const answers: readonly [string, boolean, boolean][] = [
    ["Auto-Submitted: auto-replied (vacation)", true, false],
    ["Auto-Submitted: auto-generated", false, false],
    ["Content-Type: multipart/report; report-type=delivery-status; boundary=b", true, false],
    ["Content-Type: multipart/report; report-type=feedback-report; boundary=b", false, true],
    ["X-ARF: YES", false, true],
    ["From: 1@reports.spamcop.net", false, true],
    ["Subject: spam", false, false],
  ];
  for (const [text, automatic, report] of answers)
    assert.deepEqual([isAnswerOfProgram(header(text)), looksLikeAbuseReport(header(text))], [automatic, report], text);
});
