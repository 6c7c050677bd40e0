import assert from "node:assert/strict";
import { test } from "node:test";
import { type BodySection, binaryOf, sectionOf } from "./section.ts";

// The example of RFC 9051 §6.4.5.1, made flesh: 1 text, 2 octets, 3 a message (3.1 text, 3.2 octets), 4 multipart (4.1 image, 4.2 a message (4.2.1 text, 4.2.2 multipart (4.2.2.1 text, 4.2.2.2 richtext))).
const part = (boundary: string, ...parts: string[]) =>
  `${parts.map((each) => `--${boundary}\r\n${each}\r\n`).join("")}--${boundary}--\r\n`;
const text = (body: string) => `Content-Type: text/plain\r\n\r\n${body}`;
const octets = (body: string) =>
  `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`;
const inner = `Subject: inner\r\nFrom: a@b.test\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n${part("i", text("three one"), octets("MzI="))}`;
const deep = `Subject: deep\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n${part("d", text("four two one"), `Content-Type: multipart/alternative; boundary=a\r\n\r\n${part("a", text("4221"), text("4222"))}`)}`;
const header =
  "Subject: outer\r\n folded\r\nX-Empty:\r\nnot a field\r\nFrom : c@d.test\r\nSUBJECT: again\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n";
const body = part(
  "o",
  text("one"),
  octets("aGVsbG8="),
  `Content-Type: message/rfc822\r\n\r\n${inner}`,
  `Content-Type: multipart/mixed; boundary=f\r\n\r\n${part("f", "Content-Type: image/gif\r\nContent-Transfer-Encoding: x-odd\r\n\r\ngif", `Content-Type: message/rfc822\r\n\r\n${deep}`)}`,
);
const raw = Buffer.from(header + body, "latin1");

const section = (path: string, what: BodySection["text"] = "", fields: readonly string[] = []): BodySection => ({
  part: path === "" ? [] : path.split(".").map(Number),
  text: what,
  fields,
});

const cases: readonly [name: string, section: BodySection, expected: string | undefined][] = [
  ["[]", section(""), header + body],
  ["[HEADER]", section("", "HEADER"), header],
  ["[TEXT]", section("", "TEXT"), body],
  ["[1]", section("1"), "one"],
  ["[1.MIME]", section("1", "MIME"), "Content-Type: text/plain\r\n\r\n"],
  ["[1.HEADER] of no message", section("1", "HEADER"), undefined],
  ["[1.TEXT] of no message", section("1", "TEXT"), undefined],
  ["[1.1] of no multipart", section("1.1"), undefined],
  ["[2]", section("2"), "aGVsbG8="],
  ["[3]", section("3"), inner],
  ["[3.MIME]", section("3", "MIME"), "Content-Type: message/rfc822\r\n\r\n"],
  ["[3.HEADER]", section("3", "HEADER"), inner.slice(0, inner.indexOf("--i"))],
  ["[3.TEXT]", section("3", "TEXT"), inner.slice(inner.indexOf("--i"))],
  ["[3.HEADER.FIELDS]", section("3", "HEADER.FIELDS", ["subject"]), "Subject: inner\r\n\r\n"],
  ["[3.1]", section("3.1"), "three one"],
  ["[3.1.MIME]", section("3.1", "MIME"), "Content-Type: text/plain\r\n\r\n"],
  ["[3.2]", section("3.2"), "MzI="],
  ["[3.3]", section("3.3"), undefined],
  ["[4.1]", section("4.1"), "gif"],
  ["[4.2.HEADER.FIELDS.NOT]", section("4.2", "HEADER.FIELDS.NOT", ["Content-Type"]), "Subject: deep\r\n\r\n"],
  ["[4.2.1]", section("4.2.1"), "four two one"],
  ["[4.2.2.1]", section("4.2.2.1"), "4221"],
  ["[4.2.2.2]", section("4.2.2.2"), "4222"],
  ["[5]", section("5"), undefined],
  ["[0]", section("0"), undefined],
  ["[4294967295]", section("4294967295"), undefined],
  [
    "fields in their own order",
    section("", "HEADER.FIELDS", ["from", "SUBJECT"]),
    "Subject: outer\r\n folded\r\nFrom : c@d.test\r\nSUBJECT: again\r\n\r\n",
  ],
  ["an empty field", section("", "HEADER.FIELDS", ["x-empty"]), "X-Empty:\r\n\r\n"],
  ["no such field", section("", "HEADER.FIELDS", ["x-none"]), "\r\n"],
  [
    "all but",
    section("", "HEADER.FIELDS.NOT", ["subject", "content-type"]),
    "X-Empty:\r\nnot a field\r\nFrom : c@d.test\r\n\r\n",
  ],
];
for (const [name, asked, expected] of cases)
  test(`section ${name}`, () => assert.equal(sectionOf(raw, asked)?.toString("latin1"), expected));

test("sections of a message of one part", () => {
  const single = Buffer.from("Subject: x\r\n\r\nbody");
  assert.equal(sectionOf(single, section("1"))?.toString(), "body");
  assert.equal(sectionOf(single, section("1", "MIME"))?.toString(), "Subject: x\r\n\r\n");
  assert.equal(sectionOf(single, section("1.1")), undefined);
  assert.equal(sectionOf(single, section("2")), undefined);
});

test("sections of a message that is a message", () => {
  const single = Buffer.from("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody");
  assert.equal(sectionOf(single, section("1"))?.toString(), "Subject: x\r\n\r\nbody");
  assert.equal(sectionOf(single, section("1", "HEADER"))?.toString(), "Subject: x\r\n\r\n");
  assert.equal(sectionOf(single, section("1.1"))?.toString(), "body");
});

test("a header that is cut off still ends with an empty line", () => {
  const cut = Buffer.from("A: b\r\nSubject: x");
  assert.equal(sectionOf(cut, section("", "HEADER.FIELDS", ["subject"]))?.toString(), "Subject: x\r\n\r\n");
  assert.equal(sectionOf(cut, section("", "TEXT"))?.toString(), "");
});

const binaries: readonly [path: readonly number[], expected: string | undefined][] = [
  [[1], "one"],
  [[2], "hello"],
  [[3, 2], "32"],
  [[4, 1], "unknown-cte"],
  [[9], undefined],
];
for (const [path, expected] of binaries)
  test(`binary [${path.join(".")}]`, () => {
    const found = binaryOf(raw, path);
    assert.equal(typeof found === "string" ? found : found?.toString("latin1"), expected);
  });
test("binary []", () => assert.equal(binaryOf(raw, [])?.toString("latin1"), header + body));
