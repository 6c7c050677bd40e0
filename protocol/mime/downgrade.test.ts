import assert from "node:assert/strict";
import test from "node:test";
import { downgraded } from "./downgrade.ts";

const cases: readonly [name: string, message: string, expected: string][] = [
  ["ASCII stays", "Subject: x\r\n\r\nhello\r\n", "Subject: x\r\n\r\nhello\r\n"],
  ["8 bits in the body stay", "Subject: x\r\n\r\nü\r\n", "Subject: x\r\n\r\nü\r\n"],
  ["the subject", "Subject: Grüße an alle\r\n\r\nü\r\n", "Subject: =?utf-8?b?R3LDvMOfZQ==?= an alle\r\n\r\nü\r\n"],
  [
    "names, and addresses that can be written",
    'From: "Jürgen, B." <j@x.test>,\r\n Ann <ann@bücher.test>\r\n\r\n',
    "From: =?utf-8?b?SsO8cmdlbiwgQi4=?= <j@x.test>, Ann <ann@xn--bcher-kva.test>\r\n\r\n",
  ],
  [
    "addresses that cannot",
    "To: Jü <jürgen@x.test>, ü@x.test, b@x.test\r\n\r\n",
    "To: =?utf-8?b?SsO8?= <invalid@internationalized-address.invalid>,\r\n =?utf-8?b?w7xAeC50ZXN0?= <invalid@internationalized-address.invalid>,\r\n <b@x.test>\r\n\r\n",
  ],
  ["groups", "Cc: Gäste: a@x.test;, b@x.test\r\n\r\n", "Cc: =?utf-8?q?G=C3=A4ste?=: <a@x.test>;, <b@x.test>\r\n\r\n"],
  ["a group of nobody", "To: Gäste:;\r\n\r\n", "To: =?utf-8?q?G=C3=A4ste?=: ;\r\n\r\n"],
  [
    "what only a program reads goes",
    "Received: for <ü@x.test>\r\n\tby x\r\nX: ü\r\nSubject: x\r\n\r\n",
    "Subject: x\r\n\r\n",
  ],
  [
    "of parts too",
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; size=3;\r\n filename="Übung 1.txt"\r\n\r\nü\r\n--b--\r\n',
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; size=3; filename*=utf-8''%C3%9Cbung%201.txt\r\n\r\nü\r\n--b--\r\n",
  ],
];
for (const [name, message, expected] of cases)
  test(`for a client without UTF-8: ${name}`, () =>
    assert.equal(downgraded(Buffer.from(message)).toString(), expected));

test("a header in another charset stays: it is no internationalised message", () => {
  const raw = Buffer.from("Subject: Gr\xfc\xdfe\r\n\r\n", "latin1");
  assert.equal(downgraded(raw), raw);
});
