import assert from "node:assert/strict";
import { test } from "node:test";
import { namesIn, personalise } from "./personalise.ts";

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
