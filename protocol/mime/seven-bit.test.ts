import assert from "node:assert/strict";
import test from "node:test";
import { decodeBody } from "./decode.ts";
import { hasLongLine } from "./encode.ts";
import { parseMessage } from "./parse.ts";
import { toSevenBit, toShortLines } from "./seven-bit.ts";

const head = "From: a@b.test\r\nMIME-Version: 1.0\r\n";
const cases: readonly [name: string, message: string, expected: string | undefined][] = [
  ["ASCII stays", `${head}\r\nhello\r\n`, `${head}\r\nhello\r\n`],
  [
    "text",
    `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngruß and a lot more text\r\n`,
    `${head}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ngru=C3=9F and a lot more text\r\n`,
  ],
  [
    "without a word about MIME",
    "Subject: x\r\n\r\ngruß and a lot more text\r\n",
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\nSubject: x\r\n\r\ngru=C3=9F and a lot more text\r\n",
  ],
  [
    "one part of several",
    `${head}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00é\r\n--b--\r\n`,
    `${head}Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\nAMOp\r\n\r\n--b--\r\n`,
  ],
  [
    "a message in a message",
    `${head}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\naß and a lot more text\r\n`,
    `${head}Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=C3=9F and a lot more text\r\n`,
  ],
  ["a signed part", `${head}Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\né\r\n--b--\r\n`, undefined],
  ["a header beyond ASCII", "Subject: é\r\n\r\né\r\n", undefined],
  ["8 bits under base64", `${head}Content-Transfer-Encoding: base64\r\n\r\né\r\n`, undefined],
  [
    "8 bits between the parts",
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\né\r\n--b\r\n\r\nx\r\n--b--\r\n`,
    undefined,
  ],
];
for (const [name, message, expected] of cases)
  test(`seven bits: ${name}`, () =>
    assert.equal(toSevenBit(Buffer.from(message, "utf8"))?.toString("latin1"), expected));

test("what was converted decodes to what it was", () => {
  const body = Buffer.from(`${"é=\t ".repeat(300)}\r\n.\r\n${"x".repeat(2000)}\r\n`);
  const raw = Buffer.concat([
    Buffer.from(`${head}Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`),
    body,
  ]);
  const converted = toSevenBit(raw);
  assert.ok(converted !== undefined);
  assert.deepEqual(decodeBody(converted, parseMessage(converted), 1_000_000), body);
});

const long = "word ".repeat(400).trim();
const shortened: readonly [name: string, message: string, expected: string | undefined][] = [
  ["998 octets are no long line", `${head}\r\n${"x".repeat(998)}\r\né\r\n`, `${head}\r\n${"x".repeat(998)}\r\né\r\n`],
  [
    "999 are",
    `${head}\r\n${"x".repeat(999)}`,
    `Content-Transfer-Encoding: quoted-printable\r\n${head}\r\n${`${"x".repeat(75)}=\r\n`.repeat(13)}${"x".repeat(24)}`,
  ],
  [
    "only the part that has them",
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngrüße\r\n--b\r\n\r\n${"x".repeat(1000)}\r\n--b--\r\n`,
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: 8bit\r\n\r\ngrüße\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${`${"x".repeat(75)}=\r\n`.repeat(13)}${"x".repeat(25)}\r\n--b--\r\n`,
  ],
  [
    "base64 on one line",
    `${head}Content-Transfer-Encoding: base64\r\n\r\n${"QUJD".repeat(250)}\r\n`,
    `${head}Content-Transfer-Encoding: base64\r\n\r\n${`${"QUJD".repeat(19)}\r\n`.repeat(13)}QUJDQUJDQUJD\r\n`,
  ],
  [
    "what is signed stays",
    `${head}Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n${long}\r\n--b--\r\n`,
    undefined,
  ],
  ["a field that cannot be folded", `X-Y: ${"x".repeat(1000)}\r\n\r\n`, undefined],
];
for (const [name, message, expected] of shortened)
  test(`short lines: ${name}`, () => assert.equal(toShortLines(Buffer.from(message))?.toString(), expected));

test("long fields are folded, and say what they said", () => {
  const raw = Buffer.from(`Subject: ${long}\r\nReferences: <a@b>  \r\n\r\né\r\n`);
  const made = toShortLines(raw)!.toString();
  assert.equal(made.replaceAll(/\r\n(?= )/g, ""), raw.toString());
  for (const line of made.split("\r\n")) assert.ok(line.length <= 83, line);
});

test("a long line is found wherever it stands", () => {
  for (let before = 0; before < 1100; before += 7)
    for (const [length, found] of [
      [998, false],
      [999, true],
    ] as const)
      for (const after of ["", "\r\n", "\r\nmore\r\n"])
        assert.equal(hasLongLine(Buffer.from(`${"y\r\n".repeat(before)}${"x".repeat(length)}${after}`)), found);
});
