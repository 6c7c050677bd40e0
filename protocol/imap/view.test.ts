import assert from "node:assert/strict";
import { test } from "node:test";
import { formatRanges, parseSet } from "./set.ts";
import { View } from "./view.ts";

const view = () => new View(Uint32Array.of(3, 5, 8, 9, 20), 9);

test("numbers, UIDs, recency", () => {
  const seen = view();
  assert.deepEqual([seen.count, seen.recent, seen.lastUid], [5, 2, 20]);
  assert.deepEqual(
    [3, 5, 8, 9, 20, 4, 21, 0].map((uid) => seen.seqOf(uid)),
    [1, 2, 3, 4, 5, 0, 0, 0],
  );
  assert.deepEqual(
    [1, 5, 6, 0].map((sequence) => seen.uidAt(sequence)),
    [3, 20, 0, 0],
  );
  assert.deepEqual([seen.isRecent(8), seen.isRecent(9)], [false, true]);
});

const selections: readonly [set: string, uid: boolean, expected: string | undefined][] = [
  ["1", false, "3"],
  ["2:4", false, "5:9"],
  ["1,3,5", false, "3,8,20"],
  ["*", false, "20"],
  ["4:*", false, "9:20"],
  ["*:4", false, "9:20"],
  // RFC 9051 §9 seq-number: beyond the last message is BAD.
  ["6", false, undefined],
  ["1:6", false, undefined],
  ["7:*", false, undefined],
  ["4294967295", false, undefined],
  ["1:*", true, "1:20"],
  ["4:8", true, "4:8"],
  ["100:200", true, ""],
  // RFC 9051 §9: "*" is the last UID, even when what comes before the colon is larger.
  ["100:*", true, "20"],
  ["*", true, "20"],
  ["19:4294967295", true, "19:20"],
  ["$", true, "5:8"],
  ["$", false, "5:8"],
];
for (const [text, uid, expected] of selections) {
  test(`${uid ? "UIDs" : "messages"} ${text}`, () => {
    const found = view().select(parseSet(text)!, uid, [
      [5, 8],
      [30, 40],
    ]);
    assert.equal(found === undefined ? undefined : formatRanges(found), expected);
  });
}

test("an empty mailbox has no message, whatever is asked", () => {
  const none = new View(new Uint32Array(0), 1);
  assert.equal(none.select(parseSet("1:*")!, false), undefined);
  assert.equal(none.select(parseSet("*")!, false), undefined);
  assert.deepEqual(none.select(parseSet("1:*")!, true), []);
  assert.deepEqual([none.count, none.recent, none.lastUid, none.seqOf(1), none.uidAt(1)], [0, 0, 0, 0, 0]);
  assert.equal(none.append([4]), 1);
  assert.equal(none.seqOf(4), 1);
});

test("expunge answers descending numbers that are right one after another", () => {
  const mine = view();
  assert.deepEqual(mine.expunge([1, 3, 8, 8, 20, 21]), { sequences: [5, 3, 1], uids: [3, 8, 20] });
  assert.deepEqual([...mine.uids], [5, 9]);
  assert.deepEqual(mine.expunge([3]), { sequences: [], uids: [] });
  assert.equal(mine.append([9, 20, 22]), 2);
  assert.deepEqual([...mine.uids], [5, 9, 20, 22]);
});

test("a view that changes at random is what a plain list would be", () => {
  let seed = 11;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 200; round++) {
    let plain: number[] = [];
    const mine = new View(new Uint32Array(0), 0);
    let next = 1;
    for (let step = 0; step < 40; step++) {
      if (random(2) === 0) {
        const come = Array.from({ length: random(10) }, () => (next += 1 + random(3)));
        mine.append(come);
        plain.push(...come);
      } else {
        const go = plain.filter(() => random(3) === 0);
        // A client that takes the answers one by one ends with the same list.
        const client = [...plain];
        for (const sequence of mine.expunge(go).sequences) client.splice(sequence - 1, 1);
        plain = plain.filter((uid) => !go.includes(uid));
        assert.deepEqual(client, plain);
      }
      assert.deepEqual([...mine.uids], plain);
      for (const [at, uid] of plain.entries()) assert.equal(mine.seqOf(uid), at + 1);
    }
  }
});

test("half a million messages are expunged in one walk, and the memory goes", () => {
  const many = Uint32Array.from({ length: 500_000 }, (_, at) => at + 1);
  const mine = new View(many.slice(), 1);
  const odd = many.filter((uid) => uid % 2 === 1);
  const start = process.cpuUsage();
  assert.equal(mine.expunge(odd).sequences.length, 250_000);
  // A walk for each would be 10^11 steps.
  assert.ok(process.cpuUsage(start).user < 5_000_000);
  assert.equal(mine.seqOf(500_000), 250_000);
  mine.expunge(many.subarray(10));
  assert.equal(mine.uids.buffer.byteLength, mine.count * 4);
});
