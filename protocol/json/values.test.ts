import assert from "node:assert/strict";
import { test } from "node:test";
import { countValues } from "./values.ts";

const cases: readonly [text: string, values: number, depth: number, names: number][] = [
  ["1", 1, 0, 0],
  ["[]", 2, 1, 0],
  ["[1,2,3]", 4, 1, 0],
  ['{"a":1,"b":[{}]}', 7, 3, 2],
  ['{"a":{"b":1,"c":2,"d":3},"e":1}]]]:', 12, 2, 3],
  ['{"a,b:[{":"\\",[{"}', 3, 1, 1],
  ['"\\\\",[', 3, 1, 0],
  ['"never ended [[[', 1, 0, 0],
  ["[[[[", 5, 4, 0],
];
for (const [text, values, depth, names] of cases)
  test(`values in ${text}`, () => assert.deepEqual(countValues(Buffer.from(text)), { values, depth, names }));

test("no text has more values than are counted, and counting ends", () => {
  const [wide, deep] = [Buffer.from(`[${"0,".repeat(1000)}0]`), Buffer.from("[".repeat(1000))];
  assert.equal(countValues(wide).values, 1002);
  assert.deepEqual([countValues(wide, 10).values, countValues(deep, 10).depth], [11, 10]);
});
