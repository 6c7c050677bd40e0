import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { factsOf } from "./facts-of.ts";
import { collated, foldText } from "./fold.ts";
import { bodyContains, headerContains, maxSearchedBytes, textContains } from "./search-text.ts";
import { maxIndexedBytes, maxSignatureBytes, mayContain } from "./signature.ts";
import { baseSubject, maxSubjectChars, subjectText } from "./subject.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const base64 = (text: string) => Buffer.from(text, "utf8").toString("base64");

const folds: readonly [text: string, expected: string][] = [
  ["HeLLo", "hello"],
  ["STRASSE straße", "strasse strasse"],
  ["ÉTÉ e\u0301te\u0301", "été été"],
  ["ΟΔΟΣ", "οδοσ"],
  ["ﬁne Ａ", "fine a"],
  ["İstanbul", "istanbul"],
];
for (const [text, expected] of folds) test(`fold ${text}`, () => assert.equal(foldText(text), expected));

// RFC 5051, by way of RFC 5256: what is between "Z" and "a" in ASCII comes after the letters, an accent after its letter.
test("texts in the order of SORT", () => {
  const sorted = ["é", "f", "_", "E", "ea", "Z", "1"].sort((a, b) => (collated(a) < collated(b) ? -1 : 1));
  assert.deepEqual(sorted, ["1", "E", "ea", "é", "f", "Z", "_"]);
});

const plain = latin1(
  "From: Ann Lee <ann@x.test>\r\nSubject: the first\r\n of two\r\n\r\nHello World\r\nsecond line\r\n",
);
const encoded = latin1(
  `Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nein sch=F6ner Ta=\r\ng\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64("<b>Überschrift</b>")}\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64("attachedword")}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: forwarded thing\r\n\r\ninner words\r\n--b--\r\n`,
);
const report = latin1(
  "Subject: =?utf-8?q?f=C3=BCr?=\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; bob@x.test\r\n--b--\r\n",
);
const broken = latin1("Subject: =?utf-8?q?f=C3=BCr?=\r\nno field at all\r\nTo: b@x.test\r\n\r\nbody\r\n");
const cases: readonly [message: Buffer, needle: string, text: boolean, body: boolean][] = [
  [plain, "hello", true, true],
  [plain, "WORLD", true, true],
  [plain, "ann lee", true, false],
  [plain, "first of two", true, false],
  [plain, "lee subject", false, false],
  // RFC 9051 §6.4.4: TEXT is the header as a whole, with the names of its fields.
  [plain, "subject: the first of", true, false],
  [plain, "subject:the", false, false],
  [encoded, "subject: grüße", true, false],
  [encoded, "content-disposition: att", true, false],
  [encoded, "subject: forwarded", true, true],
  [report, "final-recipient: rfc822; bob", true, true],
  [broken, "no field at all", true, false],
  [plain, "two hello", false, false],
  [plain, "world\r\nsecond", true, true],
  [plain, "missing", false, false],
  [plain, "ärger", false, false],
  [plain, "", true, true],
  [encoded, "grüsse", true, false],
  [encoded, "GRÜßE", true, false],
  [encoded, "schöner tag", true, true],
  [encoded, "<b>über", true, true],
  [encoded, "preamble", false, false],
  [encoded, "attachedword", false, false],
  [encoded, "résumé.pdf", true, false],
  [encoded, "forwarded thing", true, true],
  [encoded, "inner words", true, true],
  [encoded, "utf-8?q", false, false],
  [encoded, base64("attachedword").slice(0, 8), false, false],
  [encoded, "tag überschrift", false, false],
];
const names = new Map<Buffer, string>([
  [plain, "plain"],
  [encoded, "encoded"],
  [report, "report"],
  [broken, "broken"],
]);
for (const [message, needle, text, body] of cases)
  test(`search ${names.get(message)}: ${JSON.stringify(needle)}`, () => {
    assert.equal(textContains(message, needle), text);
    assert.equal(bodyContains(message, needle), body);
    const { signature } = factsOf(message);
    if (text || body) assert.ok(mayContain(signature, needle));
  });

test("a header of a megabyte of blanks is linear work", () => {
  const blanks = Buffer.from(`Subject: \u00e9${" ".repeat(1_000_000)}x\r\n\r\n`);
  assert.equal(textContains(blanks, "needle"), false);
  assert.equal(factsOf(blanks).signature.length, 0);
});

test("long texts are searched in pieces, and only so far", () => {
  for (const at of [262_100, 262_143, 262_144, 262_145, 524_280, 1_000_000]) {
    const text = Buffer.from(`Subject: \u00e9\r\n\r\n${"\u00e4 ".repeat(at / 2)}ge\u0308sucht${" x".repeat(300_000)}`);
    assert.equal(bodyContains(text, "GËSUCHT"), true);
    assert.equal(bodyContains(text, "gesucht"), false);
  }
  const beyond = Buffer.from(`Subject: \u00e9\r\n\r\n${"x ".repeat(maxSearchedBytes / 2)}needle`);
  assert.equal(bodyContains(beyond, "needle"), false);
});

test("a signature rules out what is not there", () => {
  for (const message of [plain, encoded])
    for (const needle of ["xylophone", "quadratic", "zebra crossing"])
      assert.equal(mayContain(factsOf(message).signature, needle), false);
  assert.equal(mayContain(factsOf(plain).signature, "zz"), true); // Too short to tell.
});

const headers: readonly [name: string, needle: string, expected: boolean][] = [
  ["Subject", "FIRST OF", true],
  ["subject", "", true],
  ["SUBJECT", "hello", false],
  ["from", "ann@x", true],
  ["cc", "", false],
  ["", "", false],
];
for (const [name, needle, expected] of headers)
  test(`header ${name} holds ${JSON.stringify(needle)}`, () =>
    assert.equal(headerContains(plain, name, needle), expected));

test("the short cut for plain messages says what the tree says", () => {
  const types = [
    "",
    "Content-Type: text/plain\r\n",
    "Content-Type: text/html; charset=utf-8\r\n",
    "Content-Type: text/plain; charset=utf-16\r\n",
    "Content-Type: application/pdf\r\n",
    'Content-Type: text/plain; name="word"\r\n',
    "Content-Type: text/plain;\r\n\tcharset=us-ascii\r\n",
    "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=word\r\n",
  ];
  const encodings = [
    "",
    "Content-Transfer-Encoding: 8bit\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
  ];
  const ends = ["\r\n", "\n"];
  for (const type of types)
    for (const encoding of encodings)
      for (const end of ends) {
        const text = `Subject: a\r\n word\r\n${type}${encoding}\r\nsome =77ord in d29yZA== body\r\nlast\r\n`.replaceAll(
          "\r\n",
          end,
        );
        const quick = latin1(text);
        // An 8-bit field that says nothing keeps the short cut away.
        const slow = latin1(`X: \xe9${end}${text}`);
        for (const needle of ["word", "a word", "some", "body", "d29y", "plain", "last", "=77", "content"]) {
          assert.equal(textContains(quick, needle), textContains(slow, needle), `${JSON.stringify(text)} ${needle}`);
          assert.equal(bodyContains(quick, needle), bodyContains(slow, needle), `${JSON.stringify(text)} ${needle}`);
          if (textContains(quick, needle)) assert.ok(mayContain(factsOf(quick).signature, needle), needle);
        }
      }
});

test("what is found always passes the signature", () => {
  const folder = new URL("../../test/corpus/mime/", import.meta.url);
  const files = [
    ...readdirSync(new URL("rfc/", folder)).map((file) => `rfc/${file}`),
    ...readdirSync(new URL("bounce/", folder)).map((file) => `bounce/${file}`),
  ].filter((file) => file.endsWith(".eml"));
  const messages = files.map((file) => readFileSync(new URL(file, folder)));
  const signatures = messages.map((message) => factsOf(message).signature);
  let seed = 3;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  let found = 0;
  for (let i = 0; i < 1500; i++) {
    const from = messages[random(messages.length)]!.toString("utf8").toUpperCase();
    const at = random(from.length);
    const needle = from.slice(at, at + 3 + random(9)).toWellFormed();
    const index = random(messages.length);
    for (const which of [index, messages.findIndex((message) => message.includes(needle.toLowerCase()))]) {
      const message = messages[which];
      if (message === undefined || !textContains(message, needle)) continue;
      found++;
      assert.ok(mayContain(signatures[which]!, needle), `${files[which]} ${JSON.stringify(needle)}`);
    }
  }
  assert.ok(found > 100, String(found));
});

test("signatures keep to their sizes", () => {
  const words = (bytes: number) => {
    let text = "";
    for (let i = 1; text.length < bytes; i++) text += `${((i * 7919) % 100003).toString(36)} `;
    return text.slice(0, bytes);
  };
  const size = (bytes: number) => factsOf(latin1(`\r\n${words(bytes)}`)).signature.length;
  assert.ok(size(1000) <= 128);
  assert.ok(size(4000) <= 512);
  assert.ok(size(250_000) <= maxSignatureBytes);
  assert.equal(size(maxIndexedBytes + 10), 0);
  assert.equal(mayContain(new Uint8Array(0), "anything"), true);
  // Encoded text counts decoded, and what is no text does not count.
  const attachment = `Content-Type: application/pdf\r\n\r\n${words(maxIndexedBytes * 2)}`;
  assert.ok(factsOf(latin1(attachment)).signature.length > 0);
  const letters = `Content-Transfer-Encoding: quoted-printable\r\n\r\n${"=41=42=43".repeat(40_000)}`;
  assert.ok(factsOf(latin1(letters)).signature.length > 0);
});

const subjects: readonly [value: string, expected: string][] = [
  ["plain", "plain"],
  ["  two   words\t", "two words"],
  ["=?utf-8?q?caf=C3=A9?=", "café"],
  ["=?utf-8?q?cafe=CC=81?=", "café"],
  ["=?utf-8?q?a=0D=0Ab?=", "a b"],
  ["=?utf-8?q?_?=", ""],
];
for (const [value, expected] of subjects) test(`subject ${value}`, () => assert.equal(subjectText(value), expected));
test("subjects are bounded and never end in half a character", () => {
  assert.equal(subjectText("x".repeat(5000)).length, maxSubjectChars);
  const emoji = subjectText(Buffer.from(`x${"😀".repeat(1000)}`).toString("latin1"));
  assert.ok(emoji.length <= maxSubjectChars && emoji.isWellFormed());
});

const bases: readonly [subject: string, base: string, isReply: boolean][] = [
  ["hello", "hello", false],
  ["Re: hello", "hello", true],
  ["RE : hello", "hello", true],
  ["re: RE: Fwd: fw: hello", "hello", true],
  ["Re[2]: hello", "hello", true],
  ["Re [x] : hello", "hello", true],
  ["[list] Re: hello", "hello", true],
  ["Re: [list] hello", "hello", true],
  ["[list] hello", "hello", false],
  ["[a] [b] hello", "hello", false],
  ["[only]", "[only]", false],
  ["[a] [only]", "[only]", false],
  ["hello (fwd)", "hello", true],
  ["hello (fwd) (FWD)  ", "hello", true],
  ["[fwd: hello]", "hello", true],
  ["[fwd: Re: [fwd: hello]]", "hello", true],
  ["Re:", "", true],
  ["", "", false],
  ["Reply: hello", "Reply: hello", false],
  ["Re: a   b", "a b", true],
  ["[x[y]] hello", "[x[y]] hello", false],
];
for (const [subject, base, isReply] of bases)
  test(`base subject of ${JSON.stringify(subject)}`, () =>
    assert.deepEqual(baseSubject(subject), { text: base, isReply }));
test("base subjects of hostile ones", () => {
  for (const piece of ["[a] ", "re: ", "[fwd: ", "(fwd) ", "[", "re[", " "]) baseSubject(piece.repeat(100_000));
});
