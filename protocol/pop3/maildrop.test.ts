import assert from "node:assert/strict";
import { test } from "node:test";
import { Maildrop } from "./maildrop.ts";
import { topOf } from "./top.ts";

test("numbers stay while messages are marked, counts follow, RSET brings all back", () => {
  const drop = new Maildrop(7, Uint32Array.of(3, 9, 12), Uint32Array.of(100, 200, 300));
  assert.deepEqual([drop.count, drop.octets, drop.last], [3, 600, 3]);
  drop.delete(2);
  drop.delete(2);
  drop.delete(0);
  drop.delete(4);
  assert.deepEqual([drop.count, drop.octets, drop.has(2), drop.has(3), drop.has(0)], [2, 400, false, true, false]);
  assert.equal(drop.lines("LIST", 1, 9), "1 100\r\n3 300\r\n");
  assert.equal(drop.lines("UIDL", 2, 3), "3 7.12\r\n");
  drop.retrieve(1);
  drop.retrieve(2);
  assert.deepEqual([drop.deletedUids, drop.readUids], [[9], [3]]);
  drop.reset();
  assert.deepEqual([drop.count, drop.octets, drop.deletedUids, drop.readUids], [3, 600, [], [3, 9]]);
  assert.deepEqual(
    [1, 3, 4, 9, 12, 13].map((uid) => drop.from(uid)),
    [1, 1, 2, 2, 3, 4],
  );
});

const tops: readonly [name: string, message: string, lines: number, expected: string][] = [
  ["header only", "A: b\r\n\r\none\r\ntwo\r\n", 0, "A: b\r\n\r\n"],
  ["some lines", "A: b\r\n\r\none\r\ntwo\r\n", 1, "A: b\r\n\r\none\r\n"],
  ["more lines than there are", "A: b\r\n\r\none\r\ntwo", 9, "A: b\r\n\r\none\r\ntwo"],
  ["no header", "\r\none\r\ntwo\r\n", 1, "\r\none\r\n"],
  ["no body", "A: b\r\nC: d\r\n", 5, "A: b\r\nC: d\r\n"],
  ["an empty line in the body is a line", "A: b\r\n\r\n\r\ntwo\r\n", 1, "A: b\r\n\r\n\r\n"],
];
for (const [name, message, lines, expected] of tops) {
  test(`top: ${name}`, () => assert.equal(topOf(Buffer.from(message), lines).toString(), expected));
}
