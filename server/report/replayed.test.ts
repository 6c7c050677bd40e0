/** More mail with our signature than we sent is told, less never is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { replayOf, reportedFor } from "./replayed.ts";

const row = (source: string, dkim: boolean) => JSON.stringify({ source, dkim, spf: true });
const store = {
  tallyDays: async (_kind: string, { from = 0, to = 0 }: { readonly from?: number; readonly to?: number }) =>
    [18, 19, 20, 21].filter((day) => day >= from && day <= to).map((day) => ({ day })) as never,
  tallyRows: async ({ day }: { readonly day: number }) =>
    [
      { row: row("192.0.2.10", true), count: day === 21 ? 100_000 : 1_000 },
      { row: row("203.0.113.9", true), count: 300 },
      // What failed is forgery, not replay.
      { row: row("203.0.113.7", false), count: 9_000 },
    ] as never,
};

test("reports of the days are summed up, by who sent", async () =>
  assert.deepEqual(await reportedFor(store, "shop.test", 18, 20), {
    messages: 3_900,
    sources: [
      { source: "192.0.2.10", messages: 3_000 },
      { source: "203.0.113.9", messages: 900 },
    ],
  }));

const reported = {
  messages: 3_900,
  sources: [
    { source: "192.0.2.10", messages: 3_000 },
    { source: "203.0.113.9", messages: 900 },
  ],
};
const cases: readonly [name: string, messages: number, sent: number, told: boolean][] = [
  ["as many as were sent", 3_000, 3_000, false],
  ["a little more, by lists", 3_900, 3_000, false],
  ["more than that", 3_901, 3_000, true],
  ["fewer", 100, 3_000, false],
  ["nothing was sent", 1_000, 0, true],
  ["but too few say nothing", 999, 0, false],
];
for (const [name, messages, sent, told] of cases)
  test(`replay: ${name}`, () =>
    assert.equal(replayOf("shop.test", { ...reported, messages }, sent, new Set(["192.0.2.10"])) !== undefined, told));

test("replay is told with who sent it", () =>
  assert.equal(
    replayOf("shop.test", reported, 2_000, new Set(["192.0.2.10"])),
    "Receivers report 3900 messages with a signature of shop.test that holds, and 2000 were sent in that time; not from here: 203.0.113.9 (900)",
  ));
