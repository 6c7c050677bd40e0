import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteCollector, joined, prepend } from "./bytes.ts";

test("pieces of all sizes come out as one", () => {
  for (const size of [1, 7, 1000, 8192, 100_000]) {
    const all = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const collector = new ByteCollector();
    for (let at = 0; at < all.length; at += size) collector.add(all.subarray(at, at + size));
    assert.equal(collector.length, all.length);
    assert.ok(collector.take().equals(all), `in pieces of ${size}`);
    assert.equal(collector.length, 0);
    assert.equal(collector.take().length, 0);
  }
});

test("small and large pieces keep their order", () => {
  const collector = new ByteCollector();
  const pieces = ["a", "b".repeat(9000), "c", "d", "e".repeat(20_000), "f"];
  for (const piece of pieces) collector.add(Buffer.from(piece));
  assert.equal(collector.take().toString(), pieces.join(""));
});

test("one piece is given out as it came", () => {
  const piece = Buffer.from("hello");
  const collector = new ByteCollector();
  collector.add(piece);
  assert.equal(collector.take(), piece);
});

test("what is put in front of a large message copies nothing, once, and never touches what was there", () => {
  for (const size of [100, 40_000, 300_000]) {
    const collector = new ByteCollector();
    const piece = Buffer.alloc(size, "x");
    collector.add(piece);
    const bytes = collector.take();
    const shared = size >= 32 * 1024;
    assert.equal(bytes.buffer instanceof SharedArrayBuffer, shared);
    const first = prepend("Received: \u00e9\r\n", bytes);
    const second = prepend("Other: x\r\n", bytes);
    assert.equal(first.buffer === bytes.buffer, shared);
    assert.notEqual(second.buffer, bytes.buffer);
    assert.ok(first.equals(Buffer.concat([Buffer.from("Received: \u00e9\r\n"), piece])));
    assert.ok(second.equals(Buffer.concat([Buffer.from("Other: x\r\n"), piece])));
    assert.ok(bytes.equals(piece));
  }
  const collector = new ByteCollector();
  collector.add(Buffer.alloc(50_000, "y"));
  const bytes = collector.take();
  // More than there is room for, and a part that does not begin where the message does.
  assert.equal(prepend("z".repeat(9000), bytes).length, 59_000);
  assert.ok(prepend("a", bytes.subarray(1)).equals(Buffer.from(`a${"y".repeat(49_999)}`)));
  assert.ok(bytes.equals(Buffer.alloc(50_000, "y")));
});

test("a large message is copied once, however much is put in front of it", () => {
  const whole = joined([Buffer.from("a: b\r\n"), Buffer.alloc(50_000, "y")]);
  const signed = prepend("DKIM-Signature: x\r\n", whole);
  const traced = prepend("Received: y\r\n", signed);
  assert.equal(traced.buffer, whole.buffer);
  assert.equal(traced.toString("latin1", 0, 41), "Received: y\r\nDKIM-Signature: x\r\na: b\r\nyyyy".slice(0, 41));
  // Somebody else puts something in front of the same: both stay what they are.
  const other = prepend("Other: z\r\n", signed);
  assert.notEqual(other.buffer, whole.buffer);
  assert.equal(other.toString("latin1", 0, 29), "Other: z\r\nDKIM-Signature: x\r\n");
  assert.equal(traced.toString("latin1", 0, 13), "Received: y\r\n");
  assert.equal(prepend("Again: \u00e9\r\n", other).buffer, other.buffer, "what had to be copied has room again");
});
