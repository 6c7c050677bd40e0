import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "./command.ts";
import { formatReply } from "./reply.ts";

const cases: readonly [line: string, expected: object | string][] = [
  ["USER fred", { verb: "USER", user: "fred" }],
  ["user gr\xc3\xbcn@example.test", { verb: "USER", user: "grün@example.test" }],
  ["USER gr\xfcn", "-ERR Text is not valid UTF-8\r\n"],
  ["USER", "-ERR Missing argument\r\n"],
  ["PASS two  words ", { verb: "PASS", password: "two  words " }],
  ["PASS", "-ERR Missing argument\r\n"],
  ["AUTH", { verb: "AUTH", mechanism: undefined, initial: undefined }],
  ["AUTH plain", { verb: "AUTH", mechanism: "PLAIN", initial: undefined }],
  ["AUTH PLAIN =", { verb: "AUTH", mechanism: "PLAIN", initial: Buffer.alloc(0) }],
  ["AUTH PLAIN AGEAYg==", { verb: "AUTH", mechanism: "PLAIN", initial: Buffer.from("\0a\0b") }],
  ["AUTH PLAIN AGEAYg", "-ERR Not base64\r\n"],
  ["AUTH PLAIN a b", "-ERR Too many arguments\r\n"],
  ["STAT", { verb: "STAT" }],
  ["stat ", { verb: "STAT" }],
  ["STAT 1", "-ERR This command takes no argument\r\n"],
  ["LIST", { verb: "LIST", message: undefined }],
  ["LIST 2", { verb: "LIST", message: 2 }],
  ["LIST x", "-ERR Not a message number\r\n"],
  ["UIDL 10", { verb: "UIDL", message: 10 }],
  ["RETR 1", { verb: "RETR", message: 1 }],
  ["RETR 1\0", "-ERR Control characters are not allowed\r\n"],
  ["RETR 1\0 2", "-ERR Control characters are not allowed\r\n"],
  ["USER fred\0root", "-ERR Control characters are not allowed\r\n"],
  ["RETR", "-ERR Not a message number\r\n"],
  ["RETR -1", "-ERR Not a message number\r\n"],
  ["RETR 1e3", "-ERR Not a message number\r\n"],
  ["RETR 18446744073709551617", "-ERR Not a message number\r\n"],
  ["DELE 0", { verb: "DELE", message: 0 }],
  ["TOP 1 10", { verb: "TOP", message: 1, lines: 10 }],
  ["TOP 1", "-ERR TOP takes a message number and a number of lines\r\n"],
  ["TOP 1 -1", "-ERR TOP takes a message number and a number of lines\r\n"],
  ["TOP 1 2 3", "-ERR TOP takes a message number and a number of lines\r\n"],
  ["LANG", { verb: "LANG", language: undefined }],
  ["LANG de", { verb: "LANG", language: "de" }],
  ["APOP a b", "-ERR Unknown command\r\n"],
  ["", "-ERR Unknown command\r\n"],
  [" STAT", "-ERR Unknown command\r\n"],
  ["EHLO x", "-ERR Unknown command\r\n"],
];
for (const [line, expected] of cases) {
  test(`command ${JSON.stringify(line)}`, () => {
    const parsed = parseCommand(Buffer.from(line, "latin1"));
    assert.deepEqual("ok" in parsed ? formatReply(parsed) : parsed, expected);
  });
}

test("anything at all is a command or an answer, quickly", () => {
  const rounds = 50_000 * Number(process.env["FUZZ"] ?? 1);
  const words = ["USER", "RETR", "TOP", "AUTH PLAIN", " ", "1", "99999999999", "\0", "\xff", "=", "a", "\r", "LIST"];
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < rounds; round++) {
    let line = "";
    for (let count = random(8); count >= 0; count--)
      line += random(3) ? words[random(words.length)] : String.fromCharCode(random(256));
    const parsed = parseCommand(Buffer.from(line, "latin1"));
    if ("ok" in parsed) assert.match(formatReply(parsed), /^-ERR [ -~]+\r\n$/);
  }
});
