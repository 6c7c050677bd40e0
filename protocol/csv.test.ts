import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv } from "./csv.ts";

const cases: readonly [name: string, text: string, rows: readonly (readonly string[])[]][] = [
  [
    "plain rows",
    "a,b\nc,d\n",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  [
    "no last line end",
    "a,b\nc,d",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["CRLF and CR", "a\r\nb\rc", [["a"], ["b"], ["c"]]],
  [
    "empty cells",
    "a,,b\n,\n",
    [
      ["a", "", "b"],
      ["", ""],
    ],
  ],
  ["empty lines are none", "\n\na\n\n", [["a"]]],
  ["quotes", '"a,b","say ""hi""","two\nlines"\n', [["a,b", 'say "hi"', "two\nlines"]]],
  ["an empty quoted cell is a row", '""\n', [[""]]],
  ["a quote inside of a cell is a letter", 'a"b,c\n', [['a"b', "c"]]],
  [
    "semicolons",
    "a;b\n1,5;2\n",
    [
      ["a", "b"],
      ["1,5", "2"],
    ],
  ],
  [
    "tabs",
    "a\tb\nc\td\n",
    [
      ["a", "b"],
      ["c", "d"],
    ],
  ],
  ["a byte order mark is none of it", "\ufeffa,b\n", [["a", "b"]]],
  ["a quote that is never closed takes the rest", 'a,"b\nc,d\n', [["a", "b\nc,d\n"]]],
  ["nothing", "", []],
];
for (const [name, text, rows] of cases) test(name, () => assert.deepEqual(parseCsv(text), rows));
