import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatRanges,
  formatSet,
  inRanges,
  intersect,
  maxSetRanges,
  normalise,
  parseSet,
  rangesOf,
  type SetRange,
  sizeOf,
  star,
} from "./set.ts";

const parsed: readonly [text: string, ranges: readonly SetRange[] | undefined][] = [
  ["1", [[1, 1]]],
  ["1:4", [[1, 4]]],
  ["4:1", [[1, 4]]],
  [
    "2,4:7,9,12:*",
    [
      [2, 2],
      [4, 7],
      [9, 9],
      [12, star],
    ],
  ],
  [
    "*:4,5:7",
    [
      [4, star],
      [5, 7],
    ],
  ],
  ["*", [[star, star]]],
  ["4294967295", [[0xffff_ffff, 0xffff_ffff]]],
  ["4294967296", undefined],
  ["18446744073709551617", undefined],
  ["0", undefined],
  ["1:0", undefined],
  ["00", undefined],
  ["", undefined],
  ["1,", undefined],
  [",1", undefined],
  ["1:", undefined],
  ["1:2:3", undefined],
  ["1 2", undefined],
  ["-1", undefined],
  ["**", undefined],
  ["1,$", undefined],
];
for (const [text, ranges] of parsed) {
  test(`set ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseSet(text), ranges === undefined ? undefined : { kind: "ranges", ranges });
  });
}

test("the saved result, and sets that may not have it", () => {
  assert.deepEqual(parseSet("$"), { kind: "saved" });
  assert.equal(parseSet("$", true), undefined);
  assert.equal(parseSet("1:*", true), undefined);
});

test("a set has a bound", () => {
  assert.ok(parseSet(Array.from({ length: maxSetRanges }, () => "1").join(",")));
  assert.equal(parseSet(Array.from({ length: maxSetRanges + 1 }, () => "1").join(",")), undefined);
});

const normalised: readonly [text: string, largest: number, expected: string][] = [
  ["2,4:7,9,12:*", 15, "2,4:7,9,12:15"],
  ["*:4,5:7", 10, "4:10"],
  ["7:*", 3, "3:7"],
  ["*", 3, "3"],
  ["3,1,2", 9, "1:3"],
  ["5:6,1:9,2", 9, "1:9"],
  ["1,3", 9, "1,3"],
];
for (const [text, largest, expected] of normalised) {
  test(`${text} with ${largest}`, () => {
    const set = parseSet(text);
    assert.ok(set?.kind === "ranges");
    const ranges = normalise(set.ranges, largest);
    assert.equal(formatRanges(ranges), expected);
    // A second time it is the same, and what was given is not touched.
    assert.deepEqual(normalise(ranges, largest), ranges);
    assert.deepEqual(parseSet(text), set);
  });
}

test("numbers as sets", () => {
  assert.equal(formatSet([1, 2, 3, 5]), "1:3,5");
  assert.equal(formatSet([]), "");
  assert.equal(formatSet(Uint32Array.of(7)), "7");
  // COPYUID pairs by position: order stays.
  assert.equal(formatSet([5, 6, 1, 2]), "5:6,1:2");
  assert.deepEqual(rangesOf([1, 2, 3, 5]), [
    [1, 3],
    [5, 5],
  ]);
  assert.equal(
    sizeOf([
      [1, 3],
      [5, 5],
    ]),
    4,
  );
});

test("membership and intersection agree with the plain way", () => {
  let seed = 3;
  const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  for (let round = 0; round < 2000; round++) {
    const ranges = normalise(
      Array.from(
        { length: random(6) },
        () => [random(40) + 1, random(40) + 1].sort((a, b) => a - b) as [number, number],
      ),
      40,
    );
    const numbers = [...new Set(Array.from({ length: random(30) }, () => random(45) + 1))].sort((a, b) => a - b);
    const inside = numbers.filter((number) => ranges.some(([low, high]) => number >= low && number <= high));
    assert.deepEqual(intersect(ranges, Uint32Array.from(numbers)), inside);
    assert.deepEqual(
      numbers.filter((number) => inRanges(ranges, number)),
      inside,
    );
  }
});
