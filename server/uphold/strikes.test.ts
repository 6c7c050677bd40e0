/** What strikes lead to, and that they take back their own doing alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Strike } from "../store/tickets-store.ts";
import { changeFor, type Struck, sentenceOf, standingOf } from "./strikes.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 10, 26);
const strike = (id: number, given: Partial<Strike> = {}): Strike => ({
  id,
  tenant: "shop",
  at: now - id * day,
  expiresAt: now + 90 * day - id * day,
  by: "root",
  reason: `Reason ${id}`,
  ...given,
});
const standing = (...strikes: Strike[]) => standingOf(strikes, now);
const active = { state: "active", reason: "" } as const;
const limited = { state: "limited", reason: "2 of 3 strikes, the last because: Reason 1" } as const;
const suspended = { state: "suspended", reason: "3 of 3 strikes, the last because: Reason 1" } as const;
const paused = { state: "paused", reason: "a person" } as const;
const struck = (state: typeof limited | typeof suspended, before: Struck["before"] = active): Struck => ({
  ...state,
  before,
});
const [none, one, two, three] = [
  standing(),
  standing(strike(1)),
  standing(strike(1), strike(2)),
  standing(strike(3), strike(1), strike(2)),
];

const cases: readonly [name: string, given: Parameters<typeof changeFor>, expected: ReturnType<typeof changeFor>][] = [
  ["none does nothing", [none, active, undefined, true], undefined],
  ["one warns", [one, active, undefined, true], undefined],
  ["two limit", [two, active, undefined, true], { to: limited, struck: struck(limited) }],
  ["which is done once", [two, limited, struck(limited), false], undefined],
  ["three suspend", [three, limited, struck(limited), true], { to: suspended, struck: struck(suspended) }],
  ["back to two", [two, suspended, struck(suspended), false], { to: limited, struck: struck(limited) }],
  ["back to none", [one, limited, struck(limited), false], { to: active, struck: undefined }],
  ["what a person paused is not made better", [two, paused, undefined, true], undefined],
  ["but worse", [three, paused, undefined, true], { to: suspended, struck: struck(suspended, paused) }],
  ["and is again as it was", [none, suspended, struck(suspended, paused), false], { to: paused, struck: undefined }],
  [
    "what a person has changed since stays",
    [none, { state: "limited", reason: "by hand" }, struck(limited), false],
    undefined,
  ],
  ["what a person has lifted is not taken back by time", [two, active, struck(limited), false], undefined],
  ["but by the next strike", [three, active, struck(limited), true], { to: suspended, struck: struck(suspended) }],
];
for (const [name, given, expected] of cases)
  test(`strikes: ${name}`, () => assert.deepEqual(changeFor(...given), expected));

test("strikes that expired or were lifted do not count", () => {
  const found = standing(strike(1, { expiresAt: now }), strike(2), strike(3, { expiresAt: now - 1 }));
  assert.deepEqual([found.measure, found.inForce.map(({ id }) => id), found.until], ["warn", [2], now + 88 * day]);
});

test("the tenant reads a sentence", () => {
  assert.equal(sentenceOf(none), "There is no strike against you.");
  assert.equal(
    sentenceOf(two),
    "There are 2 strikes against you, the last of 2026-11-25: Reason 1. Your sending is limited to half its turns; at three strikes it is suspended. The next one expires on 2027-02-22.",
  );
});
