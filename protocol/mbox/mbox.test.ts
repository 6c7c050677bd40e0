import assert from "node:assert/strict";
import { test } from "node:test";
import { fromLineTime, MboxReader, mboxMessage, withCrlf } from "./mbox.ts";

function read(file: string | Buffer, size: number, max?: number) {
  const reader = new MboxReader(max);
  const bytes = Buffer.from(file as string, "latin1");
  const found: (string | number | undefined)[] = [];
  const take = (one: ReturnType<MboxReader["take"]> extends Generator<infer T> ? T : never) =>
    one === "too-large" ? found.push(one) : found.push(one.bytes.toString("latin1"), one.receivedAt);
  for (let at = 0; at < bytes.length; at += size)
    for (const one of reader.take(bytes.subarray(at, at + size))) take(one);
  for (const one of reader.end()) take(one);
  return found;
}

const line = "From a@b.test Thu Jan  1 00:00:01 1970\n";
const cases: readonly [name: string, file: string, expected: readonly (string | number | undefined)[]][] = [
  ["one", `${line}A: b\n\ntext\n\n`, ["A: b\r\n\r\ntext\r\n", 1000]],
  ["two", `${line}A: b\n\ntext\n\n${line}C: d\n\n\n`, ["A: b\r\n\r\ntext\r\n", 1000, "C: d\r\n\r\n", 1000]],
  ["quoted", `${line}A: b\n\n>From x\n>>From y\n> From z\n\n`, ["A: b\r\n\r\nFrom x\r\n>From y\r\n> From z\r\n", 1000]],
  ["From within a paragraph", `${line}A: b\n\ntext\nFrom here\n\n`, ["A: b\r\n\r\ntext\r\nFrom here\r\n", 1000]],
  ["CRLF", `${line.replace("\n", "\r\n")}A: b\r\n\r\ntext\r\n\r\n`, ["A: b\r\n\r\ntext\r\n", 1000]],
  ["no line end at the end", `${line}A: b\n\ntext`, ["A: b\r\n\r\ntext", 1000]],
  ["rubbish before", `x\n\n${line}A: b\n\n`, ["A: b\r\n", 1000]],
  ["no time", "From MAILER-DAEMON\nA: b\n\n", ["A: b\r\n", undefined]],
  ["nothing", "", []],
];
for (const [name, file, expected] of cases)
  test(`mbox: ${name}`, () => {
    for (let size = 1; size <= file.length + 1; size++)
      assert.deepEqual(read(file, size), expected, `pieces of ${size}`);
  });

test("a message that is too large is passed over, the next is not", () => {
  const file = `${line}${"x".repeat(50)}\n${"y".repeat(60)}\n\n${line}A: b\n\n`;
  for (let size = 1; size < 90; size++) assert.deepEqual(read(file, size, 80), ["too-large", "A: b\r\n", 1000]);
});

test("what is written is read again, byte for byte", () => {
  for (const message of [
    "A: b\r\n\r\nFrom x\r\n>From y\r\n\r\n",
    "A: b\r\n\r\n",
    "A: b\r\n\r\nno end",
    "\r\n\r\n\r\n",
  ]) {
    const file = Buffer.concat([
      mboxMessage(Buffer.from(message, "latin1"), "a@b.test", 1_700_000_000_000, ""),
      mboxMessage(Buffer.from("N: ext\r\n\r\n", "latin1"), "", 1_700_000_000_000, ""),
    ]);
    const expected = message.endsWith("\r\n") ? message : `${message}\r\n`;
    assert.deepEqual(read(file, 7), [expected, 1_700_000_000_000, "N: ext\r\n\r\n", 1_700_000_000_000]);
  }
});

test("times of many programs", () => {
  const at = Date.UTC(2024, 1, 3, 4, 5, 6);
  for (const text of ["Sat Feb  3 04:05:06 2024", "Sat Feb 03 04:05:06 +0000 2024", "Sat Feb 3 05:05:06 2024 +0100"])
    assert.equal(fromLineTime(`From x ${text}\n`), at, text);
  assert.equal(fromLineTime("From x yesterday\n"), undefined);
});

test("line ends", () => {
  assert.equal(withCrlf(Buffer.from("\na\r\nb\n\r\n")).toString(), "\r\na\r\nb\r\n\r\n");
});
