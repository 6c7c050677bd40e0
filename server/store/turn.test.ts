import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurn } from "./turn.ts";

function fakeStore() {
  const values = new Map<string, string>();
  return {
    values,
    setting: async (key: string): Promise<unknown> => JSON.parse(values.get(key) ?? "null") ?? undefined,
    swapSetting: async (key: string, before: unknown, after: unknown): Promise<boolean> => {
      if (values.get(key) !== JSON.stringify(before)) return false;
      if (after === undefined) values.delete(key);
      else values.set(key, JSON.stringify(after));
      return true;
    },
  };
}

test("of several nodes one does the work; the turn ends with it, or when its node has died", async () => {
  const store = fakeStore();
  let clock = 1000;
  const now = () => clock;
  const [one, two] = ["one", "two"].map((self) => ({ store, now, self })) as [never, never];
  let finish = (): void => {};
  const working = inTurn(one, "reports", () => new Promise<string>((resolve) => (finish = () => resolve("sent"))));
  await new Promise(setImmediate);
  assert.deepEqual(await inTurn(two, "reports", async () => "sent twice"), { kind: "other" });
  assert.deepEqual(await inTurn(two, "orders", async () => "ordered"), { kind: "done", result: "ordered" });
  finish();
  assert.deepEqual(await working, { kind: "done", result: "sent" });
  assert.deepEqual(await inTurn(two, "reports", async () => "sent"), { kind: "done", result: "sent" });
  await assert.rejects(
    inTurn(one, "reports", async () => {
      throw new Error("broken");
    }),
    /broken/,
  );
  assert.equal(store.values.size, 0, "no turn is left behind");

  void inTurn(one, "reports", () => new Promise(() => {}));
  await new Promise(setImmediate);
  clock += 59_000;
  assert.equal((await inTurn(two, "reports", async () => {})).kind, "other");
  clock += 2_000;
  assert.equal((await inTurn(two, "reports", async () => {})).kind, "done");
  const both = await Promise.all([one, two].map((who) => inTurn(who, "at once", async () => {})));
  assert.deepEqual(both.map(({ kind }) => kind).sort(), ["done", "other"]);
});
