/** Whose turn it is: ordinary mail before marketing, tenants among each other by weight; what waits in the store too. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
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
  return new Item(held, [], path, 0, owner);
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

type Told = { readonly park: string; readonly urgency: number };
/** A store that has so many messages in each lane ("2 park"; without a number 0), and admission that is decided when the test says so. */
function lineOf(lanes: { [lane: string]: number }, opening?: (lane: Told) => Opening, decide?: () => Promise<void>) {
  const claims: (Told & { readonly count: number })[] = [];
  const held: string[] = [];
  let asked = 0;
  let now = 1_000_000;
  let serial = 0;
  let again = 0;
  const nameOf = ({ park, urgency }: Told): string => (urgency === 0 ? park : `${urgency} ${park}`);
  const line = new ParkLine({
    store: {
      async claim({ park = "", urgency = 0, limit }) {
        const name = nameOf({ park, urgency });
        const count = Math.min(limit, lanes[name] ?? 0);
        lanes[name] = (lanes[name] ?? 0) - count;
        claims.push({ park, urgency, count });
        return Array.from(
          { length: count },
          () => ({ id: `${name} ${serial++}`, recipients: [{}] }) as unknown as QueuedMessage,
        );
      },
      claimExpired: async () => [],
      parkLanes: async () =>
        Object.entries(lanes).flatMap(([name, count]) => {
          const [, urgency = "0", park = ""] = /^(?:(\d) )?(.*)$/.exec(name)!;
          return count === 0 ? [] : [{ park, urgency: Number(urgency), nextAt: now }];
        }),
      parkNext: async (park, urgency = 0) => ((lanes[nameOf({ park, urgency })] ?? 0) > 0 ? now : undefined),
    },
    dispatch: {
      opening: (park, urgency) => {
        asked++;
        return opening?.({ park, urgency }) ?? { kind: "open", count: 1000, budgets: [] };
      },
      shareOf: (park) => ({
        tenant: park.split("|")[0]!,
        weight: park.startsWith("heavy") ? 3 : 1,
        order: park.includes("|urgent|") ? 0 : 1,
      }),
    },
    owner: "n",
    leaseMs: 1000,
    now: () => now,
    inMemory: () => 0,
    again: () => again++,
    log: quiet,
  });
  return {
    line,
    claims,
    held,
    asked: () => asked,
    again: () => again,
    pass: (ms: number) => (now += ms),
    claim: (wanted: number) =>
      line.claim(wanted, ({ id }) => {
        held.push(id);
        return decide?.();
      }),
    of: (start: string) => held.filter((id) => id.startsWith(start)).length,
  };
}
const shared =
  (room: () => number) =>
  ({ park }: Told): Opening => ({
    kind: "open",
    count: room(),
    budgets: [{ key: park.split("|").at(-1)!, room: room() }],
  });

test("a million of one tenant stands not before another's hundred", async () => {
  const { claim, of } = lineOf({ "big|news||": 1_000_000, "small|news||": 100, "heavy|news||": 1_000_000 });
  assert.equal(await claim(1000), 1000);
  assert.equal(of("small"), 100);
  assert.ok(of("heavy") >= 2 * of("big"), `${of("heavy")} and ${of("big")}`);
});

test("urgent parks are emptied first; closed ones are not asked about until their time", async () => {
  const { claim, claims, of, line, pass } = lineOf(
    { "a|news||gmail": 10, "b|urgent||gmail": 10, "c|news||gmail": 10 },
    ({ park }) =>
      park.startsWith("c")
        ? { kind: "closed", until: 1_500_000, because: "x" }
        : { kind: "open", count: 1000, budgets: [] },
  );
  await claim(15);
  assert.equal(of("b|"), 10);
  assert.equal(claims.filter(({ park }) => park.startsWith("c|")).length, 0);
  assert.equal(line.lanes, 2);
  pass(600_000);
  await claim(100);
  assert.equal(of("a|"), 10);
});

test("of one park the most eager go first, and the others when those are gone", async () => {
  const { claim, of } = lineOf({ "4 a|news||x": 50, "2 a|news||x": 50 });
  await claim(50);
  assert.deepEqual([of("2 a"), of("4 a")], [50, 0]);
  await claim(50);
  assert.deepEqual([of("2 a"), of("4 a")], [50, 50]);
});

test("what waits for a quota is not touched: as many are claimed as may go, whoever shares it", async () => {
  let room = 0;
  const { claim, held, of, claims, asked } = lineOf(
    { "2 a|news||gmail": 100_000, "3 a|news||gmail": 100_000, "2 b|news||gmail": 100_000, "2 heavy|n||gmail": 100_000 },
    (lane) => (room === 0 ? { kind: "closed", until: 1_600_000, because: "x" } : shared(() => room)(lane)),
    async () => {
      room--;
    },
  );
  assert.equal(await claim(1000), 0);
  const before = asked();
  await claim(1000);
  assert.deepEqual([claims.length, asked()], [0, before]);
  // One at a time: by their weights all the same.
  const trickle = lineOf(
    { "2 a|news||gmail": 1000, "3 a|news||gmail": 1000, "2 b|news||gmail": 1000, "2 heavy|n||gmail": 1000 },
    shared(() => room),
    async () => {
      room--;
    },
  );
  for (let at = 0; at < 50; at++) {
    room = 1;
    assert.equal(await trickle.claim(1000), 1);
    await new Promise(setImmediate);
  }
  assert.deepEqual([trickle.of("2 a"), trickle.of("3 a"), trickle.of("2 b"), trickle.of("2 heavy")], [10, 0, 10, 30]);
  assert.deepEqual([held.length, of("a")], [0, 0]);
});

test("what is claimed and not yet decided takes of the budget; more is claimed when it is decided", async () => {
  let room = 7;
  let decided = (): void => {};
  const deciding = new Promise<void>((resolve) => (decided = resolve));
  const { claim, held, again } = lineOf(
    { "a|news||gmail": 100, "b|news||gmail": 100 },
    shared(() => room),
    () => deciding,
  );
  assert.equal(await claim(1000), 7);
  assert.equal(await claim(1000), 0);
  assert.equal(again(), 0);
  room = 2;
  decided();
  await new Promise(setImmediate);
  assert.ok(again() > 0);
  assert.equal(await claim(1000), 2);
  assert.equal(held.length, 9);
});
