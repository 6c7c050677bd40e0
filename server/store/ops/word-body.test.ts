import assert from "node:assert/strict";
import { test } from "node:test";
import { DictionaryWriter } from "../../../protocol/words/dictionary.ts";
import { encodePostings } from "../../../protocol/words/postings.ts";
import { packBody, unpackBody } from "./word-body.ts";

const writer = new DictionaryWriter();
for (let at = 1000; at < 1900; at++)
  writer.add(`word${at}`, encodePostings({ emails: [at, at + 3, at + 9], places: [8, 8, 9] }));
const blocks = writer.finish();

test("a block comes back as it was, and is smaller meanwhile", () => {
  for (const [, body] of blocks) {
    const kept = packBody(body);
    assert.ok(kept.length < body.length * 0.7, `${kept.length} of ${body.length}`);
    assert.deepEqual(unpackBody(kept), Buffer.from(body));
  }
});

test("blocks of older versions are read as they are", () => {
  for (const [, body] of blocks) assert.equal(unpackBody(body), body);
});

test("a bit that has fallen over is found", () => {
  const kept = Buffer.from(packBody(blocks[0]![1]));
  kept[kept.length >> 1]! ^= 4;
  assert.throws(() => unpackBody(kept));
});
