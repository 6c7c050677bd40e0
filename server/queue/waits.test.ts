import assert from "node:assert/strict";
import { test } from "node:test";
import type { QueuedRecipient } from "../store/store.ts";
import { type WaitFacts, waitInLine, waitOf } from "./waits.ts";

const hour = 3_600_000;
const path = { site: "mx.far.test", provider: "gmail", egress: { name: "mta1", address: "", ehlo: "", proxy: "" } };
const rate = { kind: "rate", messages: 100, per: "hour", waitMs: 30_000, everyMs: 36_000 } as const;

test("mail in line says behind what, since when, until when", () => {
  assert.deepEqual(waitInLine(path, 2, 5, 1000, rate), {
    why: "Not more than 100 messages an hour may go from mta1 to gmail. 2 more that go there are before it.",
    since: 5,
    until: 1000 + 30_000 + 72_000,
  });
  assert.deepEqual(waitInLine(path, 0, 5, 1000, { kind: "connections", connections: 10 }), {
    why: "All 10 connections to mx.far.test are busy.",
    since: 5,
    until: undefined,
  });
  assert.equal(waitInLine(path, 0, 5, 1000, undefined).why, "It is next to go to mx.far.test.");
});

const recipient: QueuedRecipient = {
  id: 1,
  address: "x@far.test",
  domain: "far.test",
  orcpt: undefined,
  notify: undefined,
  state: "scheduled",
  attempts: 0,
  nextAt: 5 * hour,
  delayWarned: false,
  lastReply: undefined,
  lease: undefined,
};
const facts: WaitFacts = { inHand: undefined, opening: undefined, withheld: undefined, journey: [], now: 4 * hour };
const put = (at: number, to: string) => ({ at, stage: "deferred" as const, detail: { to: [to] } });
const cases: readonly [
  name: string,
  recipient: Partial<QueuedRecipient>,
  facts: Partial<WaitFacts>,
  notBefore: number,
  expected: readonly [why: string, since: number | undefined, until: number | undefined],
][] = [
  [
    "put off",
    { attempts: 2, lastReply: "451 4.7.1 later" },
    { journey: [put(2 * hour, "x@far.test"), put(3 * hour, "x@far.test"), put(3.5 * hour, "y@far.test")] },
    0,
    ["It was put off, as the last reply says.", 3 * hour, 5 * hour],
  ],
  ["for its time", {}, {}, 5 * hour, ["Its sender wants it sent later.", hour, 5 * hour]],
  [
    "in its park",
    {},
    { opening: { kind: "closed", until: 6 * hour, because: "level 1" } },
    0,
    ["level 1", hour, 6 * hour],
  ],
  [
    "put off for longer than its park is closed",
    { attempts: 1, lastReply: "450 x" },
    { opening: { kind: "closed", until: 4.5 * hour, because: "level 1" } },
    0,
    ["It was put off, as the last reply says.", undefined, 5 * hour],
  ],
  [
    "nothing leaves",
    { attempts: 1, lastReply: "450 x" },
    { withheld: { since: 3 * hour, why: "a copy" } },
    0,
    [
      "Nothing leaves this server since 1970-01-01 03:00 UTC: a copy. Let it go: angarium outgoing release",
      3 * hour,
      undefined,
    ],
  ],
  ["its turn", { nextAt: 0 }, {}, 0, ["Other mail goes before it.", hour, undefined]],
  ["on its way", { state: "leased" }, {}, 0, ["It is being sent.", undefined, undefined]],
  [
    "in line",
    { state: "leased" },
    { inHand: { why: "All are busy.", since: 7, until: 8 } },
    0,
    ["All are busy.", 7, 8],
  ],
  [
    "held",
    { state: "held" },
    { journey: [{ at: 9, stage: "held", detail: { to: ["x@far.test"], why: "by the administrator" } }] },
    0,
    ["It is held: by the administrator", 9, undefined],
  ],
  [
    "held, nothing more is known",
    { state: "held" },
    {},
    0,
    ["It is held until an administrator releases it.", undefined, undefined],
  ],
];
for (const [name, change, more, notBefore, [why, since, until]] of cases)
  test(`why it waits: ${name}`, () =>
    assert.deepEqual(waitOf({ createdAt: hour, notBefore }, { ...recipient, ...change }, { ...facts, ...more }), {
      why,
      since,
      until,
    }));
