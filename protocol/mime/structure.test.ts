import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { basicStructure } from "../imap/structure.ts";
import { envelopeOf, maxEnvelopeAddresses, nstring } from "./envelope.ts";
import { factsOf } from "./facts-of.ts";
import { splitHeader } from "./header.ts";
import { countLines } from "./structure.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

const strings: readonly [value: string | undefined, expected: string][] = [
  [undefined, "NIL"],
  ["", '""'],
  ["plain", '"plain"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["caf\xc3\xa9", "{5}\r\ncaf\xc3\xa9"],
  ["a\r\nb", "{4}\r\na\r\nb"],
  ["a\0b", "{2}\r\nab"],
  ["NIL", '"NIL"'],
  ["{3}", '"{3}"'],
];
for (const [value, expected] of strings)
  test(`nstring ${JSON.stringify(value)}`, () => assert.equal(nstring(value), expected));

const ann = '(("Ann" NIL "ann" "x.test"))';
const envelopes: readonly [name: string, header: string, expected: string][] = [
  ["nothing", "\r\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"],
  [
    "all fields",
    "Date: Mon, 2 Mar 2026 10:00:00 +0000\r\nSubject: Hi\r\nFrom: Ann <ann@x.test>\r\nSender: s@x.test\r\nReply-To: r@x.test\r\nTo: a@x.test, b@x.test\r\nCc: c@x.test\r\nBcc: d@x.test\r\nIn-Reply-To: <1@x>\r\nMessage-ID: <2@x>\r\n\r\n",
    `("Mon, 2 Mar 2026 10:00:00 +0000" "Hi" ${ann} ((NIL NIL "s" "x.test")) ((NIL NIL "r" "x.test")) ((NIL NIL "a" "x.test")(NIL NIL "b" "x.test")) ((NIL NIL "c" "x.test")) ((NIL NIL "d" "x.test")) "<1@x>" "<2@x>")`,
  ],
  [
    "sender and reply-to default to from, missing or empty",
    "From: Ann <ann@x.test>\r\nSender:\r\nSubject:\r\n\r\n",
    `(NIL "" ${ann} ${ann} ${ann} NIL NIL NIL NIL NIL)`,
  ],
  [
    "groups",
    "To: Team: Ann <ann@x.test>;, nobody:;\r\n\r\n",
    '(NIL NIL NIL NIL NIL ((NIL NIL "Team" NIL)("Ann" NIL "ann" "x.test")(NIL NIL NIL NIL)(NIL NIL "nobody" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL)',
  ],
  ["no domain is no group", "To: root\r\n\r\n", '(NIL NIL NIL NIL NIL ((NIL NIL "root" "")) NIL NIL NIL NIL)'],
  ["route", "To: <@a.test:b@c.test>\r\n\r\n", '(NIL NIL NIL NIL NIL ((NIL "@a.test" "b" "c.test")) NIL NIL NIL NIL)'],
  [
    "folded and encoded, as it stands",
    "Subject: =?utf-8?q?caf=C3=A9?=\r\n =?utf-8?q?x?=\r\n\r\n",
    '(NIL "=?utf-8?q?caf=C3=A9?= =?utf-8?q?x?=" NIL NIL NIL NIL NIL NIL NIL NIL)',
  ],
  ["8-bit", "Subject: caf\xc3\xa9\r\n\r\n", "(NIL {5}\r\ncaf\xc3\xa9 NIL NIL NIL NIL NIL NIL NIL NIL)"],
  ["quotes", 'Subject: say "hi" \\o/\r\n\r\n', '(NIL "say \\"hi\\" \\\\o/" NIL NIL NIL NIL NIL NIL NIL NIL)'],
  ["the first of two", "Subject: one\r\nSubject: two\r\n\r\n", '(NIL "one" NIL NIL NIL NIL NIL NIL NIL NIL)'],
];
for (const [name, header, expected] of envelopes)
  test(`envelope: ${name}`, () => {
    const raw = latin1(header);
    assert.equal(envelopeOf(splitHeader(raw, 0, raw.length)), expected);
  });

test("an envelope lists a bounded number of addresses", () => {
  const raw = latin1(`To: ${"a@b.test,".repeat(100_000)}\r\n\r\n`);
  const envelope = envelopeOf(splitHeader(raw, 0, raw.length));
  assert.equal(envelope.split('"a" "b.test"').length - 1, maxEnvelopeAddresses);
});

const mixed = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
const structures: readonly [name: string, message: string, full: string, basic: string][] = [
  [
    "text",
    "Content-Type: text/plain; charset=utf-8\r\n\r\none\r\ntwo\r\n",
    '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 2 NIL NIL NIL NIL)',
    '("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 2)',
  ],
  [
    "no type",
    "\r\nx",
    '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL)',
    '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0)',
  ],
  [
    "everything",
    'Content-Type: image/PNG; name="a b.png"; x=y\r\nContent-ID: <1@x>\r\nContent-Description: a "view"\r\nContent-Transfer-Encoding: BASE64\r\nContent-Disposition: Attachment; filename*=utf-8\'\'caf%C3%A9\r\nContent-Language: en, de\r\nContent-Location: http://x.test/(a)\r\n\r\neA==',
    '("image" "png" ("name" "a b.png" "x" "y") "<1@x>" "a \\"view\\"" "base64" 4 NIL ("attachment" ("filename*" "utf-8\'\'caf%C3%A9")) ("en" "de") "http://x.test/(a)")',
    '("image" "png" ("name" "a b.png" "x" "y") "<1@x>" "a \\"view\\"" "base64" 4)',
  ],
  [
    "MD5 of a part, none of a multipart",
    `Content-MD5: Zm9v\r\n${mixed}--b\r\nContent-MD5: YmFy\r\n\r\none\r\n--b--`,
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 "YmFy" NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0) "mixed")',
  ],
  [
    "multipart",
    `${mixed}--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\nContent-Disposition: inline\r\n\r\n<b>\r\n--b--`,
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0 NIL NIL NIL NIL)("text" "html" NIL NIL NIL "7bit" 3 0 NIL ("inline" NIL) NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0)("text" "html" NIL NIL NIL "7bit" 3 0) "mixed")',
  ],
  [
    "message, with a literal in its envelope",
    "Content-Type: message/rfc822\r\n\r\nSubject: (\xe9\r\n\r\nx\r\n",
    '("message" "rfc822" NIL NIL NIL "7bit" 18 (NIL {2}\r\n(\xe9 NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)',
    '("message" "rfc822" NIL NIL NIL "7bit" 18 (NIL {2}\r\n(\xe9 NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 1) 3)',
  ],
  [
    "a multipart without parts has an empty one",
    `${mixed}nothing`,
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)',
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0) "mixed")',
  ],
  [
    "an encoded message is opaque",
    "Content-Type: message/rfc822; x=y\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
    '("application" "octet-stream" NIL NIL NIL "base64" 4 NIL NIL NIL NIL)',
    '("application" "octet-stream" NIL NIL NIL "base64" 4)',
  ],
  [
    "a multipart without a boundary is opaque",
    "Content-Type: multipart/mixed\r\n\r\nx",
    '("application" "octet-stream" NIL NIL NIL "7bit" 1 NIL NIL NIL NIL)',
    '("application" "octet-stream" NIL NIL NIL "7bit" 1)',
  ],
  [
    "strange words are escaped",
    'Content-Type: te"xt/pl\\ain; n="a\\"b"; caf\xe9=\xe9\r\nContent-Transfer-Encoding: (x) "odd\r\n\r\n',
    '("te\\"xt" "pl\\\\ain" ("n" "a\\"b" {4}\r\ncaf\xe9 {1}\r\n\xe9) NIL NIL "odd" 0 NIL NIL NIL NIL)',
    '("te\\"xt" "pl\\\\ain" ("n" "a\\"b" {4}\r\ncaf\xe9 {1}\r\n\xe9) NIL NIL "odd" 0)',
  ],
];
for (const [name, message, full, basic] of structures)
  test(`structure: ${name}`, () => {
    const facts = factsOf(latin1(message));
    assert.equal(facts.structure, full);
    assert.equal(basicStructure(facts.structure), basic);
  });

test("facts of a message", () => {
  const raw = latin1(
    "Date: Mon, 2 Mar 2026 10:00:00 +0000\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n  au lait\r\nMessage-ID: <3@x>\r\nReferences: <1@x> <2@x>\r\n <1@x>\r\nIn-Reply-To: <2@x> <0@x>\r\n\r\nx",
  );
  const { signature, envelope, structure, ...rest } = factsOf(raw);
  assert.ok(signature.length > 0 && envelope.startsWith("(") && structure.startsWith("("));
  assert.deepEqual(rest, {
    headerBytes: raw.length - 1,
    subject: "café au lait",
    sentAt: Date.UTC(2026, 2, 2, 10),
    messageId: "3@x",
    references: ["1@x", "2@x", "0@x"],
    hasAttachment: false,
  });
});

test("references are bounded: the first and the last ones", () => {
  const ids = Array.from({ length: 500 }, (_, i) => `<${i}@x>`).join(" ");
  const { references } = factsOf(latin1(`References: ${ids}\r\n\r\n`));
  assert.equal(references.length, 100);
  assert.deepEqual([references[0], references[1], references[99]], ["0@x", "401@x", "499@x"]);
});

const attachments: readonly [name: string, message: string, expected: boolean][] = [
  ["plain text", "\r\nx", false],
  ["html", "Content-Type: text/html\r\n\r\nx", false],
  ["text that is an attachment", "Content-Disposition: attachment\r\n\r\nx", true],
  ["a calendar alone", "Content-Type: text/calendar\r\n\r\nx", true],
  ["a pdf alone", "Content-Type: application/pdf\r\n\r\nx", true],
  [
    "alternative",
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: text/html\r\n\r\ny\r\n--b--",
    false,
  ],
  [
    "html with an inline image",
    "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\ny\r\n--b\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n\r\nz\r\n--b--",
    false,
  ],
  [
    "html with an image that says nothing",
    "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\ny\r\n--b\r\nContent-Type: image/png\r\n\r\nz\r\n--b--",
    true,
  ],
  ["text and text", `${mixed}--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--`, false],
  [
    "text and a named text",
    `${mixed}--b\r\n\r\nx\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\ny\r\n--b--`,
    true,
  ],
  [
    "text and a message",
    `${mixed}--b\r\n\r\nx\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\ny\r\n--b--`,
    true,
  ],
];
for (const [name, message, expected] of attachments)
  test(`attachment: ${name}`, () => assert.equal(factsOf(latin1(message)).hasAttachment, expected));

test("structures of the MIME RFCs are well formed", () => {
  for (let i = 0; i < 10; i++) {
    const raw = readFileSync(new URL(`../../test/corpus/mime/rfc/00${i}.eml`, import.meta.url));
    const { structure } = factsOf(raw);
    const basic = basicStructure(structure);
    assert.ok(basic.length < structure.length);
    assert.equal(basicStructure(basic), basic);
  }
});

test("lines are counted wherever a body begins and ends", () => {
  const text = Buffer.from("\n\na\u008a\n\n\n\n\nbcdefgh\nij\r\n\n\0\x0b\x0a\x09\u0101\n", "latin1");
  for (let start = 0; start <= text.length; start++)
    for (let end = start; end <= text.length; end++)
      assert.equal(countLines(text, start, end), text.toString("latin1", start, end).split("\n").length - 1);
  assert.equal(countLines(Buffer.alloc(5000, "\n"), 1, 4999), 4998, "one beside the other");
});
