import assert from "node:assert/strict";
import test from "node:test";
import type { UidRange } from "../store/store.ts";
import { FetchBudget } from "./fetch-budget.ts";
import { Pages, portionsOf } from "./pages.ts";

test("gives what there is, then waits its turn", async () => {
  const budget = new FetchBudget(10);
  assert.equal(budget.take(6), undefined);
  assert.equal(budget.tryTake(5), false);
  const order: string[] = [];
  const large = budget.take(9)?.then(() => order.push("large"));
  assert.equal(budget.tryTake(1), false, "nobody overtakes");
  const small = budget.take(1)?.then(() => order.push("small"));
  budget.give(6);
  await large;
  await small;
  assert.deepEqual(order, ["large", "small"]);
  assert.equal(budget.heldBytes, 10);
  budget.give(10);
  assert.equal(budget.take(1000), undefined, "more than there ever is, where nothing is held");
  budget.give(1000);
});

function pagesOf(
  count: number,
  budget: FetchBudget,
  failAt = 0,
  portions: UidRange[][] = [[[1, count]]],
): { pages: Pages; asked: number[] } {
  const asked: number[] = [];
  const pages = new Pages(
    {
      async fetch(_account, _mailbox, uids) {
        const uid = uids[0]?.[0] ?? 0;
        asked.push(uid);
        if (uid === failAt) throw new Error("broken");
        const row = { uid, sizeBytes: 100 };
        return { rows: [row], next: uid === (uids.at(-1)?.[1] ?? 0) ? undefined : uid + 1 } as never;
      },
    },
    budget,
    1,
    1,
    portions,
    ["bytes"],
  );
  return { pages, asked };
}

test("reads one page ahead where the budget allows, and gives everything back", async () => {
  const budget = new FetchBudget();
  {
    const made = pagesOf(3, budget);
    await using pages = made.pages;
    assert.equal((await pages.next())?.[0]?.uid, 1);
    assert.deepEqual(made.asked, [1, 2]);
    assert.equal((await pages.next())?.[0]?.uid, 2);
    assert.equal((await pages.next())?.[0]?.uid, 3);
    assert.equal(await pages.next(), undefined);
  }
  assert.equal(budget.heldBytes, 0);
  {
    const made = pagesOf(3, budget);
    await using pages = made.pages;
    await pages.next();
  }
  assert.equal(budget.heldBytes, 0, "left in the middle");
  const small = new FetchBudget(1);
  const made = pagesOf(2, small);
  await made.pages.next();
  assert.deepEqual(made.asked, [1], "no room to read ahead");
  await made.pages.next();
  await made.pages[Symbol.asyncDispose]();
  assert.equal(small.heldBytes, 0);
});

test("portions are asked for two at a time, and come in order whatever the store leaves over", async () => {
  const budget = new FetchBudget();
  const made = pagesOf(6, budget, 0, [[[1, 2]], [[3, 3]], [[4, 6]]]);
  const uids: (number | undefined)[] = [];
  {
    await using pages = made.pages;
    for (let rows = await pages.next(); rows !== undefined; rows = await pages.next()) uids.push(rows[0]?.uid);
  }
  assert.deepEqual(uids, [1, 2, 3, 4, 5, 6]);
  assert.deepEqual(made.asked, [1, 3, 2, 4, 5, 6]);
  assert.equal(budget.heldBytes, 0);
});

test("portions hold what they are made of", () => {
  const uids = Uint32Array.from({ length: 600 }, (_, i) => i * 2 + 1);
  const portions = portionsOf(uids, ["bytes"]);
  assert.deepEqual(
    portions.map((portion) => portion.length),
    [256, 256, 88],
  );
  assert.deepEqual(
    portions.flat().map(([low]) => low),
    [...uids],
  );
  assert.deepEqual(portionsOf([1, 2, 3], ["marks"]), [[[1, 3]]]);
});

test("a page that fails fails its reader only", async () => {
  const budget = new FetchBudget();
  await assert.rejects(async () => {
    await using pages = pagesOf(3, budget, 2).pages;
    await pages.next();
    await pages.next();
  }, /broken/);
  assert.equal(budget.heldBytes, 0);
});
