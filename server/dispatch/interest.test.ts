/** Interest is that of days that are over, within a day of the delivery, beside the week before. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dayMs } from "../warm/plan.ts";
import { InterestBook, maxInterests } from "./interest.ts";

const gmail = { source: "mta1", domain: "shop.test", provider: "gmail" };
const noon = (day: number): number => day * dayMs + dayMs / 2;

/** So many delivered on each day from 1 on, of which so many were opened an hour later. */
function book(
  days: readonly (readonly [delivered: number, engaged: number])[],
  parties = gmail,
  one = new InterestBook(),
) {
  for (const [index, [delivered, engaged]] of days.entries()) {
    const at = noon(index + 1);
    one.delivered(parties, delivered, at);
    for (let n = 0; n < engaged; n++) one.engaged(parties, at, at + 3_600_000);
  }
  return one;
}
const week = Array<readonly [number, number]>(7).fill([100, 20]);

test("three days that have had their time, beside the seven before", () => {
  const found = book([...week, [400, 40], [300, 30], [300, 30], [999, 0], [999, 0]]);
  // On day 12 those of 11 and 12 may still be opened.
  assert.deepEqual(found.of({ provider: "gmail" }, noon(12)), { rate: 0.1, usual: 0.2, of: 1000 });
  assert.deepEqual(found.of({ source: "mta1", provider: "gmail" }, noon(12)), { rate: 0.1, usual: 0.2, of: 1000 });
  for (const other of [
    { provider: "yahoo" },
    { source: "mta2", provider: "gmail" },
    { domain: "b.test", provider: "gmail" },
  ])
    assert.equal(found.of(other, noon(12)), undefined);
});

test("what was judged is not judged again, and what was judged is not what is usual before it", () => {
  const found = book([...week, [400, 40], [300, 30], [300, 60]]);
  assert.deepEqual(found.of({ provider: "gmail" }, noon(12), 9), { rate: 0.2, usual: (5 * 20 + 70) / 1200, of: 300 });
  assert.equal(found.of({ provider: "gmail" }, noon(12), 10), undefined);
});

test("too little before is nothing usual", () => {
  assert.equal(
    book([
      [499, 100],
      [0, 0],
      [0, 0],
      [400, 40],
    ]).of({ provider: "gmail" }, noon(6)),
    undefined,
  );
  assert.equal(
    book([
      [500, 100],
      [0, 0],
      [0, 0],
      [400, 40],
    ]).of({ provider: "gmail" }, noon(6))?.usual,
    0.2,
  );
});

test("who opens it later than a day counts nothing, nor who opens what nobody counted", () => {
  const found = book([
    [500, 0],
    [0, 0],
    [0, 0],
    [100, 0],
  ]);
  found.engaged(gmail, noon(4), noon(5) + 1);
  found.engaged({ ...gmail, provider: "yahoo" }, noon(4), noon(4) + 1);
  assert.equal(found.of({}, noon(6))?.rate, 0);
  found.engaged(gmail, noon(4), noon(5));
  assert.equal(found.of({}, noon(6))?.rate, 0.01);
});

test("kept, and of each no more days than are looked at; of so many at most", () => {
  const found = book(Array<readonly [number, number]>(40).fill([100, 10]));
  const rows = found.keep();
  assert.deepEqual(
    rows.map(({ kind, name }) => [kind, name]),
    [["interest", "mta1 shop.test gmail"]],
  );
  assert.equal((rows[0]!.value as { days: unknown[] }).days.length, 12);
  assert.deepEqual(found.keep(), []);
  const again = new InterestBook();
  again.load(JSON.parse(JSON.stringify(rows)));
  assert.deepEqual(again.of({}, noon(41)), found.of({}, noon(41)));
  for (let n = 0; n < maxInterests; n++) found.delivered({ ...gmail, domain: `d${n}.test` }, 1, noon(41));
  assert.equal(found.keep().find(({ name }) => name === "mta1 shop.test gmail")?.value, undefined);
});
