import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersIn } from "./digest-answer.ts";

const cases: readonly [text: string, numbers: readonly number[]][] = [
  ["12\r\n", [12]],
  ["Release 12, 13 #14\n", [12, 13, 14]],
  ["numbers: 7; 8\r\n\r\nOn Wed, 25 Nov 2026 at 05:00, Mail server wrote:\r\n> 9\r\n", [7, 8]],
  ["Thanks, but I do not want the 12 messages.\n", []],
  ["> 12\n13\n", []],
  ["-- \n12\n", []],
  ["", []],
  ["1e5\n-3\n0x10\n", []],
];
for (const [text, numbers] of cases)
  test(`the answer ${JSON.stringify(text)}`, () => assert.deepEqual(numbersIn(text), numbers));
