import assert from "node:assert/strict";
import { test } from "node:test";
import { replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import type { Sender } from "../dispatch/sender.ts";
import { account } from "../receive/fake-world.ts";
import { maxPeerValueChars } from "../store/peers.ts";
import { fakeLimits } from "./fake-limits.ts";
import {
  allOf,
  appPasswordOf,
  clockTime,
  defaultSendingLimitSettings,
  noBounds,
  type OwnLimits,
  ownLimitsOf,
  type Sent,
  standingOf,
} from "./limits.ts";
import { Restraints } from "./restraints.ts";
import { type Governed, type HandedIn, SendingLimits } from "./sending-limits.ts";
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
  const answer = await limits.take({ account: account(who) }, to(recipients) as never);
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
    domain: { key: "@example.test", of: allOf("example.test"), limits: { messagesPerHour: 3 } as OwnLimits },
    tenant: { key: "#1", of: allOf("acme"), limits: { recipientsPerDay: 7 } as OwnLimits },
  };
  const limits = new SendingLimits({
    settings: { ...defaultSendingLimitSettings, normal: noBounds, new: noBounds },
    restraints: {
      of: ({ id }) => ({ account: undefined, domain: id < 3 ? own.domain : undefined, tenant: own.tenant }),
      ofAppPassword: () => undefined,
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
      restraints: {
        of: () => ({ account: undefined, domain: undefined, tenant: undefined }),
        ofAppPassword: () => undefined,
      },
      strangers: () => 2_000_000,
      book,
      now: () => now,
    });
  const million = { length: 2_000_000 } as never;
  for (let count = 0; count < 24; count++) {
    const answer = await again().take({ account: account(1) }, Object.assign([], million) as never);
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
  const none = fakeLimits(undefined, { appPassword: { messagesPerHour: 1 } });
  const by = { account: account(1) };
  const printer = { ...by, appPassword: { id: 7, label: "Printer" } };
  const sender = { tenant: "shop", stream: "news" } as Sender;
  const personal = { ...sender, personal: true as const };
  const test = { ...personal, sandbox: "sandbox.invalid" };
  const free = fakeLimits({ messagesPerHour: 1 });
  const trial = fakeLimits({ messagesPerHour: 1 }, { own: { class: "trial" } });
  const bounded = fakeLimits({ messagesPerHour: 1 }, { appPassword: { messagesPerHour: 1 } });
  const table: readonly [string, SendingLimits, HandedIn, Sender | undefined, Governed | undefined][] = [
    ["nothing is limited here", none, printer, undefined, undefined],
    ["a person's own mail", free, by, undefined, "account"],
    ["a tenant's at volume", free, by, sender, undefined],
    ["the same by an app password without limits", free, printer, sender, undefined],
    ["the same by one with limits", bounded, printer, sender, "app password"],
    ["the same by the account's own password", bounded, by, sender, undefined],
    ["a test by one with limits", bounded, printer, { ...sender, sandbox: "sandbox.invalid" }, undefined],
    ["a person's own mail by one with limits", bounded, printer, undefined, "account"],
    ["in a stream of mailboxes", free, by, personal, "account"],
    ["a test", free, by, test, undefined],
    ["an administrator has said what it is", trial, by, sender, "account"],
  ];
  for (const [name, limits, who, whose, expected] of table) assert.equal(limits.governs(who, whose), expected, name);
  for (let count = 0; count < 100; count++) assert.equal(await said(none, 1000), "sent");
});

test("an app password has bounds beside its account's: whichever is reached first is told, and each counts what it is about", async () => {
  let now = noon;
  const printer = { account: account(1), appPassword: { id: 7, label: "Printer" } };
  const alone = { account: account(1) };
  const limits = fakeLimits(
    { messagesPerHour: 3 },
    { appPassword: { messagesPerHour: 2, recipientsPerDay: 5 }, now: () => now },
  );
  const sends = async (by: HandedIn, recipients: number, governed?: Governed): Promise<string> => {
    const answer = await limits.take(by, to(recipients) as never, governed);
    return "code" in answer ? replyText(answer) : "sent";
  };
  const ofPrinter =
    '450 4.7.28 The app password "Printer" has sent 2 messages within an hour, which is its limit: it goes on at 13:00 UTC';
  assert.equal(await sends(printer, 1), "sent");
  assert.equal(await sends(printer, 1), "sent");
  assert.equal(await sends(printer, 1), ofPrinter);
  assert.deepEqual(limits.usedBy(printer.account.id, 7), {
    messagesLastHour: 2,
    recipientsLastDay: 2,
    newRecipientsLastDay: 0,
  });
  assert.equal(limits.usedBy(printer.account.id, 8)?.messagesLastHour, 0, "another of the account");
  // The account has one left, which it sends by itself: what it may is not more by several app passwords.
  assert.equal(await sends(alone, 1), "sent");
  assert.equal(
    await sends(alone, 1),
    "450 4.7.28 You have sent 3 messages within an hour, which is your limit: it goes on at 13:00 UTC",
  );
  now += hour;
  for (const _ of [1, 2, 3]) assert.equal(await sends(alone, 1), "sent");
  assert.match(
    await sends(printer, 1),
    /^450 4\.7\.28 You have sent 3 messages/,
    "its own has room, the account's has not",
  );
  // A tenant's mail at volume is not the account's: the app password's bounds alone are asked, and it alone counts.
  assert.equal(await sends(printer, 3, "app password"), "sent");
  assert.equal(limits.recipientsLastDay(printer.account.id), 6);
  assert.equal(
    await sends(printer, 6, "app password"),
    '550 5.7.28 The app password "Printer" may send to 5 recipients in 24 hours and this message has 6: send it in parts, or raise that limit',
  );
  const first = await limits.take(printer, [], "app password");
  assert.match(await sends(printer, 0, "app password"), /^450/);
  if ("undo" in first) first.undo();
  assert.equal(await sends(printer, 0, "app password"), "sent", "what was not taken is taken back");
});

test("bounds of app passwords are read from the store: those without are not there, and what went is not known any more", async () => {
  const one = (id: number, limits: object) => ({ account: 1, name: "u1@example.test", id, label: `app ${id}`, limits });
  let rows = [one(3, { messagesPerHour: 9 }), one(4, { messagesPerHour: 0 }), one(5, { royal: 1 })];
  using restraints = await Restraints.open(
    {
      limitedCredentials: async () => rows as never,
      restraints: async () => [],
      settings: async () => [],
      tenants: async () => [],
      hostedDomains: async () => [],
    },
    quiet,
  );
  assert.deepEqual(restraints.ofAppPassword(1, 3), {
    key: "1!3",
    of: appPasswordOf("app 3"),
    limits: { messagesPerHour: 9 },
  });
  for (const [account, id] of [
    [1, 4],
    [1, 5],
    [2, 3],
  ] as const)
    assert.equal(restraints.ofAppPassword(account, id), undefined);
  rows = [];
  await restraints.reread();
  assert.equal(restraints.ofAppPassword(1, 3), undefined);
});

test("what was not taken is taken back", async () => {
  const limits = fakeLimits({ messagesPerHour: 1 });
  const first = await limits.take({ account: account(1) }, to(1) as never);
  assert.match(await said(limits, 1), /^450/);
  if ("undo" in first) first.undo();
  assert.equal(await said(limits, 1), "sent");
});
