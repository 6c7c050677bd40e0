/** Sentences of ManageSieve clients, cut at every byte. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../../test/fuzz.ts";
import { commandOf } from "./command.ts";
import { SentenceReader } from "./reader.ts";
import { formatReply, formatString, no, ok } from "./response.ts";

/** What is read of the wire given in pieces of this size: one word for each step. */
function read(wire: string, size: number): string {
  const reader = new SentenceReader(200, 100);
  const bytes = Buffer.from(wire, "latin1");
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes.subarray(at, at + size));
    for (;;) {
      const step = reader.next();
      if (step.kind === "more") break;
      if (step.kind === "lost") return [...out, `lost: ${step.why}`].join(" | ");
      if (step.kind === "sentence") {
        const args = step.sentence.args.map((one) => (one.kind === "number" ? one.value : one.bytes.toString("utf8")));
        out.push(`${step.sentence.verb} ${JSON.stringify(args)}`);
      } else out.push(step.kind === "wrong" ? `wrong: ${step.why}` : step.kind);
    }
  }
  return out.join(" | ");
}

const expectedArgument = "wrong: A quoted string, a literal or a number was expected";
const cases: readonly [name: string, wire: string, expected: string][] = [
  ["no arguments", "CAPABILITY\r\nLogout\r\n", "CAPABILITY [] | Logout []"],
  ["quoted strings", 'SETACTIVE "main"\r\n', 'SETACTIVE ["main"]'],
  ["escapes", 'SETACTIVE "a\\"b\\\\c"\r\n', 'SETACTIVE ["a\\"b\\\\c"]'],
  ["an empty string", 'SETACTIVE ""\r\n', 'SETACTIVE [""]'],
  ["UTF-8", 'SETACTIVE "gr\xc3\xb6\xc3\x9fe"\r\n', 'SETACTIVE ["größe"]'],
  ["a number", 'HAVESPACE "x" 4711\r\n', 'HAVESPACE ["x",4711]'],
  ["a literal", 'PUTSCRIPT "x" {5+}\r\nkeep;\r\n', 'PUTSCRIPT ["x","keep;"]'],
  [
    "a literal that looks like commands",
    'PUTSCRIPT "x" {10+}\r\nLOGOUT\r\n\r\n\r\nNOOP\r\n',
    'PUTSCRIPT ["x","LOGOUT\\r\\n\\r\\n"] | NOOP []',
  ],
  ["an empty literal", "CHECKSCRIPT {0+}\r\n\r\n", 'CHECKSCRIPT [""]'],
  ["two literals", "RENAMESCRIPT {1+}\r\na {1+}\r\nb\r\n", 'RENAMESCRIPT ["a","b"]'],
  ["something behind a literal", 'RENAMESCRIPT {1+}\r\na "b"\r\n', 'RENAMESCRIPT ["a","b"]'],
  ["a literal too large is passed over", `CHECKSCRIPT {120+}\r\n${"x".repeat(120)}\r\nNOOP\r\n`, "too-large | NOOP []"],
  ["a literal that waits", "CHECKSCRIPT {5}\r\n", "lost: Write literals as {n+}"],
  ["a literal beyond reason", "CHECKSCRIPT {999999999+}\r\n", "lost: Literal is too large"],
  ["no verb", '"x"\r\nNOOP\r\n', "wrong: A command was expected | NOOP []"],
  ["an empty line", "\r\nNOOP\r\n", "wrong: A command was expected | NOOP []"],
  ["an open quote", 'SETACTIVE "x\r\nNOOP\r\n', `${expectedArgument} | NOOP []`],
  ["an atom", "SETACTIVE x\r\n", expectedArgument],
  ["a bad escape", 'SETACTIVE "\\x"\r\n', expectedArgument],
  ["strings without a blank between", 'RENAMESCRIPT "a""b"\r\n', expectedArgument],
  ["a NUL in quotes", 'SETACTIVE "a\0b"\r\n', expectedArgument],
  ["a literal on a broken line", "SETACTIVE x {5+}\r\n", "lost: That is no argument"],
  ["a bare LF", "NOOP\nLOGOUT\r\n", "lost: Lines end with CR LF"],
  ["a bare CR", "NO\rOP\r\n", "lost: Lines end with CR LF"],
  ["a long line", `NOOP "${"x".repeat(300)}"\r\nNOOP\r\n`, "wrong: Line is too long | NOOP []"],
  ["too many arguments", `NOOP ${'"x" '.repeat(11).trim()}\r\n`, "wrong: Too many arguments"],
];
for (const [name, wire, expected] of cases)
  test(name, () => {
    for (let size = 1; size <= wire.length; size++) assert.equal(read(wire, size), expected, `in pieces of ${size}`);
  });

const commands: readonly [line: string, expected: unknown][] = [
  ['AUTHENTICATE "plain"', { verb: "AUTHENTICATE", mechanism: "PLAIN", initial: undefined }],
  ['AUTHENTICATE "PLAIN" "AGEAYg=="', { verb: "AUTHENTICATE", mechanism: "PLAIN", initial: "AGEAYg==" }],
  ["noop", { verb: "NOOP", tag: undefined }],
  ['NOOP "tag"', { verb: "NOOP", tag: "tag" }],
  ['HAVESPACE "a" 10', { verb: "HAVESPACE", name: "a", sizeBytes: 10 }],
  ['PUTSCRIPT "a" "keep;"', { verb: "PUTSCRIPT", name: "a", script: "keep;" }],
  ['RENAMESCRIPT "a" "b"', { verb: "RENAMESCRIPT", name: "a", to: "b" }],
  ["LISTSCRIPTS", { verb: "LISTSCRIPTS" }],
  ["FROBNICATE", { wrong: "There is no command FROBNICATE" }],
  ["constructor", { wrong: "There is no command CONSTRUCTOR" }],
  ['LISTSCRIPTS "x"', { wrong: "LISTSCRIPTS takes no more arguments than 0" }],
  ["SETACTIVE", { wrong: "SETACTIVE lacks argument 1: a string was expected" }],
  ["SETACTIVE 5", { wrong: "Argument 1 of SETACTIVE must be a string" }],
  ['HAVESPACE "a" "b"', { wrong: "Argument 2 of HAVESPACE must be a number" }],
  ['SETACTIVE "\xff"', { wrong: "Argument 1 of SETACTIVE is not UTF-8" }],
];
for (const [line, expected] of commands)
  test(line, () => {
    const reader = new SentenceReader(1000, 1000);
    reader.push(Buffer.from(`${line}\r\n`, "latin1"));
    const step = reader.next();
    assert.ok(step.kind === "sentence");
    assert.deepEqual(commandOf(step.sentence), expected);
  });

test("answers", () => {
  assert.equal(formatReply(ok("Done", 'TAG "x"')), 'OK (TAG "x") "Done"\r\n');
  assert.equal(formatReply(no('a "b" \\c')), 'NO "a \\"b\\" \\\\c"\r\n');
  assert.equal(formatString("two\r\nlines"), "{10}\r\ntwo\r\nlines");
  assert.equal(formatString("ü"), '"\xc3\xbc"');
  assert.match(formatString("x".repeat(2000)), /^\{2000\}\r\n/);
});

test("random bytes", () => {
  const random = seeded(23);
  const pieces = [
    "PUTSCRIPT",
    "NOOP",
    " ",
    '"',
    '"x"',
    "{5+}",
    "{5}",
    "{200+}",
    "\r\n",
    "\r\n",
    "\n",
    "\\",
    "12",
    "keep;",
    "\xc3",
    "\0",
  ];
  for (let i = 0; i < fuzzRounds(20_000); i++) {
    const wire = anyOf(random, pieces, 20);
    assert.equal(read(wire, 1 + random(5)), read(wire, wire.length + 1), JSON.stringify(wire));
  }
});
