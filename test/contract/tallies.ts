/** Counted rows by kind, domain and day. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import { maxTallyRowChars, maxTallyRows } from "../../server/store/tallies.ts";
import type { Open, Opened } from "./world.ts";

export function talliesContract(open: Open): void {
  describe("tallies", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    const one = (domain: string, day: number, row: string, count = 1, kind = "seen") => ({
      kind,
      domain,
      day,
      row,
      count,
      about: `"${row} last"`,
    });

    test("the same row is counted together, others by themselves", async () => {
      assert.equal(await store.tally([one("a.test", 1, "x"), one("a.test", 1, "x", 4), one("a.test", 1, "y")]), "done");
      await Promise.all([
        store.tally([one("a.test", 1, "y", 9)]),
        store.tally([one("a.test", 2, "x"), one("b.test", 1, "x")]),
      ]);
      await store.tally([one("a.test", 1, "x", 7, "other")]);
      const key = { kind: "seen", domain: "a.test", day: 1 };
      assert.deepEqual(await store.tallyRows(key, 10), [
        { row: "y", count: 10 },
        { row: "x", count: 5 },
      ]);
      assert.deepEqual(await store.tallyRows(key, 1), [{ row: "y", count: 10 }]);
      assert.deepEqual(await store.tallyRows({ ...key, kind: "other" }, 10), [{ row: "x", count: 7 }]);
      assert.deepEqual(
        (await store.tallyDays("seen", { limit: 10 })).map(({ domain, day, rows, count }) => [
          domain,
          day,
          rows,
          count,
        ]),
        [
          ["a.test", 1, 2, 15],
          ["b.test", 1, 1, 1],
          ["a.test", 2, 1, 1],
        ],
      );
      assert.equal((await store.tallyDays("seen", { limit: 10, domain: "b.test" }))[0]?.about, '"x last"');
      assert.equal((await store.tallyDays("seen", { limit: 10, from: 2, to: 2 })).length, 1);
    });

    test("what has an id is counted once", async () => {
      const once = { kind: "got", domain: "a.test", day: 5, id: "reporter 1" };
      const rows = [one("a.test", 4, "x", 3, "got")];
      assert.equal(await store.tally(rows, once), "done");
      assert.equal(await store.tally(rows, once), "known");
      assert.equal(await store.tally(rows, { ...once, id: "reporter 2" }), "done");
      assert.equal((await store.tallyRows({ kind: "got", domain: "a.test", day: 4 }, 10))[0]?.count, 6);
      await store.forgetTallies("got", 5);
      assert.deepEqual(await store.tallyDays("got", { limit: 10 }), []);
      assert.equal(await store.tally(rows, once), "known");
      await store.forgetTallies("got", 6);
      assert.equal(await store.tally(rows, once), "done");
    });

    test("a day has a bound; what is beyond is counted but not kept", async () => {
      const rows = Array.from({ length: maxTallyRows + 5 }, (_, index) => one("big.test", 1, `row ${index}`));
      await store.tally(rows);
      await store.tally([one("big.test", 1, "x".repeat(maxTallyRowChars + 1))]);
      const [day] = await store.tallyDays("seen", { domain: "big.test", limit: 1 });
      assert.deepEqual([day?.rows, day?.count], [maxTallyRows, maxTallyRows + 6]);
      await store.dropTally({ kind: "seen", domain: "big.test", day: 1 });
      assert.deepEqual(await store.tallyDays("seen", { domain: "big.test", limit: 1 }), []);
      assert.deepEqual(await store.tallyRows({ kind: "seen", domain: "big.test", day: 1 }, 1), []);
    });
  });
}
