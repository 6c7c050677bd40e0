import assert from "node:assert/strict";
import { test } from "node:test";
import { withEngaged } from "./engaged.ts";
import type { Addressee } from "./inject.ts";

const dayMs = 86_400_000;
const to = (local: string): Addressee => ({ mailbox: { local, domain: "far.test" }, address: `${local}@far.test` });
const copies = [{ to: [to("Anna")], cc: [to("ben")], bcc: [to("cleo")] }];

test("who followed a link is known by when, what the program says itself goes before, and nobody is asked about in vain", async () => {
  const asked: (readonly string[])[] = [];
  const ports = {
    store: {
      engaged: async (tenant: string, hashes: readonly string[]) => {
        asked.push([tenant, ...hashes]);
        return [{ hash: "#anna@far.test", at: 90 * dayMs }];
      },
    },
    suppression: { hash: (address: string) => `#${address}` },
    now: 100.5 * dayMs,
  };
  const wish = { stream: "news", engaged: new Map([["ben@far.test", 3]]) };
  const found = await withEngaged(wish, copies, "shop", ports);
  assert.deepEqual(found, {
    stream: "news",
    engaged: new Map([
      ["ben@far.test", 3],
      ["anna@far.test", 10],
    ]),
  });
  assert.deepEqual(asked, [["shop", "#anna@far.test", "#cleo@far.test"]]);
  assert.equal((await withEngaged({ engagedDays: 5 }, copies, "shop", ports)).engaged, undefined);
  assert.equal(asked.length, 1);
});
