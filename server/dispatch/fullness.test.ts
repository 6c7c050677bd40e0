import assert from "node:assert/strict";
import { test } from "node:test";
import { Fullness, type FullnessParts } from "./fullness.ts";
import { type Model, readModelFile } from "./model.ts";
import { parkName } from "./parks.ts";

const noon = Date.UTC(2026, 10, 26, 12);
const hour = 3_600_000;

function modelOf(overflow: string): Model {
  const read = readModelFile(`
[source.s1]
address = "192.0.2.1"
warmup = "normal"
targets = { gmail = 5000 }
[pool.cold]
sources = ["s1"]
[tenant.shop]
[stream."shop/news"]
kind = "marketing"
pool = "cold"
overflow = "${overflow}"
[stream."shop/notes"]
kind = "transactional"
pool = "cold"
overflow = "hold"
`);
  assert.ok(read.kind === "ok", JSON.stringify(read));
  return read.model;
}

function world(overflow = "refuse") {
  const state = {
    now: noon,
    room: { room: 3 } as ReturnType<FullnessParts["warmups"]["room"]>,
    suspended: undefined as { until: number; by: { rule: string; sample: string } } | undefined,
    parks: [] as { park: string; recipients: number; nextAt: number }[],
    looked: 0,
  };
  const model = modelOf(overflow);
  const fullness = new Fullness({
    model: () => model,
    shaping: { domains: new Map([["gmail.com", "gmail"]]) },
    limits: { suspended: () => state.suspended as never },
    warmups: {
      room() {
        state.looked++;
        return state.room;
      },
    },
    store: { queueParks: async () => state.parks },
    failed: (error) => assert.fail(String(error)),
    now: () => state.now,
  });
  const sender = { tenant: "shop", stream: "news", campaign: undefined, author: "shop.test", rankOf: () => 1 as const };
  const ask = (address: string, stream = "news") => fullness.ask({ ...sender, stream }, address);
  return { state, fullness, ask };
}

test("as many come as there is room for, the others read when; the next moment it is looked at anew", () => {
  const { state, ask } = world();
  for (let n = 0; n < 3; n++) assert.equal(ask(`p${n}@gmail.com`), undefined);
  assert.deepEqual(ask("p3@GMAIL.com"), { until: noon + 1000, because: "as much as may go now is on its way" });
  assert.equal(state.looked, 1);
  state.now += 1000;
  state.room = { until: noon + hour, because: "the day's quota of gmail is used" };
  assert.deepEqual(ask("p4@gmail.com"), state.room);
});

test("what waits already has its place", async () => {
  const { state, ask } = world();
  const park = (stream: string, provider: string) =>
    parkName({ tenant: "shop", stream, campaign: "", provider, domain: "" });
  state.parks = [
    { park: park("notes", "gmail"), recipients: 2, nextAt: noon },
    { park: park("news", "yahoo"), recipients: 50, nextAt: noon },
  ];
  ask("first@gmail.com");
  await new Promise((later) => setImmediate(later));
  state.now += 1000;
  assert.equal(ask("a@gmail.com"), undefined);
  assert.notEqual(ask("b@gmail.com"), undefined, "3 may go, and 2 of the same pool wait");
});

test("a warm source takes all, a suspended one nothing", () => {
  const { state, ask } = world();
  state.room = undefined;
  for (let n = 0; n < 100; n++) assert.equal(ask(`p${n}@gmail.com`), undefined);
  state.now += 1000;
  state.suspended = { until: noon + 2 * hour, by: { rule: "gmail-rate", sample: "421 4.7.28" } };
  assert.deepEqual(ask("x@gmail.com"), { until: noon + 2 * hour, because: "gmail-rate: 421 4.7.28" });
});

test("nobody is refused by another policy, or where nobody knows whose the hosts are; that is learned", () => {
  const { state, fullness, ask } = world();
  state.room = { until: noon + hour, because: "full" };
  assert.equal(ask("a@gmail.com", "notes"), undefined);
  assert.equal(ask("a@firm.test"), undefined);
  fullness.note("firm.test", "gmail");
  assert.deepEqual(ask("a@firm.test"), state.room);
  assert.equal(world("exceed").ask("a@gmail.com"), undefined);
});
