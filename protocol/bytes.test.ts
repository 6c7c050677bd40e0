import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteCollector } from "./bytes.ts";

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
