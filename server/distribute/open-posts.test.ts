import assert from "node:assert/strict";
import { test } from "node:test";
import { type OpenPost, openPosts } from "./open-posts.ts";

test("a post is taken apart once for all who ask, and few are at a time", async () => {
  const reading: (() => void)[] = [];
  const open = openPosts(
    (bytes) => new Promise<OpenPost>((resolve) => reading.push(() => resolve({ text: String(bytes), files: [] }))),
  );
  const ask = (id: number) => open(id, async () => Buffer.from(`post ${id}`));
  const asked = [1, 1, 2, 3, 4].map(ask);
  assert.equal(await ask(5), "busy");
  for (let turn = 0; reading.length < 4 && turn < 10; turn++) await new Promise(setImmediate);
  assert.equal(reading.length, 4);
  for (const done of reading.splice(0)) done();
  assert.deepEqual(
    (await Promise.all(asked)).map((one) => (one as OpenPost).text),
    ["post 1", "post 1", "post 2", "post 3", "post 4"],
  );
  assert.equal(((await ask(1)) as OpenPost).text, "post 1");
  assert.equal(await open(6, async () => undefined), undefined);
  // What broke is tried again.
  const broken = openPosts(() => Promise.reject(new Error("as asked")));
  for (let turn = 0; turn < 6; turn++) await assert.rejects(broken(1, async () => Buffer.alloc(1)));
});
