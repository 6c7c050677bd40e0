import assert from "node:assert/strict";
import { test } from "node:test";
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Sender } from "../dispatch/sender.ts";
import { account } from "../receive/fake-world.ts";
import { maxPeerValueChars } from "../store/peers.ts";
import { fakeLimits } from "./fake-limits.ts";
import {
  clockTime,
  defaultSendingLimitSettings,
  noBounds,
  type OwnLimits,
  ownLimitsOf,
  type Sent,
  standingOf,
} from "./limits.ts";
import { SendingLimits } from "./sending-limits.ts";
import { counted, emptyWindow, lastHour, present, roomAt, total } from "./window.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const noon = Date.UTC(2026, 10, 26, 12);

test("a window forgets slot by slot, never more for a clock set back, and knows when there is room", () => {
  let window = counted(emptyWindow(lastHour), lastHour, noon, 3);
  window = counted(window, lastHour, noon + 25 * minute, 2);
  const totals: [number, number][] = [
    [0, 5],
    [59, 5],
    [60, 2],
    [79, 2],
    [80, 0],
    [100_000, 0],
    [-500, 5],
  ];
  for (const [minutes, expected] of totals)
    assert.equal(total(present(window, lastHour, noon + minutes * minute)), expected, `after ${minutes} minutes`);
  assert.equal(roomAt(window, lastHour, 6, 1), "now");
  assert.deepEqual(roomAt(window, lastHour, 5, 1), { at: noon + hour });
  assert.deepEqual(roomAt(window, lastHour, 5, 4), { at: noon + 80 * minute });
  assert.equal(roomAt(window, lastHour, 5, 6), "never");
  // What `roomAt` promises is so, and not a moment sooner.
  assert.equal(total(present(window, lastHour, noon + hour)), 2);
  assert.equal(total(present(window, lastHour, noon + hour - 1)), 5);
  assert.equal(total(counted(window, lastHour, noon + 30 * minute, -9)), 5);
});

const aged = (days: number) => ({ createdAt: noon - days * day, role: "user" as const });
const standings: readonly [
  name: string,
  who: Parameters<typeof standingOf>[0],
  own: Parameters<typeof standingOf>[1],
  expected: string,
][] = [
  ["made today", aged(0), {}, "new by age: 20 100 50 20"],
  ["a week old", aged(7), {}, "normal by age: 100 500 250 50"],
  ["an administrator of the first day", { ...aged(0), role: "admin" }, {}, "normal by administrator: 100 500 250 50"],
  ["trusted", aged(0), { account: { class: "trusted" } }, "trusted by account: 300 2000 1000 100"],
  ["its domain's", aged(0), { domain: { class: "normal" } }, "normal by domain: 100 500 250 50"],
  ["its tenant's", aged(90), { tenant: { class: "trial" } }, "trial by tenant: 100 1000 1000 50"],
  [
    "the nearest holds",
    aged(0),
    { account: { class: "new" }, domain: { class: "trusted" }, tenant: { class: "normal" } },
    "new by account: 20 100 50 20",
  ],
  ["figures of its own", aged(0), { account: { messagesPerHour: 7 } }, "new by age: 7 100 50 20"],
  [
    "figures of its domain are of all together",
    aged(9),
    { domain: { messagesPerHour: 7 } },
    "normal by age: 100 500 250 50",
  ],
  [
    "without limits, but for one",
    aged(0),
    { account: { class: "unlimited", recipientsPerDay: 9 } },
    "unlimited by account: 0 9 0 0",
  ],
];
for (const [name, who, own, expected] of standings)
  test(`the class of an account: ${name}`, () => {
    const { class: found, because, bounds } = standingOf(who, own, defaultSendingLimitSettings, noon);
    assert.equal(`${found} by ${because}: ${Object.values(bounds).join(" ")}`, expected);
  });

test("what another version wrote is read as far as it is known", () => {
  assert.deepEqual(ownLimitsOf(undefined), {});
  assert.deepEqual(
    ownLimitsOf({ class: "royal", messagesPerHour: -1, recipientsPerDay: "9", newRecipientsPerDay: 3 }),
    {
      newRecipientsPerDay: 3,
    },
  );
});

test("times are told with their day where that is another", () => {
  assert.equal(clockTime(noon + 1, noon), "12:01 UTC");
  assert.equal(clockTime(noon + 13 * hour, noon), "01:00 UTC on 2026-11-27");
});

const to = (count: number) => Array.from({ length: count }, (_, index) => ({ local: `r${index}`, domain: "far.test" }));
const said = async (limits: SendingLimits, recipients: number, who = 1): Promise<string> => {
  const answer = await limits.take(account(who), to(recipients) as never);
  return "code" in answer ? replyText(answer) : "sent";
};

test("limits of messages an hour, and when it goes on", async () => {
  let now = noon;
  const limits = fakeLimits({ messagesPerHour: 2 }, { now: () => now });
  assert.equal(await said(limits, 1), "sent");
  now += 25 * minute;
  assert.equal(await said(limits, 1), "sent");
  const refusal = "450 4.7.28 You have sent 2 messages within an hour, which is your limit: it goes on at 13:00 UTC";
  assert.equal(await said(limits, 1), refusal);
  assert.equal(await said(limits, 1, 2), "sent", "somebody else's are others");
  now = noon + hour - 1;
  assert.equal(await said(limits, 1), refusal);
  now += 1;
  assert.equal(await said(limits, 1), "sent");
  assert.match(await said(limits, 1), /goes on at 13:20 UTC$/);
});

test("limits of recipients: of one message, of a day, of those never written to", async () => {
  let now = noon;
  const limits = fakeLimits({ recipientsPerDay: 5, recipientsPerMessage: 4 }, { now: () => now });
  assert.equal(
    await said(limits, 5),
    "550 5.5.3 You may send to 4 recipients at once and this message has 5: send it in parts",
  );
  assert.equal(await said(limits, 4), "sent");
  now += hour;
  assert.equal(await said(limits, 1), "sent");
  assert.equal(
    await said(limits, 1),
    "450 4.7.28 You may send to 5 recipients in 24 hours: this message can go at 12:00 UTC on 2026-11-27",
  );
  now = noon + day;
  assert.equal(await said(limits, 4), "sent");
  const strangers = fakeLimits({ newRecipientsPerDay: 3 }, { strangers: 2, now: () => now });
  assert.equal(await said(strangers, 9), "sent");
  assert.match(
    await said(strangers, 9),
    /^450 4\.7\.28 You may send to 3 recipients never written to before in 24 hours/,
  );
  const many = fakeLimits({ newRecipientsPerDay: 3 }, { strangers: 4, now: () => now });
  assert.equal(
    await said(many, 9),
    "550 5.7.28 You may send to 3 recipients never written to before in 24 hours and this message has 4: ask your administrator",
  );
});

test("a domain's and a tenant's accounts together", async () => {
  const own = {
    domain: { key: "@example.test", name: "example.test", limits: { messagesPerHour: 3 } as OwnLimits },
    tenant: { key: "#1", name: "acme", limits: { recipientsPerDay: 7 } as OwnLimits },
  };
  const limits = new SendingLimits({
    settings: { ...defaultSendingLimitSettings, normal: noBounds, new: noBounds },
    restraints: {
      of: ({ id }) => ({ account: undefined, domain: id < 3 ? own.domain : undefined, tenant: own.tenant }),
    },
    strangers: () => 0,
    book: new Map<string, Sent>(),
    now: () => noon,
  });
  assert.equal(await said(limits, 1, 1), "sent");
  assert.equal(await said(limits, 1, 1), "sent");
  assert.equal(await said(limits, 1, 2), "sent");
  assert.equal(
    await said(limits, 1, 2),
    "450 4.7.28 All accounts of example.test together have sent 3 messages within an hour, which is their limit: it goes on at 13:00 UTC",
  );
  assert.equal(await said(limits, 4, 3), "sent");
  assert.match(await said(limits, 1, 3), /^450 4\.7\.28 All accounts of acme together may send to 7 recipients/);
  assert.deepEqual(limits.show(account(2))?.used, {
    messagesLastHour: 1,
    recipientsLastDay: 1,
    newRecipientsLastDay: 0,
  });
});

test("what was sent counts after a restart too, and fits the row it is kept in", async () => {
  let now = noon;
  const kept = new Map<string, { readonly text: string; readonly expiresAt: number }>();
  // As the store keeps it: as text.
  const book = {
    get: (key: string) => {
      const found = kept.get(key);
      return found === undefined || found.expiresAt <= now ? undefined : (JSON.parse(found.text) as Sent);
    },
    set: (key: string, sent: Sent, expiresAt: number) => void kept.set(key, { text: JSON.stringify(sent), expiresAt }),
  };
  const again = () =>
    new SendingLimits({
      settings: { ...defaultSendingLimitSettings, normal: { ...noBounds, recipientsPerDay: 48_000_000 } },
      restraints: { of: () => ({ account: undefined, domain: undefined, tenant: undefined }) },
      strangers: () => 2_000_000,
      book,
      now: () => now,
    });
  const million = { length: 2_000_000 } as never;
  for (let count = 0; count < 24; count++) {
    const answer = await again().take(account(1), Object.assign([], million) as never);
    assert.ok("undo" in answer);
    now += hour;
  }
  assert.ok(kept.get("1")!.text.length <= maxPeerValueChars, kept.get("1")!.text);
  now -= 1;
  assert.match(await said(again(), 1), /^450 /);
  now += 1;
  assert.equal(await said(again(), 1), "sent");
});

test("no limits, a tenant's volume, and a test count nothing", async () => {
  const none = fakeLimits(undefined);
  assert.equal(none.governs(account(1), undefined), false);
  const limits = fakeLimits({ messagesPerHour: 1 });
  const sender = { tenant: "shop", stream: "news" } as Sender;
  assert.equal(limits.governs(account(1), undefined), true);
  assert.equal(limits.governs(account(1), sender), false);
  assert.equal(limits.governs(account(1), { ...sender, personal: true }), true);
  assert.equal(limits.governs(account(1), { ...sender, personal: true, sandbox: "sandbox.invalid" }), false);
  const trial = fakeLimits({ messagesPerHour: 1 }, { own: { class: "trial" } });
  assert.equal(trial.governs(account(1), sender), true, "an administrator has said what it is");
  for (let count = 0; count < 100; count++) assert.equal(await said(none, 1000), "sent");
});

test("what was not taken is taken back", async () => {
  const limits = fakeLimits({ messagesPerHour: 1 });
  const first = await limits.take(account(1), to(1) as never);
  assert.match(await said(limits, 1), /^450/);
  if ("undo" in first) first.undo();
  assert.equal(await said(limits, 1), "sent");
});
