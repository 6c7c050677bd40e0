import assert from "node:assert/strict";
import { test } from "node:test";
import { asksIn, personalise, wrongPlace } from "./personalise.ts";

const known = { name: "Anna <a>", n: 3, loop: "{{name}}", constructor_: true };
const cases: readonly [text: string, kind: "text" | "html", made: string][] = [
  ["Dear {{name}},", "text", "Dear Anna <a>,"],
  ["Dear {{ name }},", "html", "Dear Anna &lt;a&gt;,"],
  ["Dear {{{name}}},", "html", "Dear Anna <a>,"],
  ["{{n}} of {{n}}", "text", "3 of 3"],
  ["{{loop}}", "text", "{{name}}"],
  ["{{nobody}}{{toString}}{{constructor}}", "text", ""],
  ["{{}} {{a b}} {name}", "text", "{{}} {{a b}} {name}"],
];
for (const [text, kind, made] of cases)
  test(`personalises ${text} as ${kind}`, () => assert.equal(personalise(text, known, kind), made));

const texts = {
  subject: "{{s}}",
  text: "{{a}} {{{b}}} {{ a }} {{c d}}",
  html: undefined,
  headers: [["X-Y", "{{h}}"]],
} as const;
test("finds the names, those of fields too", () => {
  const asks = asksIn(texts);
  assert.deepEqual([...asks.names], ["s", "a", "b", "h"]);
  assert.deepEqual(asks.missing({ s: 1, a: "" }), ["b", "h"]);
});

test("a name that stands there often does not make a gigabyte of a kilobyte", () => {
  const asks = asksIn({ ...texts, text: "{{a}}".repeat(1000), html: "{{a}}".repeat(1000) });
  assert.equal(asks.tooLong({ a: "x".repeat(10_000) }), undefined);
  assert.equal(asks.tooLong({ a: "x".repeat(10_500) })?.part, "text");
  assert.equal(asks.tooLong({ a: "<".repeat(10_000) })?.part, "html", "as it is escaped");
  assert.equal(asks.tooLong({ s: "x".repeat(10_001) })?.part, "subject");
  assert.equal(asks.tooLong({ h: "x".repeat(10_001) })?.part, "X-Y");
});

test("what looks like a place and is none is found, with where it stands", () => {
  for (const text of ["", "{a} }} {", "{{a}}{{{ b.c-d }}}", "{{a}} {b}"])
    assert.equal(wrongPlace(text), undefined, text);
  assert.deepEqual(wrongPlace("{{a}}\nxy{{first name}} {{b"), { line: 2, column: 3, shown: "{{first name}}" });
  assert.deepEqual(wrongPlace("{{#if a}}"), { line: 1, column: 1, shown: "{{#if a}}" });
  assert.deepEqual(wrongPlace("x {{a"), { line: 1, column: 3, shown: "{{a" });
  assert.deepEqual(wrongPlace("{{{a}}"), { line: 1, column: 1, shown: "{{{a}}" });
  assert.equal(wrongPlace("{{".repeat(100_000))?.column, 1);
});
