import assert from "node:assert/strict";
import { test } from "node:test";
import type { Resolver } from "./resolver.ts";
import { sparingResolver } from "./sparing-resolver.ts";

test("each question is asked once, so many at once; one that fails lets the next one go", async () => {
  const asked: string[] = [];
  let [underWay, most] = [0, 0];
  const sparing = sparingResolver(
    {
      async a(name: string) {
        asked.push(name);
        most = Math.max(most, ++underWay);
        await new Promise(setImmediate);
        underWay--;
        if (name === "n3.test") throw new Error("broken");
        return { kind: "found", records: [name], secure: false, ttlSeconds: 1 };
      },
    } as unknown as Resolver,
    3,
  );
  const names = Array.from({ length: 10 }, (_, i) => `n${i}.test`);
  const answers = await Promise.allSettled([...names, ...names].map((name) => sparing.a(name)));
  assert.deepEqual(asked, names);
  assert.equal(most, 3);
  assert.equal(answers.filter(({ status }) => status === "rejected").length, 2);
  assert.deepEqual(await sparing.srv?.("x.test"), { kind: "trouble", reason: "refused" }, "a resolver may lack it");
});
