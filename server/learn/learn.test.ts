/** What people teach: read off where mail lies, exact to take back, and each one's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Campaigns, type Fingerprint, fingerprintOf } from "../judge/content/campaigns.ts";
import { readMessage } from "../judge/content/filter.ts";
import {
  emptyPersonal,
  personalEvidence,
  readPersonal,
  teach,
  unteach,
  writePersonal,
} from "../judge/content/personal.ts";
import { readContent } from "../judge/content/read-content.ts";
import { maxReported, Reported } from "../judge/content/reported.ts";
import { Correspondents } from "./correspondents.ts";
import { Lessons } from "./lessons.ts";
import { type Lying, verdictIn, type Wish, wishOf } from "./wishes.ts";

const lying = (role: Lying["role"], verdict: Lying["verdict"], more: Partial<Lying> = {}): Lying => ({
  role,
  verdict,
  keywords: [],
  delivered: false,
  junked: false,
  ...more,
});
const wishes: readonly [name: string, lying: Lying, wish: Wish][] = [
  ["moved to Junk", lying("junk", "ham"), "spam"],
  ["moved to Junk, from before the filter", lying("junk", undefined), "spam"],
  ["filed in Junk by the filter", lying("junk", "spam"), "nothing"],
  ["filed in Junk by a script of the person", lying("junk", "ham", { delivered: true }), undefined],
  ["rescued from Junk", lying("inbox", "spam"), "ham"],
  ["rescued, though it was good to others who got it", lying("inbox", "ham", { junked: true }), "ham"],
  ["rescued into a folder", lying(undefined, "spam"), "ham"],
  ["good mail that stays", lying("inbox", "ham"), "nothing"],
  ["thrown away from Junk", lying("trash", "spam"), undefined],
  ["a draft", lying("drafts", "spam"), undefined],
  ["marked $Junk", lying("inbox", "ham", { keywords: ["$Junk"] }), "spam"],
  ["marked NonJunk in Junk", lying("junk", "spam", { keywords: ["NonJunk"] }), "ham"],
];
for (const [name, where, wish] of wishes) test(`wish: ${name}`, () => assert.equal(wishOf(where), wish));

test("the verdict is the first field of the header", () => {
  assert.equal(verdictIn("Return-Path: <>\r\nX-Spam-Status: Yes, score=4\r\nX-Spam-Status: No\r\n\r\n"), "spam");
  assert.equal(verdictIn("Subject: X-Spam-Status: Yes\r\n\r\n"), undefined);
});

const mail = (about: string, number: number): Buffer =>
  Buffer.from(
    `From: Club ${about} <club@${about}.test>\r\nSubject: ${about} ${number}\r\n\r\nThe ${about} club meets on Thursday, bring your ${about} and friends who like ${about}, there is tea and cake for all of us\r\n`,
  );
const read = (about: string, number: number) => readMessage(mail(about, number));

const letter = Buffer.from(
  "From: Ann Smith <ann@friends.test>\r\nTo: u@us.test\r\nSubject: Holidays\r\n\r\nWe have come home from the mountains, the weather was fine and the children walked a lot. Shall we meet in May? Love, Ann\r\n",
);

test("one lesson is enough for its like, leaves others alone, and is taken back exactly", () => {
  const personal = emptyPersonal();
  const odds = -5;
  const lesson = teach(personal, read("orchids", 1).features, true, odds, 3);
  assert.ok(odds + personalEvidence(personal, read("orchids", 2).features) > 3, "the next one is junk");
  assert.ok(odds + personalEvidence(personal, readMessage(letter).features) < 0, "a friend's letter is not");
  const back = readPersonal(writePersonal(personal));
  assert.ok(back !== undefined);
  assert.ok(
    Math.abs(
      personalEvidence(back, read("orchids", 2).features) - personalEvidence(personal, read("orchids", 2).features),
    ) < 0.01,
  );
  unteach(personal, read("orchids", 1).features, lesson);
  assert.ok(Math.abs(personalEvidence(personal, read("orchids", 2).features)) < 1e-4);
  assert.deepEqual([personal.ham, personal.spam], [0, 0]);
});

test("a lesson that is known already moves nothing; a flood of one kind teaches less and less", () => {
  const personal = emptyPersonal();
  assert.equal(teach(personal, read("orchids", 1).features, true, 9, 3).step, 0);
  const steps = Array.from({ length: 200 }, (_, i) => teach(personal, read(`topic${i}`, i).features, true, -5, 3).step);
  assert.ok(steps[199]! < steps[0]! / 2);
});

test("lessons are durable and each one's own; another version's are forgotten", async () => {
  const kept = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => structuredClone(kept.get(key)),
    putSetting: async (key: string, value: unknown) => void kept.set(key, JSON.parse(JSON.stringify(value))),
  };
  const features = read("orchids", 1).features;
  const first = new Lessons(store, []);
  assert.equal(first.taught(1), undefined);
  await first.change(1, 77, (personal) => teach(personal, features, true, -5, 3));
  const later = new Lessons(store, [1]);
  assert.equal((await later.of(1, 77))?.spam, true);
  assert.ok(personalEvidence((await later.taught(1))!.personal, features) > 3);
  assert.equal(later.taught(2), undefined);
  kept.set("filter.lessons.3", { corrections: "0 1 1 x", lessons: [] });
  assert.equal((await new Lessons(store, [3]).taught(3))?.personal.spam, 0);
});

test("the last word about a sender holds; it is durable, taken back with its lesson, and forgiven whom one writes to", async () => {
  const kept = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => structuredClone(kept.get(key)),
    putSetting: async (key: string, value: unknown) => void kept.set(key, JSON.parse(JSON.stringify(value))),
  };
  const lessons = new Lessons(store, []);
  const called = async (from = lessons) => (await from.taught(1))?.senders.get("club@far.test");
  const lesson = (email: number, spam: boolean | undefined) =>
    lessons.change(1, email, () => (spam === undefined ? undefined : { spam, step: 0 }), "club@far.test");
  await lesson(7, true);
  assert.equal(await called(), "spam");
  assert.equal(await called(new Lessons(store, [1])), "spam");
  await lesson(8, false);
  assert.equal(await called(), "ham");
  await lesson(7, undefined);
  assert.equal(await called(), "ham", "an older lesson taken back");
  await lesson(8, undefined);
  assert.equal(await called(), undefined);
  await lesson(9, true);
  await lessons.forgive(1, ["other@far.test"]);
  assert.equal(await called(), "spam");
  await lessons.forgive(1, ["club@far.test"]);
  assert.equal(await called(new Lessons(store, [1])), undefined);
  await lessons.forgive(2, ["club@far.test"]);
  assert.equal(kept.has("filter.lessons.2"), false);
});

test("campaigns: near-duplicates are one, three people speak for all, one voice against ends it", () => {
  const text = (name: string, code: string): string =>
    `Subject: x\r\n\r\nDear ${name}, we have reserved a beautiful set of tools for you and it waits in our warehouse in the north of the town. Please come and fetch it before the end of the week, for then it goes to the next person on our long list. Your code is ${code}. We are glad to have you with us and send you our kindest regards.\r\n`;
  const print = (name: string, code: string) => fingerprintOf(readContent(Buffer.from(text(name, code))))!;
  const campaigns = new Campaigns();
  const isSpam = (list: Campaigns, one: Fingerprint, tenant = 1): boolean => list.isSpam(one, tenant, () => 1);
  campaigns.vote(print("Ann", "A1"), 1, true, 1);
  campaigns.vote(print("Bob", "B2"), 1, true, 2);
  campaigns.vote(print("Bob", "B2"), 2, true, 2);
  assert.equal(isSpam(campaigns, print("Cid", "C3")), false, "one person has one voice");
  campaigns.vote(print("Cid", "C3"), 3, true, 3);
  assert.equal(isSpam(campaigns, print("Dan", "D4")), true);
  assert.equal(isSpam(campaigns, fingerprintOf(readContent(mail("orchids", 1)))!), false);
  assert.equal(isSpam(new Campaigns(campaigns.all()), print("Dan", "D4")), true, "kept");
  assert.equal(isSpam(campaigns, print("Dan", "D4"), 2), false, "one tenant does not speak for another");
  campaigns.vote(print("Eve", "E5"), 4, false, 4);
  assert.equal(isSpam(campaigns, print("Dan", "D4")), false);
});

test("whom one wrote to is kept with name and domain, each one's own, until it ends", async () => {
  const rows: { kind: string; key: string; value: string; expiresAt: number }[] = [];
  const store = {
    peers: async (kind: string, { now }: { readonly now: number }) =>
      rows.filter((row) => row.kind === kind && row.expiresAt > now),
    putPeers: async (fresh: readonly (typeof rows)[number][]) => void rows.push(...fresh),
  };
  let now = 1_000;
  const first = new Correspondents("wrote", store, () => now);
  await first.add(1, ["carl@friends.test", "x@gmail.com"], () => new Map([["carl@friends.test", "Carl Friend"]]));
  await first.add(1, ["carl@friends.test"], () => assert.fail("known people's names are not looked for"));
  assert.equal(rows.length, 2);
  const later = new Correspondents("wrote", store, () => now);
  assert.equal(await later.knows(1, "carl@friends.test"), true);
  assert.equal(await later.knows(2, "carl@friends.test"), false);
  assert.deepEqual([...(later.contacts(1)?.domains ?? [])], ["friends.test"]);
  assert.equal(later.contacts(1)?.names.get("carl friend"), "carl@friends.test");
  now += 3 * 365 * 86_400_000;
  assert.equal(await new Correspondents("wrote", store, () => now).knows(1, "carl@friends.test"), false);
  using soon = new Correspondents("from", store, () => now);
  soon.addSoon(1, "shop@store.test");
  assert.equal(await soon.knows(1, "shop@store.test"), true);
});

test("where spam leads: several people speak for their tenant, several tenants for all, nobody alone", () => {
  // Accounts 10 to 19 are of tenant 1, 20 to 29 of tenant 2, …
  const tenantOf = (account: number): number => Math.floor(account / 10);
  const reported = new Reported();
  const isSpam = (tenant: number, domain = "prize.test"): boolean =>
    reported.find(["other.test", domain], tenant, tenantOf) === domain;
  for (let message = 0; message < 50; message++) reported.change(["prize.test"], 10, "nothing", "spam");
  assert.equal(isSpam(1), false, "one person, however often");
  reported.change(["prize.test", "google.com"], 11, "nothing", "spam");
  assert.equal(isSpam(1), false);
  reported.change(["prize.test", "google.com"], 12, "nothing", "spam");
  assert.equal(isSpam(1), true, "three of one tenant");
  assert.equal(isSpam(2), false, "a tenant alone does not move another");
  assert.equal(new Reported(reported.all()).find(["prize.test"], 1, tenantOf), "prize.test", "kept");
  reported.change(["prize.test"], 12, "spam", "nothing");
  assert.equal(isSpam(1), false, "taken back");
  reported.change(["prize.test"], 12, "nothing", "spam");
  reported.change(["prize.test"], 13, "nothing", "ham");
  assert.equal(isSpam(1), false, "somebody says the opposite");
  reported.change(["prize.test"], 14, "nothing", "spam");
  assert.equal(isSpam(1), true, "more say so");
  reported.change(["prize.test"], 20, "nothing", "spam");
  reported.change(["prize.test"], 30, "nothing", "spam");
  assert.equal(isSpam(9), true, "three tenants");
  const forgetful = new Reported(reported.all());
  forgetful.forget(20);
  assert.equal(forgetful.find(["prize.test"], 9, tenantOf), undefined, "a tenant's only voice is taken back");
  for (let message = 0; message < 100; message++) reported.kept(["prize.test"]);
  assert.equal(isSpam(9), false, "much mail with it is good");
  for (const account of [10, 11, 12]) reported.change(["google.com"], account, "nothing", "spam");
  assert.equal(isSpam(1, "google.com"), false, "half the world's mail leads there");
  for (let number = 0; number < maxReported + 10; number++) reported.change([`n${number}.test`], 10, "nothing", "spam");
  assert.equal(reported.all().length, maxReported);
});
