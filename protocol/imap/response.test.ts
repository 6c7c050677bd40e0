import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDateTime, parseDateTime, parseDay } from "./date-time.ts";
import * as say from "./response.ts";
import { astring, nstring, string } from "./string.ts";

const strings: readonly [bytes: string, quoted: string, atom: string][] = [
  ["", '""', '""'],
  ["INBOX", '"INBOX"', "INBOX"],
  ["a b", '"a b"', '"a b"'],
  ['a"b\\', '"a\\"b\\\\"', '"a\\"b\\\\"'],
  ["nil", '"nil"', '"nil"'],
  ["a]b", '"a]b"', "a]b"],
  ["50%", '"50%"', '"50%"'],
  ["a\r\nb", "{4}\r\na\r\nb", "{4}\r\na\r\nb"],
  ["\xc3\xbc", "{2}\r\n\xc3\xbc", "{2}\r\n\xc3\xbc"],
  ["a\0", "{2}\r\na\0", "{2}\r\na\0"],
];
for (const [bytes, quoted, atom] of strings) {
  test(`string ${JSON.stringify(bytes)}`, () => {
    assert.equal(string(bytes), quoted);
    assert.equal(astring(bytes), atom);
  });
}
test("UTF-8 in quotes, NIL, long strings", () => {
  assert.equal(string("\xc3\xbc", true), '"\xc3\xbc"');
  assert.equal(nstring(undefined), "NIL");
  assert.equal(nstring("x"), '"x"');
  assert.equal(string("x".repeat(5000)), `{5000}\r\n${"x".repeat(5000)}`);
});

test("dates", () => {
  const at = Date.UTC(1996, 6, 7, 9, 4, 5);
  assert.equal(formatDateTime(at), '" 7-Jul-1996 09:04:05 +0000"');
  assert.equal(formatDateTime(Date.UTC(2026, 11, 31)), '"31-Dec-2026 00:00:00 +0000"');
  for (const [text, expected] of [
    [" 7-Jul-1996 02:04:05 -0700", at],
    ["07-jul-1996 11:34:05 +0230", at],
    ["7-Jul-1996 02:04:05 -0700", undefined],
    ["31-Jun-1996 02:04:05 -0700", undefined],
    ["07-Jul-1996 24:04:05 -0700", undefined],
    ["07-Jul-1996 02:60:05 -0700", undefined],
    ["07-Jux-1996 02:04:05 -0700", undefined],
    ["07-Jul-1996 02:04:05 PST", undefined],
    ["07-Jul-0096 02:04:05 +0000", undefined],
    ["07-Jul-1996 02:04:05 +00000", undefined],
  ] as const) {
    assert.equal(parseDateTime(text), expected, text);
  }
  for (let day = 0; day < 900; day++) {
    const time = at + day * 86_400_000 + day * 1000;
    assert.equal(parseDateTime(formatDateTime(time).slice(1, -1)), time);
  }
  assert.equal(parseDay("1-Feb-1994"), Date.UTC(1994, 1, 1));
  assert.equal(parseDay("29-Feb-2023"), undefined);
  assert.equal(parseDay("0-Feb-2023"), undefined);
});

/** Of every length, up to the greatest there is (RFC 9051 §9 `nz-number`). */
const many = Array.from({ length: 1000 }, (_, at) => (at < 990 ? at * at * 7 : 4_294_967_295 - 10 ** (at - 990)));

const lines: readonly [line: string, expected: string][] = [
  [say.formatFlags(0, []), ""],
  [say.formatFlags(1 | 16, ["$Junk"], true), "\\Seen \\Draft \\Recent $Junk"],
  [say.formatFlags(0, ["a", "b"]), "a b"],
  [
    say.flagsLines(["x"], false, true),
    "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft x)\r\n* OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft x \\*)] Flags that stay\r\n",
  ],
  [
    say.flagsLines([], true, true),
    "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)\r\n* OK [PERMANENTFLAGS ()] Flags that stay\r\n",
  ],
  [
    say.listLine("LIST", ["\\HasNoChildren", "\\Sent"], "Sent Mail", false),
    '* LIST (\\HasNoChildren \\Sent) "/" "Sent Mail"\r\n',
  ],
  [say.listLine("LSUB", [], "Entwürfe", false), '* LSUB () "/" Entw&APw-rfe\r\n'],
  [say.listLine("LIST", [], "Entwürfe", true), '* LIST () "/" "Entw\xc3\xbcrfe"\r\n'],
  // RFC 5258 §5, RFC 9051 §6.3.9.7
  [
    say.listLine("LIST", [], "Foo", false, { childInfo: ["SUBSCRIBED"] }),
    '* LIST () "/" Foo ("CHILDINFO" ("SUBSCRIBED"))\r\n',
  ],
  [say.listLine("LIST", [], "INBOX", false, { oldName: "inbox" }), '* LIST () "/" INBOX ("OLDNAME" (inbox))\r\n'],
  [
    say.statusLine("a b", false, [
      ["MESSAGES", 231],
      ["MAILBOXID", "F7"],
      ["APPENDLIMIT", undefined],
    ]),
    '* STATUS "a b" (MESSAGES 231 MAILBOXID (F7) APPENDLIMIT NIL)\r\n',
  ],
  [say.quotaLine("", { resource: "STORAGE", usage: 10, limit: 512 }), '* QUOTA "" (STORAGE 10 512)\r\n'],
  [say.quotaRootLine("INBOX", false, [""]), '* QUOTAROOT INBOX ""\r\n'],
  [say.idLine([["name", "Angarium"]]), '* ID ("name" "Angarium")\r\n'],
  [say.enabledLine([]), "* ENABLED\r\n"],
  [say.enabledLine(["CONDSTORE"]), "* ENABLED CONDSTORE\r\n"],
  [say.vanishedLine([41, 43, 44], true), "* VANISHED (EARLIER) 41,43:44\r\n"],
  [say.vanishedLine([], false), ""],
  [say.numbersLine("SEARCH", [2, 84, 882]), "* SEARCH 2 84 882\r\n"],
  [say.numbersLine("SEARCH", []), "* SEARCH\r\n"],
  [say.numbersLine("SEARCH", many), `* SEARCH ${many.join(" ")}\r\n`],
  [say.numbersLine("SORT", [2, 5], 917162500), "* SORT 2 5 (MODSEQ 917162500)\r\n"],
  // RFC 4731 §3.1 and §4
  [say.esearchLine("A282", false, { min: 2, count: 3 }), '* ESEARCH (TAG "A282") MIN 2 COUNT 3\r\n'],
  [say.esearchLine("A283", true, { all: [2, 10, 11] }), '* ESEARCH (TAG "A283") UID ALL 2,10:11\r\n'],
  [say.esearchLine("a", false, { count: 0, all: [] }), '* ESEARCH (TAG "a") COUNT 0\r\n'],
  [say.esearchLine("a", false, { all: [1], modseq: 9 }), '* ESEARCH (TAG "a") ALL 1 MODSEQ 9\r\n'],
  [say.appendUid(38505, [3955, 3956, 3957]), "APPENDUID 38505 3955:3957"],
  [say.copyUid(38505, [304, 319, 320], [3956, 3957, 3958]), "COPYUID 38505 304,319:320 3956:3958"],
  [say.objectId("T", 64), "T64"],
];
for (const [line, expected] of lines) test(`says ${JSON.stringify(expected)}`, () => assert.equal(line, expected));

test("object ids that were never given are none", () => {
  assert.equal(say.parseObjectId("M", "M12"), 12);
  for (const id of ["T12", "M0", "M", "M12x", "M-1", "m12", "M99999999999999999"])
    assert.equal(say.parseObjectId("M", id), undefined);
});

const basic: readonly [name: string, structure: string, expected: string][] = [
  [
    "text",
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92 NIL NIL NIL NIL)',
    '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 3028 92)',
  ],
  [
    "without extension data nothing changes",
    '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3028 92)',
    '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3028 92)',
  ],
  [
    "an attachment",
    '("IMAGE" "PNG" ("NAME" "a (b).png") "<id@x>" "say \\"hi\\" )" "BASE64" 4554 "md5" ("ATTACHMENT" ("FILENAME" "x")) ("en" "de") NIL)',
    '("IMAGE" "PNG" ("NAME" "a (b).png") "<id@x>" "say \\"hi\\" )" "BASE64" 4554)',
  ],
  [
    "literals",
    '("IMAGE" "PNG" ("NAME" {4}\r\n) "() NIL {4}\r\n"))" "BASE64" 4554 NIL {2}\r\n)) NIL NIL)',
    '("IMAGE" "PNG" ("NAME" {4}\r\n) "() NIL {4}\r\n"))" "BASE64" 4554)',
  ],
  [
    "multipart",
    '(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1 NIL NIL NIL NIL)("TEXT" "HTML" NIL NIL NIL "7BIT" 2 2 NIL NIL NIL NIL) "ALTERNATIVE" ("BOUNDARY" "x") NIL NIL NIL)',
    '(("TEXT" "PLAIN" NIL NIL NIL "7BIT" 1 1)("TEXT" "HTML" NIL NIL NIL "7BIT" 2 2) "ALTERNATIVE")',
  ],
  [
    "a message within",
    '(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1 NIL NIL NIL NIL) 9 NIL NIL NIL NIL) "MIXED" ("BOUNDARY" "x") NIL NIL NIL)',
    '(("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" NIL NIL NIL "7BIT" 3 1) 9) "MIXED")',
  ],
  [
    "a message that is no message",
    '("MESSAGE" "DELIVERY-STATUS" NIL NIL NIL "7BIT" 99 NIL NIL NIL NIL)',
    '("MESSAGE" "DELIVERY-STATUS" NIL NIL NIL "7BIT" 99)',
  ],
];
for (const [name, structure, expected] of basic) {
  test(`BODY of ${name}`, () => {
    assert.equal(say.basicStructure(structure), expected);
    assert.equal(say.basicStructure(expected), expected);
  });
}
test("BODY of what is cut short ends", () => {
  const whole = basic[5]![1];
  for (let size = 0; size < whole.length; size++)
    assert.equal(typeof say.basicStructure(whole.slice(0, size)), "string");
});
