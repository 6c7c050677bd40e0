import assert from "node:assert/strict";
import { test } from "node:test";
import { makePool, PoisonTask, PoolBusy, type PoolSettings } from "./pool.ts";

const table = new URL("./fake-tasks.ts", import.meta.url);
const start = (settings: Partial<PoolSettings> = {}) => {
  const pool = makePool({ threads: 2, ...settings }, table);
  return {
    run: (name: string, args: object = {}, whose?: string): Promise<unknown> =>
      pool.run(name as never, args as never, whose),
    [Symbol.asyncDispose]: () => pool.close(),
    close: () => pool.close(),
  };
};

test("answers, with the caller's bytes left alone", async () => {
  await using pool = start();
  const bytes = Buffer.from([1, 2, 3]); // a view of Node's own pool: must not be moved
  assert.deepEqual(await Promise.all([pool.run("sum", { bytes }), pool.run("sum", { bytes })]), [6, 6]);
  assert.equal(await pool.run("shared", { bytes }), true);
  assert.deepEqual([...bytes], [1, 2, 3]);
  assert.deepEqual(await pool.run("bytes", { length: 3 }), { bytes: new Uint8Array([7, 7, 7]) });
});

test("an error of the task is the caller's, and the thread lives on", async () => {
  await using pool = start({ threads: 1 });
  const before = await pool.run("thread");
  await assert.rejects(pool.run("fail"), { name: "RangeError", message: "as asked" });
  await assert.rejects(pool.run("nosuch"), /no task/);
  assert.equal(await pool.run("thread"), before);
});

test("a task whose thread dies is tried again, and set aside after the third time", async () => {
  await using pool = start({ threads: 1 });
  const others = [pool.run("sum", { bytes: Buffer.from([4]) })];
  assert.equal(await pool.run("die", { bytes: new Uint8Array([0, 2]) }), 3);
  const poison = assert.rejects(pool.run("die", { bytes: new Uint8Array([0, 9]) }), PoisonTask);
  others.push(pool.run("sum", { bytes: Buffer.from([5]) }));
  await poison;
  assert.deepEqual(await Promise.all(others), [4, 5]);
});

test("a task that never ends is ended", async () => {
  await using pool = start({ threads: 1, maxTaskMs: 5_000, maxKills: 1 });
  await assert.rejects(pool.run("hang"), PoisonTask);
  assert.equal(await pool.run("sum", { bytes: Buffer.from([1]) }), 1);
});

test("the queue is bounded, in tasks and in bytes", async () => {
  await using pool = start({ threads: 1, maxWaiting: 2, maxBytes: 100 });
  const running = [pool.run("thread"), pool.run("thread"), pool.run("thread")];
  await assert.rejects(pool.run("thread"), PoolBusy);
  await Promise.all(running);
  const large = pool.run("sum", { bytes: new Uint8Array(1000).fill(1) });
  await assert.rejects(pool.run("sum", { bytes: new Uint8Array(1) }), PoolBusy);
  assert.equal(await large, 1000);
  assert.equal(await pool.run("sum", { bytes: new Uint8Array(1) }), 0);
});

test("who has much to do keeps nobody else waiting", async () => {
  await using pool = start({ threads: 1 });
  const done: string[] = [];
  const run = (whose: string) => pool.run("sum", { bytes: new Uint8Array(1) }, whose).then(() => done.push(whose));
  await Promise.all(["a", "a", "a", "a", "b", "a", "c", "b"].map(run));
  assert.equal(done.join(""), "aabcabaa");
});

test("work is spread, and a thread without work ends", async () => {
  await using pool = start({ idleMs: 20 });
  const first = new Set(await Promise.all([1, 2, 3, 4].map(() => pool.run("thread"))));
  assert.equal(first.size, 2);
  while (first.has(await pool.run("thread"))) await new Promise((resolve) => setTimeout(resolve, 50));
});

test("closing refuses what waits", async () => {
  const pool = start({ threads: 1 });
  const all = Promise.allSettled([pool.run("hang"), pool.run("thread")]);
  await pool.close();
  assert.deepEqual(
    (await all).map((one) => one.status),
    ["rejected", "rejected"],
  );
  await assert.rejects(pool.run("thread"), /closed/);
});
