import assert from "node:assert/strict";
import { test } from "node:test";
import { type Archive, howFar, type Pieces, sendPieces } from "./archives.ts";

const plain: Archive = {
  id: "a",
  account: null,
  name: "all.tar",
  folder: null,
  sizeBytes: 2048,
  receivedBytes: 1024,
  state: "done",
  problem: "",
  accounts: 3,
  of: 3,
  created: 1,
  domains: ["old.example"],
  added: 1200,
  known: 1,
  left: [],
};

const said: readonly [about: Partial<Archive>, words: string][] = [
  [{ state: "receiving" }, "1 KB of 2 KB have been sent: it stopped there. Choose the same file again to go on."],
  [{ state: "running", accounts: 1, added: 1 }, "1 of 3 accounts so far, one message."],
  [{ state: "running", of: 0, added: 0, known: 0 }, "It is being unpacked and read."],
  [
    {},
    "What belongs to old.example is here. One account was made, 2 were here already. 1,200 messages came. One message was here already.",
  ],
  [{ account: "a@b.test", added: 0, known: 0 }, "No mail was in it."],
  [{ account: "a@b.test", known: 0 }, "1,200 messages came."],
  [{ account: "a@b.test", added: 0, known: 2 }, "2 messages were here already, and no other came."],
];
for (const [about, words] of said)
  test(`an archive: ${words}`, () => {
    assert.equal(howFar({ ...plain, ...about }, false), words);
  });

/** A server that keeps what comes; `breaks` says of which piece only a part comes through. */
function server(breaks: (nth: number) => boolean): Pieces & { readonly kept: () => string; readonly sizes: number[] } {
  const parts: Buffer[] = [];
  const sizes: number[] = [];
  const here = () => parts.reduce((sum, part) => sum + part.length, 0);
  return {
    sizes,
    kept: () => Buffer.concat(parts).toString("latin1"),
    there: async () => here(),
    put: async (from, piece) => {
      sizes.push(piece.size);
      const came = Buffer.from(await piece.arrayBuffer());
      assert.equal(from, here());
      const broken = breaks(sizes.length);
      parts.push(broken ? came.subarray(0, came.length >> 1) : came);
      if (broken) throw new Error("the line is gone");
      return here();
    },
    tell: () => {},
    stopped: () => false,
    wait: async () => {},
  };
}
const large = Buffer.alloc(20_000_001, "0123456789abcdef");

test("a file comes whole over a line that breaks: nothing is sent twice, and pieces become smaller", async () => {
  const there = server((nth) => nth % 2 === 1);
  assert.equal(await sendPieces(new Blob([large]), there), "whole");
  assert.ok(there.kept() === large.toString("latin1"));
  assert.ok(there.sizes[1]! < there.sizes[0]!);
});

test("a line that stays broken ends it with what went wrong", async () => {
  await assert.rejects(
    sendPieces(
      new Blob([large]),
      server(() => true),
    ),
    /the line is gone/,
  );
});
