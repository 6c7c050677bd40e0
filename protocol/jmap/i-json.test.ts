import assert from "node:assert/strict";
import { test } from "node:test";
import { notIJson } from "./i-json.ts";
import { withoutSame } from "./patch.ts";
import { mark } from "./snippet.ts";

const whyNot = (text: string): string | undefined => {
  for (const looking = notIJson(text); ; ) {
    const step = looking.next();
    if (step.done === true) return step.value;
  }
};
const good = [
  '{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}',
  '{"a":"\\"a\\":1,\\"a\\":2","b":"{\\\\"}',
  '{"\\ud83d\\ude00":"\\ud83d\\ude00"}',
  '[["a","a"],{"x":["a","a"],"a":"x"}]',
  '{"a":{},"b":[],"c":[[],{}]}',
];
for (const text of good)
  test(`I-JSON: ${text}`, () => {
    JSON.parse(text);
    assert.equal(whyNot(text), undefined);
  });
const bad: readonly [text: string, why: RegExp][] = [
  ['{"a":1,"a":1}', /"a" stands twice/],
  ['{"a":1,"\\u0061":1}', /twice/],
  ['[{"x":{"b":[1,{"a":1}],"c":"d","b":2}}]', /"b" stands twice/],
  ['{"a":"\\ud800"}', /surrogate/],
  ['{"\\udc00x":1}', /surrogate/],
  ['["\\ud83d\\ud83d\\ude00"]', /surrogate/],
];
for (const [text, why] of bad)
  test(`not I-JSON: ${text}`, () => {
    JSON.parse(text);
    assert.match(whyNot(text) ?? "", why);
  });

test("I-JSON: strings that no regular expression has room for, and what stands far behind", () => {
  const long = JSON.stringify(["x".repeat(9_000_000)]);
  assert.equal(whyNot(long), undefined);
  assert.match(whyNot(`[${long},${"1,".repeat(20_000)}{"a":1,"a":2}]`) ?? "", /"a" stands twice/);
});

test("a patch without what says again how it is, whatever the order of names", () => {
  const current = { id: "M1", from: [{ name: "A", email: "a@x" }], rights: { a: true, b: false } };
  const patch = {
    id: "M1",
    from: [{ email: "a@x", name: "A" }],
    rights: { b: false, a: true },
    x: 1,
    "rights/a": null,
  };
  assert.deepEqual(withoutSame(patch, current), { x: 1, "rights/a": null });
  assert.deepEqual(withoutSame({ id: "M2", from: [] }, current), { id: "M2", from: [] });
});

const marks: readonly [text: string, words: string[], maxBytes: number, expected: string | null][] = [
  ["Äöü x", ["aou"], 1e9, "<mark>Äöü</mark> x"],
  ["die Straße 5", ["strasse"], 1e9, "die <mark>Straße</mark> 5"],
  ["cafe\u0301 au lait", ["cafe", "lait"], 1e9, "<mark>cafe\u0301</mark> au <mark>lait</mark>"],
  ["plan, planning", ["plan", "planning"], 1e9, "<mark>plan</mark>, <mark>planning</mark>"],
  ["a<b & B", ["b"], 1e9, "a&lt;<mark>b</mark> &amp; <mark>B</mark>"],
  ["東京都", ["東京", "京都"], 1e9, "<mark>東京</mark>都"],
  ["nothing here", ["zz"], 1e9, null],
  ["one two three", ["two"], 18, "one"],
  [`${"x ".repeat(100)}needle end`, ["needle"], 255, `${"x ".repeat(29)}<mark>needle</mark> end`],
];
for (const [text, words, maxBytes, expected] of marks)
  test(`marked: ${text.slice(0, 30)} ${words}`, () => assert.equal(mark(text, words, maxBytes), expected));
