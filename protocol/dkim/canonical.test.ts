import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { relaxedBody, relaxedField, simpleBody, type TakePiece } from "./canonical.ts";
import { bodyHashes, relaxedBodyHash } from "./hashes.ts";

const whole = (form: (body: Buffer, take: TakePiece) => void, body: Buffer): string => {
  let text = "";
  form(body, (piece) => void (text += Buffer.from(piece).toString("latin1")));
  return text;
};
const relaxed = (body: string): string => whole(relaxedBody, Buffer.from(body, "latin1"));
const simple = (body: string): string => whole(simpleBody, Buffer.from(body, "latin1"));

/** RFC 6376 §3.4.4 word by word. */
function asWritten(body: string): string {
  let text = body
    .replace(/[ \t]+\r\n/g, "\r\n")
    .replace(/[ \t]+$/, "")
    .replace(/[ \t]+/g, " ");
  while (text.endsWith("\r\n")) text = text.slice(0, -2);
  return text === "" ? "" : `${text}\r\n`;
}

const bodies: readonly [body: string, relaxed: string, simple: string][] = [
  ["", "", "\r\n"],
  ["\r\n", "", "\r\n"],
  ["\r\n\r\n", "", "\r\n"],
  [" \t", "", " \t\r\n"],
  [" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"], // RFC 6376 §3.4.5
  ["a", "a\r\n", "a\r\n"],
  ["a  b", "a b\r\n", "a  b\r\n"],
  ["a\r\n \r\n\t\r\n", "a\r\n", "a\r\n \r\n\t\r\n"],
  ["a\r \r\n", "a\r\r\n", "a\r \r\n"],
  ["a\n  \n", "a\n \n\r\n", "a\n  \n\r\n"],
  ["\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"],
  ["12345678  abc", "12345678 abc\r\n", "12345678  abc\r\n"],
  ["1234567  !abcdefgh", "1234567 !abcdefgh\r\n", "1234567  !abcdefgh\r\n"],
  ["1234567 !abcdefgh\0\0", "1234567 !abcdefgh\0\0\r\n", "1234567 !abcdefgh\0\0\r\n"],
];
for (const [body, toRelaxed, toSimple] of bodies)
  test(`the body ${JSON.stringify(body)}`, () => {
    assert.equal(relaxed(body), toRelaxed);
    assert.equal(asWritten(body), toRelaxed);
    assert.equal(simple(body), toSimple);
  });

test("bodies of all sorts are what RFC 6376 writes, wherever they lie in memory", () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const words = [
    "a",
    "bcd",
    "!",
    " ",
    " ",
    "  ",
    "\t",
    "\r\n",
    "\r\n",
    " \r\n",
    "\r",
    "\n",
    "\0",
    "\xff",
    "\xa0\x80",
    "x".repeat(9),
  ];
  for (let round = 0; round < 4000; round++) {
    let text = "";
    for (let count = random(40); count > 0; count--) text += words[random(words.length)];
    assert.equal(relaxed(text), asWritten(text), JSON.stringify(text));
    const at = random(8);
    const elsewhere = Buffer.from(" ".repeat(at) + text, "latin1").subarray(at);
    assert.equal(whole(relaxedBody, elsewhere), asWritten(text));
    const shared = Buffer.from(new SharedArrayBuffer(text.length + at)).subarray(at);
    shared.write(text, "latin1");
    assert.equal(whole(relaxedBody, shared), asWritten(text));
  }
  // Blanks at each place around the end of a piece.
  for (let blanks = 1; blanks < 20; blanks++)
    for (let before = 16 * 1024 - 40; before < 16 * 1024 + 5; before++) {
      const text = `${"x".repeat(before)}${" ".repeat(blanks)}y \r\n${"z ".repeat(20)}\r\n\r\n`;
      assert.ok(relaxed(text) === asWritten(text), `${blanks} blanks after ${before} bytes`);
    }
});

test("what changes is found wherever the look at a long body goes on", () => {
  for (const blank of ["  ", " \r\n", "\t", " \t\r\n", " \0 ", "! !"])
    for (let before = 16 * 1024 - 20; before < 16 * 1024 + 20; before++) {
      const words = `${"wo rd\r\n".repeat(3000).slice(0, before)}${blank}${"wo rd\r\n".repeat(1300)}`;
      const packed = `${"x".repeat(before)}${blank}${"x".repeat(33_000)} y`;
      for (const text of [words, packed, words + packed])
        assert.ok(relaxed(text) === asWritten(text), `${blank} after ${before}`);
    }
});

test("a body hash is that of the canonical form, and l= cuts it", () => {
  const body = Buffer.from(`${"Hello  there \r\n".repeat(5000)}\r\n`);
  const sum = (text: string): string => createHash("sha256").update(text, "latin1").digest("base64");
  const text = asWritten(body.toString("latin1"));
  assert.equal(relaxedBodyHash(body), sum(text));
  const [all, part, exact, more, twice] = bodyHashes(body, [
    { form: "relaxed", length: undefined },
    { form: "relaxed", length: 40_000 },
    { form: "relaxed", length: text.length },
    { form: "relaxed", length: text.length + 1 },
    { form: "simple", length: 0 },
  ]);
  assert.deepEqual(all, { hash: sum(text), more: false });
  assert.deepEqual(part, { hash: sum(text.slice(0, 40_000)), more: true });
  assert.deepEqual(exact, { hash: sum(text), more: false });
  assert.deepEqual(more, { hash: undefined, more: false });
  assert.deepEqual(twice, { hash: sum(""), more: true });
  assert.deepEqual(bodyHashes(Buffer.alloc(0), [{ form: "relaxed", length: 0 }]), [{ hash: sum(""), more: false }]);
});

const fields: readonly [field: string, relaxed: string][] = [
  ["A: X\r\n", "a:X"],
  ["B : Y\t\r\n\tZ  \r\n", "b:Y Z"], // RFC 6376 §3.4.5
  ["Subject:\r\n \r\n", "subject:"],
  ["Subject: \r\n  a\r\n  b \r\n \r\n", "subject:a b"],
  ["Subject:a\r\nb", "subject:ab"],
  ["To:a  b\tc", "to:a b c"],
  ["To: ", "to:"],
  ["To:", "to:"],
];
for (const [field, expected] of fields)
  test(`the field ${JSON.stringify(field)}`, () => assert.equal(relaxedField(field), expected));
