import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeCharset } from "./charset.ts";
import { charsetFor } from "./charset-names.ts";
import {
  decodeBase64,
  decodeBody,
  decodeQuotedPrintable,
  decodeText,
  decodeUuencode,
  fileNameOf,
  transferEncodingOf,
} from "./decode.ts";
import { encodeBase64, encodeQuotedPrintable } from "./encode.ts";
import { parseMessage } from "./parse.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");
const all = Number.MAX_SAFE_INTEGER;

const quoted: readonly [text: string, expected: string][] = [
  ["plain", "plain"],
  ["a=3Db", "a=b"],
  ["a=3db=C3=A9", "a=b\xc3\xa9"],
  ["soft=\r\nbreak", "softbreak"],
  ["soft= \t\r\nbreak", "softbreak"],
  ["soft=\nbreak", "softbreak"],
  ["end=", "end"],
  ["trailing  \t\r\nx", "trailing\r\nx"],
  ["trailing \nx =3D", "trailing\nx ="],
  ["kept=20\r\nx", "kept \r\nx"],
  ["bad =ZZ =4 =", "bad =ZZ =4 "],
  ["8-bit \xe9=", "8-bit \xe9"],
];
for (const [text, expected] of quoted)
  test(`quoted-printable: ${JSON.stringify(text)}`, () => {
    assert.equal(decodeQuotedPrintable(latin1(text), all).toString("latin1"), expected);
    for (let max = 0; max <= expected.length; max++)
      assert.ok(decodeQuotedPrintable(latin1(text), max).length <= Math.max(max, 0));
  });

const base64: readonly [text: string, expected: string][] = [
  ["aGVsbG8=", "hello"],
  ["aGVs\r\nbG8=\r\n", "hello"],
  ["aGVsbG8", "hello"],
  ["aGVs!bG8=", "hello"],
  ["YQ==YmM=", "abc"],
  ["YQ==\r\nYmM=\r\nZGVm", "abcdef"],
  ["", ""],
  ["====", ""],
];
for (const [text, expected] of base64)
  test(`base64: ${JSON.stringify(text)}`, () => {
    assert.equal(decodeBase64(latin1(text), all).toString("latin1"), expected);
    for (let max = 0; max <= expected.length; max++)
      assert.equal(decodeBase64(latin1(text), max).toString("latin1"), expected.slice(0, max));
  });

test("uuencode", () => {
  const text = "junk\r\nbegin 644 a.txt\r\n+:&5L;&\\@=V]R;&0\r\n`\r\nend\r\nrest";
  assert.equal(decodeUuencode(latin1(text), all).toString(), "hello world");
  assert.equal(decodeUuencode(latin1(text), 5).toString(), "hello");
  assert.equal(decodeUuencode(latin1("nothing"), all).length, 0);
  assert.ok(decodeUuencode(latin1(`begin 644 x\n${"M\n".repeat(1000)}`), 100).length <= 100);
});

test("what is encoded decodes to what it was", () => {
  let seed = 7;
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.alloc(round % 200);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (seed = (seed * 48271) % 2147483647) % 256;
    assert.deepEqual(decodeBase64(latin1(encodeBase64(bytes)), all), bytes);
    const text = Buffer.from(bytes.toString("latin1").replace(/[\r\n]+/g, "\r\n"), "latin1");
    const written = encodeQuotedPrintable(text);
    assert.deepEqual(decodeQuotedPrintable(latin1(written), all), text);
    assert.ok(written.split("\r\n").every((line) => line.length <= 76 && /^[\x20-\x7e\t]*$/.test(line)));
  }
});

const texts: readonly [headers: string, body: string, expected: string][] = [
  ["Content-Type: text/plain; charset=iso-8859-1", "\xe9", "é"],
  ["Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: Quoted-Printable", "=C3=A9", "é"],
  ['Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "base64"', "w6k=", "é"],
  ["Content-Type: text/plain", "\xc3\xa9", "é"],
  ["Content-Type: text/plain", "\xe9", "é"],
  ["Content-Type: text/plain; charset*=us-ascii'en'koi8-r", "\xc1", "а"],
  ["Content-Transfer-Encoding: x-strange", "as is", "as is"],
  ["Content-Transfer-Encoding: 8bit (comment)", "\xc3\xa9", "é"],
];
for (const [headers, body, expected] of texts)
  test(`text: ${headers} ${JSON.stringify(body)}`, () => {
    const raw = latin1(`${headers}\r\n\r\n${body}`);
    assert.equal(decodeText(raw, parseMessage(raw), all), expected);
  });

test("bodies that are not encoded are views", () => {
  const raw = latin1("A: b\r\n\r\nbody");
  assert.equal(decodeBody(raw, parseMessage(raw), all).buffer, raw.buffer);
  assert.equal(decodeBody(raw, parseMessage(raw), 2).toString(), "bo");
});

test("file names", () => {
  const name = (headers: string) => fileNameOf(parseMessage(latin1(`${headers}\r\n\r\n`)));
  assert.equal(name("Content-Disposition: attachment; filename*=utf-8''caf%C3%A9.txt"), "café.txt");
  assert.equal(name('Content-Type: a/b; name="x.txt"'), "x.txt");
  assert.equal(name('Content-Type: a/b; name="x.txt"\r\nContent-Disposition: attachment; filename=y.txt'), "y.txt");
  assert.equal(name("Content-Type: a/b"), undefined);
});

test("transfer encodings", () => {
  const encoding = (value: string) =>
    transferEncodingOf(parseMessage(latin1(`Content-Transfer-Encoding: ${value}\r\n\r\n`)));
  for (const [value, expected] of [
    ["7BIT", "identity"],
    ["BINARY", "identity"],
    ["", "identity"],
    ["Base64", "base64"],
    ["quoted-printable;", "quoted-printable"],
    ["x-uuencode", "uuencode"],
    ["8-bit", "unknown"],
    ["iso-8859-1", "unknown"],
  ] as const)
    assert.equal(encoding(value), expected, value);
});

const charsets: readonly [label: string, bytes: string, expected: string][] = [
  ["utf-8", "\xc3\xa9", "é"],
  ["UTF8", "\xc3\xa9", "é"],
  ["utf-8", "\xff", "\ufffd"],
  ["us-ascii", "\xc3\xa9", "é"],
  ["us-ascii", "\xe9", "é"],
  ["unknown-8bit", "\xe9", "é"],
  ["x-unknown", "\xc3\xa9", "é"],
  ["", "\xc3\xa9", "é"],
  ["iso-8859-1", "\x93", "“"],
  ["ISO_8859-2:1987", "\xb1", "ą"],
  ["iso8859-15", "\xa4", "€"],
  ["latin1", "\xe9", "é"],
  ["x-cp1251", "\xe0", "а"],
  ["cp-1251", "\xe0", "а"],
  ["win-1251", "\xe0", "а"],
  ["windows1251", "\xe0", "а"],
  ["iso-8859-8-i", "\xe0", "א"],
  ["iso-8859-8-e", "\xe0", "א"],
  ["ks_c_5601-1987", "\xb0\xa1", "가"],
  ["cp949", "\xb0\xa1", "가"],
  ["x-windows-949", "\xb0\xa1", "가"],
  ["gb2312", "\xc4\xe3", "你"],
  ["cp936", "\xc4\xe3", "你"],
  ["hz-gb-2312", "~{Dc~} ok~~", "你 ok~"],
  ["cp932", "\x82\xa0", "あ"],
  ["shift_jis", "\x82\xa0", "あ"],
  ["iso-2022-jp", '\x1b$B$"\x1b(B', "あ"],
  ["big5-hkscs", "\xa7A", "你"],
  ["tis-620", "\xa1", "ก"],
  ["cp866", "\xa0", "а"],
  ["koi8-u", "\xc1", "а"],
  ["macintosh", "\x8e", "é"],
  ["iso-2022-kr", "\x1b$)C\x0e0!\x0f ok", "가 ok"],
  ["utf-16", "\xff\xfea\x00", "a"],
  ["utf-16", "\xfe\xff\x00a", "a"],
  ["utf-16be", "\x00a", "a"],
  ["utf-7", "Hi +AOk-+-+ZeVnLIqe-.", "Hi é+日本語."],
  ["unicode-1-1-utf-7", "+2D3cqQ-", "💩"],
  ["utf-7", "a + b +", "a + b +"],
  ["'utf-8'", "\xc3\xa9", "é"],
  ["utf-8*en", "\xc3\xa9", "é"],
  ["constructor", "\xc3\xa9", "é"],
];
for (const [label, bytes, expected] of charsets)
  test(`charset ${label}: ${JSON.stringify(bytes)}`, () => assert.equal(decodeCharset(latin1(bytes), label), expected));

test("no label and no bytes make a charset throw", () => {
  let seed = 11;
  for (let i = 0; i < 3000; i++) {
    const bytes = Buffer.from(Array.from({ length: 12 }, () => (seed = (seed * 48271) % 2147483647) % 256));
    const label = bytes.toString("latin1", 0, seed % 12);
    assert.equal(typeof decodeCharset(bytes, label), "string");
    assert.equal(typeof charsetFor(`iso-8859-${seed % 20}`), "string");
    for (const known of ["utf-7", "hz", "iso-2022-jp", "utf-16", "gb18030", "iso-2022-kr"])
      assert.equal(typeof decodeCharset(bytes, known), "string");
  }
});
