import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv, parseCsvRows, textOfFile } from "./csv.ts";

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
test("each row knows the line that it begins in", () => {
  const lines = (text: string) => parseCsvRows(text).map(({ line, cells }) => `${line}:${cells[0]}`);
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["a", "", '"b', 'b"', "c", "", "", "d"].join(end);
    assert.deepEqual(lines(text), ["1:a", `3:b${end}b`, "5:c", "8:d"]);
  }
});

test("files of spreadsheets: UTF-8 with and without a mark, UTF-16, Windows-1252", () => {
  const text = "address;name\njürgen@a.test;Jürgen – 10 €\n";
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  const ansi = Buffer.from(text.replace("–", "\x96").replace("€", "\x80"), "latin1");
  for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), utf16, Buffer.from(utf16).swap16(), ansi])
    assert.equal(textOfFile(bytes), text);
  assert.equal(textOfFile(Buffer.from("田中 雪")), "田中 雪");
});

for (const [name, text, rows] of cases) test(name, () => assert.deepEqual(parseCsv(text), rows));
