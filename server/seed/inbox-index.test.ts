/** The index of a provider is made of what was measured alone, and says of what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inboxIndex, type Measured } from "./inbox-index.ts";
import type { Sum } from "./placement.ts";

const seeds = (inbox: number, seen: number): Sum =>
  ({ seen, inbox, tab: 0, share: seen === 0 ? undefined : inbox / seen, enough: seen >= 10 }) as Sum;
const nothing: Measured = { seeds: undefined, spamRate: undefined, complaints: undefined, deferrals: undefined };
const cases: readonly [name: string, given: Partial<Measured>, index: number | undefined, measured: number][] = [
  ["nothing measured is no number", {}, undefined, 0],
  ["seeds alone", { seeds: seeds(9, 12) }, 75, 0.4],
  ["too few seeds are none", { seeds: seeds(9, 9) }, undefined, 0],
  ["deferrals alone", { deferrals: { count: 6, attempts: 100 } }, 80, 0.1],
  ["too few attempts are none", { deferrals: { count: 6, attempts: 49 } }, undefined, 0],
  ["seeds and deferrals, each by its weight", { seeds: seeds(5, 10), deferrals: { count: 0, attempts: 100 } }, 60, 0.5],
  ["complaints out of reports", { complaints: { count: 3, delivered: 2000 } }, 50, 0.2],
  ["of too little", { complaints: { count: 3, delivered: 999 } }, undefined, 0],
  ["what the provider says itself goes before", { complaints: { count: 0, delivered: 2000 }, spamRate: 0.003 }, 0, 0.2],
  ["worse than worst is 0", { spamRate: 0.05, deferrals: { count: 90, attempts: 100 } }, 0, 0.3],
  ["more clicks than usual are 1", { clicks: { rate: 0.2, usual: 0.1, of: 500 } }, 100, 0.3],
  ["clicks of too little", { clicks: { rate: 0.2, usual: 0.1, of: 499 } }, undefined, 0],
  [
    "all of it",
    {
      seeds: seeds(10, 10),
      clicks: { rate: 0.05, usual: 0.1, of: 1000 },
      spamRate: 0.0015,
      deferrals: { count: 15, attempts: 100 },
    },
    70,
    1,
  ],
];
for (const [name, given, index, measured] of cases)
  test(`inbox index: ${name}`, () => {
    const found = inboxIndex({ ...nothing, ...given });
    assert.deepEqual([found.index, found.measured], [index, measured]);
    assert.equal(found.parts.length, 4);
  });

test("inbox index: it is said with its parts", () =>
  assert.equal(
    inboxIndex({ ...nothing, seeds: seeds(9, 12), deferrals: { count: 6, attempts: 100 } }).says,
    "76 of 100, over 50 % of its parts: seeds 75 (9 of 12 in the inbox); clicks not measured; complaints not measured; deferrals 80 (6 of 100 put off)",
  ));
