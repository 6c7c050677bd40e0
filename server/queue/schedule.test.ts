import assert from "node:assert/strict";
import test from "node:test";
import { mailboxSchedule, nextAttempt, type Schedule, warningDue } from "./schedule.ts";
import { defaultQueueSettings, scheduleOf } from "./settings.ts";
import { steadyClock } from "./steady-clock.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = 1_000_000 * hour;
const life = (attempts: number, lifetime = 5 * day) => ({
  createdAt: start,
  notBefore: start,
  expiresAt: start + lifetime,
  attempts,
});

test("the documented waits, and their jitter", () => {
  const waits = [1, 5, 15, 30, 60, 120, 240, 240, 240];
  for (const [index, wait] of waits.entries()) {
    const next = (random: number) => nextAttempt(life(index + 1), start, mailboxSchedule, random);
    assert.equal(next(0.5), start + wait * minute);
    assert.equal(next(0), start + wait * minute * 0.8);
    assert.equal(next(1), start + wait * minute * 1.2);
  }
  assert.deepEqual(scheduleOf(defaultQueueSettings), mailboxSchedule);
});

test("at least as long as the server asks", () => {
  assert.equal(nextAttempt(life(1), start, mailboxSchedule, 0.5, 10 * minute), start + 10 * minute);
  assert.equal(nextAttempt(life(5), start, mailboxSchedule, 0.5, 10 * minute), start + hour);
});

const ends: readonly [name: string, attempts: number, lifetime: number, age: number, expected: number | "expired"][] = [
  ["young", 20, 5 * day, 4 * day, 4 * day + 4 * hour],
  ["the last attempt is at the end", 20, 5 * day, 5 * day - hour, 5 * day],
  ["at the end", 20, 5 * day, 5 * day, "expired"],
  ["after the end", 20, 5 * day, 6 * day, "expired"],
  [
    "a clock that jumped ten years, or a server that was off: it has had too few attempts",
    2,
    5 * day,
    3650 * day,
    3650 * day + 5 * minute,
  ],
  ["after as many attempts as anybody needs", 8, 5 * day, 3650 * day, "expired"],
  ["a one-time password is worth ten minutes", 2, 10 * minute, 11 * minute, "expired"],
  ["and gets its one attempt", 1, 10 * minute, 11 * minute, 12 * minute],
];
for (const [name, attempts, lifetime, age, expected] of ends)
  test(`expiry: ${name}`, () => {
    const next = nextAttempt(life(attempts, lifetime), start + age, mailboxSchedule, 0.5);
    assert.equal(next, expected === "expired" ? expected : start + expected);
  });

test("warnings", () => {
  assert.equal(warningDue(life(5), start + 4 * hour - 1, mailboxSchedule), false);
  assert.equal(warningDue(life(5), start + 4 * hour, mailboxSchedule), true);
  assert.equal(warningDue(life(1), start + 4 * hour, mailboxSchedule), false, "one attempt is no delay yet");
  assert.equal(
    warningDue({ ...life(5), notBefore: start + day }, start + day, mailboxSchedule),
    false,
    "held on purpose",
  );
});

test("a schedule always ends", () => {
  const odd: Schedule = { delaysMs: [], jitter: 0, warnAfterMs: 1 };
  let now = start;
  let attempts = 1;
  for (; attempts < 1000; attempts++) {
    const next = nextAttempt(life(attempts), now, odd, 0.5);
    if (next === "expired") break;
    assert.ok(next > now);
    now = next;
  }
  assert.ok(attempts < 100);
});

test("the steady clock", () => {
  let wall = 5_000_000;
  let monotonic = 100;
  const clock = steadyClock(
    () => wall,
    () => monotonic,
  );
  const pass = (wallMs: number, monotonicMs: number): number => {
    wall += wallMs;
    monotonic += monotonicMs;
    return clock();
  };
  assert.equal(pass(1000, 1000), 5_001_000);
  assert.equal(pass(1500, 1000), 5_002_500, "a small correction is followed at once");
  assert.equal(pass(10 * 365 * day + 1000, 1000), 5_003_600, "ten years are not");
  assert.equal(pass(10_000, 10_000), 5_014_600, "but approached");
  wall = 5_015_000;
  assert.equal(clock(), 5_015_000);
  assert.equal(pass(-hour, 1000), 5_015_900, "back: slower, never backwards");
  assert.equal(pass(0, 0), 5_015_900);
});
