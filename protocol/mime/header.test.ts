import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldValue, headerSection, headerValue, maxHeaderBytes, maxHeaderFields, splitHeader } from "./header.ts";

const split = (text: string) => {
  const raw = Buffer.from(text, "latin1");
  return splitHeader(raw, 0, raw.length);
};

const cases: readonly [name: string, text: string, fields: readonly (readonly [string, string])[], bodyAt: string][] = [
  [
    "plain",
    "A: b\r\nC: d\r\n\r\nbody",
    [
      ["a", "b"],
      ["c", "d"],
    ],
    "body",
  ],
  [
    "bare LF",
    "A: b\nC: d\n\nbody",
    [
      ["a", "b"],
      ["c", "d"],
    ],
    "body",
  ],
  ["folded", "Subject: one\r\n two\r\n\tthree\r\n\r\n", [["subject", "one two\tthree"]], ""],
  ["a fold of blanks only", "A: one\r\n \r\n two\r\n\r\nx", [["a", "one  two"]], "x"],
  ["blanks before the colon", "Subject \t: x\r\n\r\n", [["subject", "x"]], ""],
  [
    "no value",
    "A:\r\nB: c\r\n\r\n",
    [
      ["a", ""],
      ["b", "c"],
    ],
    "",
  ],
  ["no blank after the colon", "A:b\r\n\r\n", [["a", "b"]], ""],
  [
    "a line without a colon is no field",
    "A: b\r\nnonsense\r\nC: d\r\n\r\n",
    [
      ["a", "b"],
      ["", ""],
      ["c", "d"],
    ],
    "",
  ],
  [
    "mbox line first",
    ">From a@b Mon Jan 1 10:00\r\nA: b\r\n\r\n",
    [
      ["", ""],
      ["a", "b"],
    ],
    "",
  ],
  [
    "blank in the name",
    "Bad Name: x\r\nA: b\r\n\r\n",
    [
      ["", ""],
      ["a", "b"],
    ],
    "",
  ],
  ["8-bit in the name", "B\xe4d: x\r\n\r\n", [["", ""]], ""],
  [
    "colon first",
    ": x\r\nA: b\r\n\r\n",
    [
      ["", ""],
      ["a", "b"],
    ],
    "",
  ],
  [
    "begins with a fold",
    " x: y\r\nA: b\r\n\r\n",
    [
      ["", ""],
      ["a", "b"],
    ],
    "",
  ],
  ["NUL and bare CR vanish", "A: b\0c\rd\r\n\r\n", [["a", "bcd"]], ""],
  ["8-bit value", "A: \xe4\xa0\r\n\r\n", [["a", "\xe4\xa0"]], ""],
  ["no end", "A: b", [["a", "b"]], ""],
  ["no end after a line", "A: b\r\n", [["a", "b"]], ""],
  ["empty header", "\r\nbody", [], "body"],
  ["empty header, LF", "\nbody", [], "body"],
  ["nothing", "", [], ""],
  [
    "CR alone is no empty line",
    "A: b\r\n\rC: d\r\n\r\nx",
    [
      ["a", "b"],
      ["", ""],
    ],
    "x",
  ],
];
for (const [name, text, fields, body] of cases)
  test(`header: ${name}`, () => {
    const header = split(text);
    assert.deepEqual(
      header.fields.map((field) => [field.name, field.name === "" ? "" : fieldValue(header, field)]),
      fields,
    );
    assert.equal(text.slice(header.end), body);
    assert.equal(headerSection(Buffer.from(text, "latin1")).end, header.end);
  });

test("offsets count within the section, and it may stand anywhere", () => {
  const raw = Buffer.from("junk\r\nFrom: a\r\n b\r\nTo: c\r\n\r\nbody");
  const header = splitHeader(raw, 6, raw.length);
  assert.equal(header.start, 6);
  assert.equal(raw.toString("latin1", header.end), "body");
  assert.deepEqual(
    header.fields.map((field) => header.text.slice(field.start, field.end)),
    ["From: a\r\n b\r\n", "To: c\r\n"],
  );
});

test("a section is the same however long it is", () => {
  for (const size of [10, 4090, 4096, 4097, 32_768, 40_000, 300_000]) {
    const text = `A: ${"x".repeat(size)}\r\nB: y\r\n\r\nbody`;
    const header = split(text);
    assert.equal(text.slice(header.end), "body");
    assert.equal(headerValue(header, "b"), "y");
    assert.equal(headerValue(header, "a")?.length, size);
  }
});

test("what is longer than the bounds is passed over, but its end is found", () => {
  const long = `${"A: b\r\n".repeat(maxHeaderBytes / 4)}\r\nbody`;
  const header = split(long);
  assert.equal(header.fields.length, maxHeaderFields);
  assert.equal(header.text.length, maxHeaderBytes);
  assert.equal(long.slice(header.end), "body");
  assert.equal(headerSection(Buffer.from(long)).end, header.end);
});

test("a delimiter can end a header", () => {
  const raw = Buffer.from("A: b\r\n--x\r\nC: d\r\n\r\n");
  const header = splitHeader(raw, 0, raw.length, (line) => raw[line + 2] === 120);
  assert.deepEqual([header.fields.length, header.end], [1, 6]);
});
