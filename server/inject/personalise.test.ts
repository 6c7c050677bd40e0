import assert from "node:assert/strict";
import { test } from "node:test";
import { namesIn, personalise, wrongPlace } from "./personalise.ts";

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

test("finds the names", () => assert.deepEqual([...namesIn("{{a}} {{{b}}} {{ a }} {{c d}}")], ["a", "b"]));

test("what looks like a place and is none is found, with where it stands", () => {
  for (const text of ["", "{a} }} {", "{{a}}{{{ b.c-d }}}", "{{a}} {b}"])
    assert.equal(wrongPlace(text), undefined, text);
  assert.deepEqual(wrongPlace("{{a}}\nxy{{first name}} {{b"), { line: 2, column: 3, shown: "{{first name}}" });
  assert.deepEqual(wrongPlace("{{#if a}}"), { line: 1, column: 1, shown: "{{#if a}}" });
  assert.deepEqual(wrongPlace("x {{a"), { line: 1, column: 3, shown: "{{a" });
  assert.deepEqual(wrongPlace("{{{a}}"), { line: 1, column: 1, shown: "{{{a}}" });
  assert.equal(wrongPlace("{{".repeat(100_000))?.column, 1);
});
