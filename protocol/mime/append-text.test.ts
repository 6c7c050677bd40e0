import assert from "node:assert/strict";
import { test } from "node:test";
import { appendText } from "./append-text.ts";
import { decodeText } from "./decode.ts";
import { parseMessage } from "./parse.ts";
import { partsOf } from "./searchable.ts";

const below = { plain: "\r\n____\r\nÜber die Liste\r\n", html: "<hr><p>Über die Liste</p>" };
const message = (text: string): Buffer => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
const texts = (raw: Buffer): readonly string[] =>
  [...partsOf(parseMessage(raw))]
    .filter(({ kind, contentType }) => kind === "leaf" && contentType.type === "text")
    .map((part) => decodeText(raw, part, 1e6));
const appended = (text: string): readonly string[] | undefined => {
  const longer = appendText(message(text), below);
  return longer && texts(longer);
};

test("below plain text, in any charset and encoding", () => {
  for (const [name, text, begins] of [
    ["no MIME at all", "From: a@b\nSubject: x\n\nhello\n", "hello\r\n"],
    ["no line end", "From: a@b\n\nhello", "hello\r\n"],
    ["nothing", "From: a@b\n\n", ""],
    ["Latin 1", "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\nf\xfcr\n", "für\r\n"],
    [
      "quoted-printable",
      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nf=C3=BCr=\n dich\n",
      "für dich\r\n",
    ],
    ["base64", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nZsO8cg0K\n", "für\r\n"],
  ] as const)
    assert.deepEqual(appended(text), [`${begins}${below.plain}`], name);
});

test("other fields and parameters stay; a message without MIME becomes one", () => {
  const longer = appendText(message("From: a@b\nX-A: 1\n\nhello\n"), below)?.toString("latin1") ?? "";
  assert.match(longer, /^From: a@b\r\nX-A: 1\r\nMIME-Version: 1\.0\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
  const flowed = appendText(
    message("MIME-Version: 1.0\nContent-Type: text/plain; format=flowed; charset=us-ascii\n\nhello\n"),
    below,
  );
  assert.match(
    flowed?.toString("latin1") ?? "",
    /^MIME-Version: 1\.0\r\nContent-Type: text\/plain; charset=utf-8;\r\n format=flowed\r\n/,
  );
});

test("in HTML before its end, in both forms of an alternative, in the first part of a mixed one alone", () => {
  const alternative =
    "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nhello\n--a\nContent-Type: text/html\n\n<html><body><p>hello</p></BODY></html>\n--a--\n";
  assert.deepEqual(appended(alternative), [
    `hello\r\n${below.plain}`,
    `<html><body><p>hello</p>${below.html}\r\n</BODY></html>`,
  ]);
  const inner = alternative.replace("Content-Type", "X: y\nContent-Type");
  const mixed = `Content-Type: multipart/mixed; boundary=m\n\n--m\n${inner}\n--m\nContent-Type: text/plain\nContent-Disposition: attachment\n\nfile\n--m--\n`;
  assert.deepEqual(
    appended(mixed)?.map((text) => text.includes("Liste")),
    [true, true, false],
  );
});

test("what is signed, encrypted or an attachment is not touched", () => {
  for (const type of [
    "multipart/signed; boundary=s; protocol=application/pgp-signature",
    "multipart/encrypted; boundary=s",
    "multipart/report; boundary=s",
    "application/pkcs7-mime",
    "text/plain\nContent-Disposition: attachment",
    "text/calendar",
  ])
    assert.equal(appended(`Content-Type: ${type}\n\n--s\n\nhello\n--s--\n`), undefined, type);
});

test("whatever the bytes, what comes is a message with the words in it, or nothing", () => {
  const whole = message(
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/html; charset="x\n\n<p>\xff\n--m\n\nrest\n--m--\n',
  );
  for (let size = 0; size <= whole.length; size++) {
    const longer = appendText(whole.subarray(0, size), below);
    if (longer !== undefined)
      assert.ok(
        texts(longer).some((text) => text.includes("Liste")),
        `${size} bytes`,
      );
  }
});
