import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sender } from "../dispatch/sender.ts";
import { withEngaged } from "./engaged.ts";

const dayMs = 86_400_000;
const sender: Sender = {
  tenant: "shop",
  stream: "news",
  marketing: true,
  campaign: undefined,
  list: undefined,
  author: "shop.test",
  lifetimeMs: undefined,
  park: "shop/news",
  rankOf: () => 5,
  tracking: { opens: false, clicks: true },
};
const addresses = ["Anna@far.test", "ben@far.test", "cleo@far.test"];

test("who followed a link is known by when, what the program says itself goes before, and nobody is asked about in vain", async () => {
  const asked: (readonly string[])[] = [];
  const ports = {
    store: {
      engaged: async (tenant: string, hashes: readonly string[]) => {
        asked.push([tenant, ...hashes]);
        return [{ hash: "#anna@far.test", at: 40 * dayMs }];
      },
    },
    suppression: { hash: (address: string) => `#${address}` },
    now: () => 100.5 * dayMs,
  };
  const known = await withEngaged(sender, { engaged: new Map([["ben@far.test", 3]]) }, addresses, ports);
  assert.deepEqual(addresses.map(known.rankOf), [3, 2, 5]);
  assert.deepEqual(asked, [["shop", "#anna@far.test", "#cleo@far.test"]]);
  for (const [whose, wish] of [
    [sender, { engagedDays: 5 }],
    [{ ...sender, tracking: { opens: true, clicks: false } }, {}],
    [{ ...sender, marketing: false }, {}],
  ] as const)
    assert.equal(await withEngaged(whose, wish, addresses, ports), whose);
  assert.equal(asked.length, 1);
});
