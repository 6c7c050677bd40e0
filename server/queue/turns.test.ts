/** Whose turn it is: ordinary mail before marketing, tenants among each other by weight; what waits in the store too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../log.ts";
import type { QueuedMessage } from "../store/store.ts";
import type { Opening } from "./dispatching.ts";
import { type Held, Item, type ItemOwner, type Share } from "./item.ts";
import { ParkLine } from "./park-line.ts";
import { ReadyStage } from "./ready.ts";

const owner: ItemOwner = { load: async () => true, done: () => {}, returnPath: () => undefined };
const path = { key: "x" } as Item["path"];

function item(name: string, share?: Share, fresh = true): Item {
  const held: Held = {
    message: { id: name } as QueuedMessage,
    fresh,
    share,
    bytes: undefined,
    kept: false,
    loading: undefined,
    pending: 1,
  };
  return new Item(held, [], path, owner);
}
const takeAll = (stage: ReadyStage, count = 1000): string[] => {
  const names: string[] = [];
  for (let at = 0; at < count; at++) {
    const next = stage.take("x");
    if (next === undefined) break;
    names.push(next.held.message.id);
  }
  return names;
};

test("marketing waits behind what is asked for, however much of it is there", () => {
  const stage = new ReadyStage(10_000);
  for (let at = 0; at < 50; at++) stage.push(item(`bulk${at}`, { tenant: "a", weight: 1 }));
  stage.push(item("reset"));
  stage.push(item("old", undefined, false));
  assert.deepEqual(takeAll(stage, 2).sort(), ["old", "reset"]);
  assert.equal(takeAll(stage).length, 50);
  assert.equal(stage.items, 0);
});

test("tenants take turns by weight, and one that comes late has its share at once", () => {
  const stage = new ReadyStage(10_000);
  for (let at = 0; at < 300; at++) stage.push(item("big", { tenant: "big", weight: 1 }));
  takeAll(stage, 50);
  for (let at = 0; at < 60; at++) stage.push(item("small", { tenant: "small", weight: 2 }));
  for (let at = 0; at < 30; at++) stage.push(item("slow", { tenant: "slow", weight: 0.5 }));
  const names = takeAll(stage, 70);
  const count = (name: string) => names.filter((one) => one === name).length;
  assert.ok(Math.abs(count("small") - 40) <= 2, `${count("small")} of small`);
  assert.ok(Math.abs(count("big") - 20) <= 2, `${count("big")} of big`);
  assert.ok(Math.abs(count("slow") - 10) <= 2, `${count("slow")} of slow`);
  const put = item("first", { tenant: "small", weight: 2 });
  stage.putBack(put);
  assert.equal(stage.items, takeAll(stage).length);
});

test("what has a share makes no path full for what has none", () => {
  const stage = new ReadyStage(40);
  for (let at = 0; at < 30; at++) stage.push(item("bulk", { tenant: "a", weight: 1 }));
  assert.ok(stage.full("x", true));
  assert.ok(!stage.full("x"));
});

/** A store that has so many messages in each park. */
function lineOf(parks: { [park: string]: number }, openings: { [park: string]: Opening } = {}) {
  const claims: { readonly park: string; readonly count: number }[] = [];
  let now = 1_000_000;
  let serial = 0;
  const line = new ParkLine({
    store: {
      async claim({ park = "", limit }) {
        const count = Math.min(limit, parks[park] ?? 0);
        parks[park] = (parks[park] ?? 0) - count;
        claims.push({ park, count });
        return Array.from(
          { length: count },
          () => ({ id: `${park} ${serial++}`, recipients: [{}] }) as unknown as QueuedMessage,
        );
      },
      claimExpired: async () => [],
      parkNames: async () => Object.entries(parks).flatMap(([park, count]) => (count === 0 ? [] : [park])),
      parkNext: async (park) => ((parks[park] ?? 0) > 0 ? now : undefined),
    },
    dispatch: {
      opening: (park) => openings[park] ?? { kind: "open", count: 1000, maxUrgency: 5 },
      shareOf: (park) => ({
        tenant: park.split("|")[0]!,
        weight: park.startsWith("heavy") ? 3 : 1,
        order: park.includes("|urgent|") ? 0 : 1,
      }),
    },
    owner: "n",
    leaseMs: 1000,
    now: () => now,
    log: quiet,
  });
  return { line, claims, pass: (ms: number) => (now += ms) };
}

test("a million of one tenant stands not before another's hundred", async () => {
  const { line } = lineOf({ "big|news||": 1_000_000, "small|news||": 100, "heavy|news||": 1_000_000 });
  const taken: string[] = [];
  const count = await line.claim(1000, ({ id }) => taken.push(id));
  assert.equal(count, 1000);
  const of = (tenant: string) => taken.filter((id) => id.startsWith(tenant)).length;
  assert.equal(of("small"), 100);
  assert.ok(of("heavy") >= 2 * of("big"), `${of("heavy")} and ${of("big")}`);
});

test("urgent parks are emptied first; closed ones are not asked about until their time", async () => {
  const { line, claims, pass } = lineOf(
    { "a|news||gmail": 10, "b|urgent||gmail": 10, "c|news||gmail": 10 },
    { "c|news||gmail": { kind: "closed", until: 1_500_000 } },
  );
  const taken: string[] = [];
  await line.claim(15, ({ id }) => taken.push(id));
  assert.equal(taken.filter((id) => id.startsWith("b|")).length, 10);
  assert.equal(claims.filter(({ park }) => park.startsWith("c|")).length, 0);
  assert.equal(line.parks, 2);
  pass(600_000);
  await line.claim(100, ({ id }) => taken.push(id));
  assert.equal(taken.filter((id) => id.startsWith("a|")).length, 10);
});
