import assert from "node:assert/strict";
import { test } from "node:test";
import { countryName, countryOf } from "../net/countries.ts";
import { kmBetween } from "../net/far.ts";
import { account } from "../receive/fake-world.ts";
import { maxPeerValueChars } from "../store/peers.ts";
import { forgiven, type Habits, type Happening, latelyOf, noHabits, withHappening } from "./habits.ts";
import { frozenBecause, type Seen, scoreOf, sumOf, usualOf } from "./score.ts";
import { Watch } from "./watch.ts";

const nothingSeen: Seen = {
  recipientsLastDay: 0,
  usualDay: undefined,
  recipients: 0,
  strangers: 0,
  alike: 0,
  forged: 0,
  spam: 0,
  listedLink: undefined,
  answersElsewhere: 0,
  failedLogins: 0,
  firstProgram: false,
  networks: 0,
  countries: [],
  newCountry: undefined,
  way: undefined,
  unusual: 0,
  tried: 0,
  refused: 0,
  complaints: 0,
  forwards: false,
};

const minute = 60_000;
const day = 24 * 60 * minute;
const noon = Date.UTC(2026, 10, 26, 12);

const cases: readonly [name: string, seen: Partial<Seen>, expected: string][] = [
  ["nothing", {}, ""],
  ["five wrong passwords, then a mail program", { failedLogins: 5 }, "failed-logins 20"],
  ["four are a slip", { failedLogins: 4 }, ""],
  ["a mail program for the first time", { firstProgram: true }, "first-program 20"],
  ["more than five times as many as ever", { recipientsLastDay: 51, usualDay: 10 }, "volume 40"],
  ["five times", { recipientsLastDay: 50, usualDay: 10 }, ""],
  ["few are few, whatever is usual", { recipientsLastDay: 49, usualDay: 0 }, ""],
  ["what is usual is not known", { recipientsLastDay: 500, usualDay: undefined }, ""],
  ["many strangers", { recipients: 50, strangers: 46 }, "strangers 30"],
  ["many, and one in ten known", { recipients: 50, strangers: 45 }, ""],
  ["few strangers", { recipients: 49, strangers: 49 }, ""],
  ["fifty texts alike", { alike: 50 }, "alike 25"],
  ["forty-nine", { alike: 49 }, ""],
  ["as somebody else", { forged: 1 }, "forged 25"],
  ["five spams", { spam: 5 }, "spam 40"],
  ["four spams", { spam: 4 }, ""],
  ["a listed link", { listedLink: "bad.example" }, "listed-link 60"],
  ["one in five refused", { tried: 10, refused: 2 }, ""],
  ["more than one in five", { tried: 10, refused: 3 }, "refused 40"],
  ["of few", { tried: 9, refused: 9 }, ""],
  ["answers elsewhere", { answersElsewhere: 5 }, "answers-elsewhere 15"],
  ["complaints count each", { complaints: 3 }, "complaints 60"],
  ["a forwarding rule, and many at once", { forwards: true, recipients: 50 }, "forwards 40"],
  ["a forwarding rule alone", { forwards: true, recipients: 5 }, ""],
  ["networks", { networks: 8 }, "networks 20"],
  ["home, office, train", { networks: 7 }, ""],
  ["four countries in a day", { countries: ["DE", "FR", "US", "JP"] }, "countries 60"],
  ["three", { countries: ["DE", "FR", "US"] }, ""],
  ["a new one", { newCountry: "JP" }, "new-country 25"],
  ["nobody is so fast", { way: ["DE", "JP", 40] }, "too-fast 40"],
  ["at night", { unusual: 3 }, "unusual-hour 10"],
  [
    "the weightiest first",
    { networks: 9, forged: 2, recipients: 60, strangers: 60, tried: 40, refused: 20 },
    "refused 40, strangers 30, forged 25, networks 20",
  ],
];
for (const [name, seen, expected] of cases)
  test(`what speaks for wrong hands: ${name}`, () => {
    const found = scoreOf({ ...nothingSeen, ...seen });
    assert.equal(found.map(({ signal, points }) => `${signal} ${points}`).join(", "), expected);
  });

test("a sentence of why", () => {
  const all = scoreOf({ ...nothingSeen, forged: 2, recipients: 60, strangers: 60, tried: 40, refused: 20, spam: 7 });
  assert.equal(sumOf(all), 135);
  assert.equal(
    frozenBecause(all),
    "the filter called 7 of its messages spam; 50 % of 40 recipients were refused for good within an hour; 100 % of 60 recipients it had never written to before; and 1 more",
  );
});

test("what is usual: 19 of 20 days, of a week at least", () => {
  assert.equal(usualOf([1, 2, 3, 4, 5, 6]), undefined);
  assert.equal(usualOf([0, 0, 9, 1, 2, 0, 3]), 9);
  assert.equal(usualOf([...Array.from({ length: 29 }, () => 4), 1000]), 4);
});

const sent = (change: Partial<Extract<Happening, { kind: "sent" }>> = {}): Happening => ({
  kind: "sent",
  recipients: 1,
  strangers: 0,
  program: false,
  network: undefined,
  country: undefined,
  elsewhere: false,
  ...change,
});

test("lately is a quarter of an hour and the one before; days, networks and complaints have their own time", () => {
  let habits = withHappening(noHabits, sent({ recipients: 30, strangers: 30, network: "192.0.2.0/24" }), noon);
  habits = withHappening(habits, { kind: "forged" }, noon + 14 * minute);
  habits = withHappening(habits, sent({ recipients: 25, network: "198.51.100.0/24" }), noon + 16 * minute);
  habits = withHappening(habits, sent({ recipients: 1, network: "192.0.2.0/24" }), noon + 17 * minute);
  habits = withHappening(habits, { kind: "complaint" }, noon + 17 * minute);
  habits = withHappening(habits, { kind: "listed-link", domain: "bad.example" }, noon + 17 * minute);
  const at = (time: number) => latelyOf(habits, time);
  assert.deepEqual(
    [at(noon + 29 * minute).recipients, at(noon + 31 * minute).recipients, at(noon + 46 * minute).recipients],
    [56, 26, 0],
  );
  assert.deepEqual([at(noon + 29 * minute).forged, at(noon + 31 * minute).forged], [1, 0]);
  assert.equal(at(noon + 17 * minute).networks, 2);
  assert.equal(at(noon + 17 * minute).listedLink, "bad.example");
  assert.equal(at(noon + day + 16.5 * minute).networks, 1);
  assert.deepEqual([at(noon + 23 * 60 * minute).complaints, at(noon + 25 * 60 * minute).complaints], [1, 0]);
  assert.deepEqual(at(noon + day).days, [56], "today is no day that was");
  assert.deepEqual(at(noon + 3 * day).days, [56, 0, 0]);
  assert.deepEqual(at(noon + 90 * day).days, Array(30).fill(0));
  const free = latelyOf(forgiven(habits), noon + 17 * minute);
  assert.deepEqual([free.recipients, free.complaints, free.networks, free.listedLink], [0, 0, 0, undefined]);
});

test("a mail program is new to who used pages alone for a week, and for half an hour", () => {
  const pages = withHappening(noHabits, sent(), noon);
  const program = (after: number) => withHappening(pages, sent({ program: true }), noon + after);
  assert.equal(latelyOf(program(6 * day), noon + 6 * day).firstProgram, false);
  const found = program(8 * day);
  assert.equal(latelyOf(found, noon + 8 * day + minute).firstProgram, true);
  assert.equal(
    latelyOf(withHappening(found, sent({ program: true }), noon + 9 * day), noon + 9 * day).firstProgram,
    false,
  );
  assert.equal(latelyOf(withHappening(noHabits, sent({ program: true }), noon), noon).firstProgram, false);
});

test("a country is new to who was at home elsewhere for a week, and for a day", () => {
  const from = (habits: Habits, country: string, after: number) =>
    withHappening(habits, sent({ country }), noon + after);
  const seen = (habits: Habits, after: number) => latelyOf(habits, noon + after);
  const home = from(noHabits, "DE", 0);
  assert.equal(seen(from(home, "JP", 6 * day), 6 * day).newCountry, undefined);
  const travels = from(from(home, "DE", 8 * day), "JP", 8 * day + minute);
  assert.deepEqual(
    [seen(travels, 8 * day + 2 * minute).newCountry, seen(travels, 8 * day + 2 * minute).countries],
    ["JP", ["DE", "JP"]],
  );
  assert.deepEqual(seen(travels, 10 * day).countries, []);
  assert.equal(seen(from(travels, "JP", 10 * day), 10 * day).newCountry, undefined);
  assert.equal(seen(forgiven(travels), 8 * day + 2 * minute).newCountry, undefined);
  // Home is not new for having been away.
  assert.equal(seen(from(travels, "DE", 9 * day), 9 * day + 2 * minute).newCountry, undefined);
});

test("nobody goes from one country to another faster than by air; a neighbour is no journey", () => {
  const after = (minutes: number, from: string, to: string) => {
    const home = withHappening(noHabits, sent({ country: from }), noon);
    return latelyOf(withHappening(home, sent({ country: to }), noon + minutes * minute), noon + minutes * minute).way;
  };
  assert.deepEqual(after(40, "DE", "JP"), ["DE", "JP", 40]);
  assert.deepEqual(after(6 * 60, "DE", "JP"), ["DE", "JP", 360]);
  assert.equal(after(9 * 60, "DE", "JP"), undefined);
  assert.equal(after(1, "DE", "FR"), undefined);
  assert.equal(after(1, "DE", "DE"), undefined);
  assert.equal(after(1, "DE", "ZZ"), undefined, "a country that is on no map");
  const away = withHappening(withHappening(noHabits, sent({ country: "DE" }), noon), sent({ country: "JP" }), noon);
  assert.equal(latelyOf(away, noon + 31 * minute).way, undefined, "lately");
  assert.equal(latelyOf(forgiven(away), noon).way, undefined);
  // Where it was before it was forgiven says nothing of when.
  assert.equal(latelyOf(withHappening(forgiven(away), sent({ country: "DE" }), noon), noon).way, undefined);
});

const kilometres: readonly [one: string, other: string, least: number, most: number][] = [
  ["DE", "FR", 0, 0],
  ["US", "RU", 0, 0],
  ["ES", "MA", 0, 0],
  ["AU", "AU", 0, 0],
  ["DE", "JP", 7_000, 8_500],
  ["CL", "NO", 9_000, 13_000],
  ["GB", "US", 3_500, 4_500],
  ["NZ", "PT", 14_000, 20_000],
];
for (const [one, other, least, most] of kilometres)
  test(`from ${one} to ${other} it is at least ${least} km, and no more than ${most}`, () => {
    const km = kmBetween(one, other)!;
    assert.ok(km >= least && km <= most, `${km}`);
    assert.equal(kmBetween(other, one), km);
  });

test("an hour is unusual to who has written for weeks and hardly ever near it", () => {
  let habits: Habits = noHabits;
  const write = (time: number) => {
    habits = withHappening(habits, sent(), time);
    return latelyOf(habits, time).unusual;
  };
  const night = (days: number) => noon + days * day + 14 * 60 * minute;
  assert.equal(write(noon), 0, "nothing is known of it");
  for (let days = 1; days <= 20; days++)
    for (let count = 0; count < 8; count++) assert.equal(write(noon + days * day + count * 60 * minute), 0);
  assert.equal(write(noon + 21 * day - 120 * minute), 0, "near to what is usual");
  assert.equal(write(night(21)), 1);
  assert.equal(write(night(21) + minute), 2);
  // What it does again and again is its habit.
  for (let days = 22; days < 24; days++) write(night(days));
  assert.equal(write(night(24)), 0);
  for (let count = 0; count < 500; count++) write(noon + 25 * day);
  assert.equal(habits.hours!.length, 24);
});

test("where an address is, as the registries have it", () => {
  assert.deepEqual(
    ["85.214.132.117", "2a01:4f8::1", "8.8.8.8", "10.0.0.1", "192.0.2.1", "fd00::1", "x", ""].map(countryOf),
    ["DE", "DE", "US", undefined, undefined, undefined, undefined, undefined],
  );
  assert.equal(countryName("DE"), "Germany");
});

test("all of it fits the row it is kept in", () => {
  let habits: Habits = noHabits;
  for (let count = 0; count < 60; count++) {
    const time = noon + (count < 30 ? count * day : 30 * day + count * minute);
    const network = `2001:db8:${count}:ffff::/64`;
    const country = String.fromCharCode(65 + (count % 26), 90);
    const program = { program: true, network, country };
    habits = withHappening(habits, sent({ recipients: 10_000, strangers: 10_000, ...program }), time);
    habits = withHappening(habits, { kind: "listed-link", domain: "x".repeat(300) }, time);
    habits = withHappening(habits, { kind: "complaint" }, time);
  }
  const recent = habits.recent.map((one) => ({ ...one, unusual: 10_000, way: ["AA", "ZZ", 600] as const }));
  const hours = "z".repeat(24);
  const text = JSON.stringify({ ...habits, recent, hours });
  assert.ok(text.length <= maxPeerValueChars, `${text.length}: ${text}`);
});

test("texts that differ little are alike; wrong passwords count where a mail program sends after them", () => {
  let now = noon;
  const book = new Map<string, Habits>();
  const scores: number[] = [];
  const watch = new Watch({
    habits: { get: (key) => book.get(key), set: (key, value) => void book.set(key, value) },
    recipientsLastDay: () => 0,
    failures: () => ({ tried: 0, failed: 0 }),
    countryOf,
    scored: (_, signals) => void scores.push(sumOf(signals)),
    now: () => now,
  });
  const one = account(1);
  for (let count = 0; count < 50; count++) {
    watch.wrote(1, { high: 0xf0f0f0f0 ^ (1 << (count % 8)), low: 5 });
    // Others' texts crowd nothing out.
    watch.wrote(1, { high: Math.imul(count, 0x9e3779b9), low: Math.imul(count, 0x85ebca6b) });
  }
  assert.deepEqual(
    watch.signals(one).map(({ signal }) => signal),
    ["alike"],
  );
  for (let count = 0; count < 6; count++) watch.loginFailed(one.name);
  const mail = { account: one, address: "192.0.2.1", recipients: 1, strangers: 0, elsewhere: false };
  watch.sent({ ...mail, via: "JMAP" });
  assert.deepEqual(scores, [25]);
  watch.sent({ ...mail, via: "ESMTPSA" });
  assert.deepEqual(scores, [25, 45]);
  watch.forget(one);
  assert.deepEqual(watch.signals(one), []);
  now += 31 * minute;
  watch.sent({ ...mail, via: "ESMTPSA" });
  assert.deepEqual(scores, [25, 45, 0]);
});
