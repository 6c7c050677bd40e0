import assert from "node:assert/strict";
import { test } from "node:test";
import { anyOf, fuzzRounds, seeded } from "../test/fuzz.ts";
import { LineReader } from "./lines.ts";

/** Lines and faults joined with "|", in pieces of `size`; a fault "bare-line-end" ends it. */
function read(wire: string, size: number, max = 10): string {
  const reader = new LineReader(max);
  const out: string[] = [];
  for (let at = 0; at < wire.length; at += size) {
    reader.push(Buffer.from(wire.slice(at, at + size), "latin1"));
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      out.push(typeof line === "string" ? line : line.toString("latin1"));
      if (line === "bare-line-end") return out.join("|");
    }
  }
  if (reader.pending) out.push("pending");
  return out.join("|");
}

const cases: readonly [name: string, wire: string, expected: string][] = [
  ["one line", "abc\r\n", "abc"],
  ["an empty line", "\r\n", ""],
  ["lines", "a\r\nb\r\n\r\nc\r\n", "a|b||c"],
  ["half a line", "a\r\nb", "a|pending"],
  ["a CR alone at the end may become a line end", "a\r", "pending"],
  ["exactly the bound", "0123456789\r\n", "0123456789"],
  ["one more", "0123456789a\r\nb\r\n", "too-long|b"],
  ["many more", `${"x".repeat(100)}\r\nb\r\n`, "too-long|b"],
  ["too long without an end", "x".repeat(100), "pending"],
  ["a bare LF", "a\nb\r\n", "bare-line-end"],
  ["a bare LF first", "\na\r\n", "bare-line-end"],
  ["a bare CR", "a\rb\r\n", "bare-line-end"],
  ["two CRs", "a\r\r\n", "bare-line-end"],
  ["a bare LF at the end of too long a line", `${"x".repeat(50)}\nb\r\n`, "bare-line-end"],
];
for (const [name, wire, expected] of cases)
  test(name, () => {
    for (let size = 1; size <= wire.length; size++) assert.equal(read(wire, size), expected, `in pieces of ${size}`);
  });

test("bytes behind a line are taken raw, then lines go on", () => {
  const reader = new LineReader(100);
  reader.push(Buffer.from("BDAT 5\r\nab\r\ncQUIT\r\n"));
  assert.equal(reader.next()?.toString(), "BDAT 5");
  assert.equal(reader.pendingBytes, 11);
  assert.equal(reader.take(5).toString(), "ab\r\nc");
  assert.equal(reader.next()?.toString(), "QUIT");
  assert.equal(reader.take(5).length, 0);
  assert.equal(reader.pending, false);
});

test("pieces pushed before the former were read are joined", () => {
  const reader = new LineReader(100);
  reader.push(Buffer.from("a\r\nb"));
  reader.push(Buffer.from("c\r\n"));
  assert.equal(reader.next()?.toString(), "a");
  assert.equal(reader.next()?.toString(), "bc");
});

test("a line of 1 MB holds no memory and costs no more than its length", () => {
  const reader = new LineReader(2048);
  for (let count = 0; count < 1_000_000; count += 100) {
    reader.push(Buffer.alloc(100, "x"));
    assert.equal(reader.next(), undefined);
  }
  assert.equal(reader.skippedBytes, 1_000_000);
  reader.push(Buffer.from("\r\nQUIT\r\n"));
  assert.equal(reader.next(), "too-long");
  assert.equal(reader.skippedBytes, 0);
  assert.equal(reader.next()?.toString(), "QUIT");
});

test("any bytes in any pieces give the same", () => {
  const random = seeded(5);
  for (let round = fuzzRounds(30_000); round > 0; round--) {
    const wire = anyOf(random, ["a", "\r\n", "\r\n", "\r", "\n", "bcd", "0123456789"], 12);
    assert.equal(read(wire, 1 + random(5)), read(wire, wire.length + 1), JSON.stringify(wire));
  }
});
