import assert from "node:assert/strict";
import { test } from "node:test";
import { describeMistake } from "../base/toml.ts";
import type { SendingRow } from "../store/sending.ts";
import { importModel, loadModel, putThing, removeThing } from "./edit.ts";
import { membersOf, readModelFile, streamOf, writeModelFile } from "./model.ts";

/** The rows of a store, in memory. */
function fakeStore() {
  const rows = new Map<string, SendingRow>();
  return {
    rows,
    async sendingRows(kinds: readonly string[]) {
      return [...rows.values()].filter(({ kind }) => kinds.includes(kind));
    },
    async putSendingRows(put: readonly SendingRow[]) {
      for (const row of put)
        if (row.value === undefined) rows.delete(`${row.kind} ${row.name}`);
        else rows.set(`${row.kind} ${row.name}`, row);
    },
  };
}

const file = `
[source.mta1]
address = "192.0.2.1"
ehlo = "mta1.example.org"
warmup = "normal"
targets = { gmail = 200000 }
[source.old]
[pool.new]
sources = ["mta1:3"]
overflow = "warm"
[pool.warm]
sources = ["old"]
[stream.news]
kind = "marketing"
pool = "new"
[stream."shop/news"]
kind = "marketing"
pool = "warm"
[tenant.shop]
weight = 2
[domain."shop.test"]
tenant = "shop"
`;

test("a file is read, written, and read again as the same", async () => {
  const read = readModelFile(file);
  assert.ok(read.kind === "ok");
  const again = readModelFile(writeModelFile(read.model));
  assert.deepEqual(again, read);
  assert.equal(streamOf(read.model, "shop", "news")?.pool, "warm");
  assert.equal(streamOf(read.model, "other", "news")?.pool, "new");
  assert.equal(streamOf(read.model, "other", "transactional")?.kind, "transactional");
  assert.equal(streamOf(read.model, "other", "nothing"), undefined);
  assert.deepEqual(
    [...membersOf(["a", "b:3"])],
    [
      ["a", 1],
      ["b", 3],
    ],
  );
});

const mistakes: readonly [name: string, text: string, expected: string][] = [
  ["an unknown field", "[source.a]\nadress = '192.0.2.1'", "f:2: source.a.adress: there is no such setting"],
  ["no address", "[source.a]\naddress = 'here'", "f:2: source.a.address: "],
  ["a source that is not there", "[pool.a]\nsources = ['b']", 'f:1: pool.a: there is no source "b"'],
  ["a pool that is not there", "[stream.a]\nkind = 'marketing'\npool = 'b'", 'f:1: stream.a: there is no pool "b"'],
  ["a name that is none", "[source.'A B']\n", 'f:1: source.A B: "A B" is no name'],
  ["a campaign without tenant", "[campaign.may]\n", 'f:1: campaign.may: "may" is no campaign'],
];
for (const [name, text, expected] of mistakes)
  test(`mistake: ${name}`, () => {
    const read = readModelFile(text);
    assert.ok(read.kind === "mistakes");
    const said = describeMistake("f", read.mistakes[0]!);
    assert.ok(said.startsWith(expected), said);
  });

test("things are added, changed and removed, and nothing leads nowhere", async () => {
  const store = fakeStore();
  const put = (...args: Parameters<typeof putThing> extends [unknown, ...infer Rest] ? Rest : never) =>
    putThing({ store, now: () => 1 }, ...args);
  const why = (edited: Awaited<ReturnType<typeof putThing>>) => (edited.kind === "refused" ? edited.why : "");
  assert.match(why(await put("pool", "p", { sources: ["a"] }, "new")), /there is no source "a"/);
  assert.equal((await put("source", "a", { warmup: "normal" }, "new")).kind, "done");
  assert.match(why(await put("source", "a", {}, "new")), /already/);
  assert.match(why(await put("source", "b", {}, "known")), /There is no source/);
  assert.match(why(await put("source", "a", { color: "red" }, "known")), /color/);
  const pool = await put("pool", "p", { sources: ["a"] }, "new");
  assert.ok(pool.kind === "done" && pool.warnings.some((text) => text.includes("warmed up")));
  assert.match(why(await removeThing(store, "source", "a")), /used by the pool "p"/);
  assert.equal((await put("source", "a", { ehlo: "a.test" }, "known")).kind, "done");
  assert.deepEqual((await loadModel(store)).source.get("a")?.warmup, "normal");
  const read = readModelFile("[source.a]\n");
  assert.ok(read.kind === "ok");
  assert.match(why(await putThing({ store, now: () => 1 }, "source", "a", {}, "known", read.model)), /configuration/);
  assert.equal((await removeThing(store, "pool", "p")).kind, "done");
  assert.equal((await removeThing(store, "source", "a")).kind, "done");
  assert.equal(store.rows.size, 0);
});

test("a file is imported into what is there", async () => {
  const store = fakeStore();
  await putThing({ store, now: () => 1 }, "source", "a", {}, "new");
  assert.deepEqual(await importModel(store, "[pool.p]\nsources = ['a']"), { kind: "done", things: 1 });
  assert.equal((await importModel(store, "[pool.p]\nsources = ['x']")).kind, "mistakes");
});

test("a tenant and a campaign know since when they are in their state", async () => {
  const store = fakeStore();
  let at = 0;
  const since = async (kind: "tenant" | "campaign", change: object): Promise<unknown> => {
    at += 10;
    const name = kind === "tenant" ? "shop" : "shop/spring";
    const edited = await putThing({ store, now: () => at }, kind, name, { ...change }, "either");
    assert.equal(edited.kind, "done");
    return (store.rows.get(`${kind} ${name}`)?.value as { readonly since: number } | undefined)?.since;
  };
  for (const [kind, stopped] of [
    ["tenant", "suspended"],
    ["campaign", "stopped"],
  ] as const) {
    at = 0;
    assert.equal(await since(kind, {}), 0, "nobody has said anything");
    assert.equal(await since(kind, { state: "paused" }), 20);
    assert.equal(await since(kind, { reason: "asked for" }), 20, "another field");
    assert.equal(await since(kind, { state: "paused" }), 20, "said again");
    assert.equal(await since(kind, { state: stopped }), 50);
  }
});
