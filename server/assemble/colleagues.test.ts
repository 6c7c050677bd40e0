import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, Within } from "../store/hosting.ts";
import { makeColleagues } from "./colleagues.ts";

test("full names of a domain are guarded, of that domain alone; read once in a while", async () => {
  const asked: string[] = [];
  let now = 0;
  const store = {
    async hostedAccounts(within: Within, { limit }: Page) {
      assert.ok(within.kind === "domains");
      const [domain = ""] = within.names;
      asked.push(domain);
      const many = domain === "crowd.test" ? 6_000 : 0;
      const people = [
        { name: `ann@${domain}`, displayName: "Ann  Boss " },
        { name: `bob@${domain}`, displayName: "Bob" },
        { name: `cat@${domain}`, displayName: "cat@far.test in person" },
        ...Array.from({ length: many }, (_, i) => ({ name: `p${i}@${domain}`, displayName: `Person ${i}` })),
      ];
      return people.slice(0, limit) as never;
    },
  };
  const colleagues = makeColleagues(store, () => now);
  assert.deepEqual([...(await colleagues("a.test"))], [["ann boss", "ann@a.test"]]);
  assert.deepEqual([...(await colleagues("b.test"))], [["ann boss", "ann@b.test"]]);
  assert.equal((await colleagues("crowd.test")).size, 0, "no circle of colleagues");
  await colleagues("a.test");
  assert.deepEqual(asked.splice(0), ["a.test", "b.test", "crowd.test"]);
  now = 6 * 60_000;
  await colleagues("a.test");
  assert.deepEqual(asked, ["a.test"]);
});
