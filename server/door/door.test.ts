import assert from "node:assert/strict";
import { test } from "node:test";
import type { Log } from "../base/log.ts";
import type { Answer } from "../net/resolver.ts";
import type { PeerRow } from "../store/peers.ts";
import type { JourneyEntry } from "../store/store.ts";
import { Bans } from "./bans.ts";
import { Blocklists, reversed } from "./blocklists.ts";
import { Door } from "./door.ts";
import { decideGrey } from "./greylist.ts";
import { heloName, judgeHelo } from "./helo.ts";
import { networkOf } from "./networks.ts";
import { StoredPeerBook } from "./peer-book.ts";
import { Rates } from "./rates.ts";
import { decayed, Reputation, standingOf } from "./reputation.ts";
import { type DoorSettings, defaultDoorSettings } from "./settings.ts";

const log = { error() {}, info() {}, warn() {}, debug() {} } as unknown as Log;
const hour = 3_600_000;
const day = 24 * hour;

function fakeStore() {
  const rows = new Map<string, PeerRow>();
  const notes: JourneyEntry[] = [];
  return {
    rows,
    notes,
    peers: async (kind: string, { now }: { readonly now: number }) =>
      [...rows.values()].filter((row) => row.kind === kind && row.expiresAt > now),
    putPeers: async (given: readonly PeerRow[]) => {
      for (const row of given)
        if (row.expiresAt === 0) rows.delete(`${row.kind} ${row.key}`);
        else rows.set(`${row.kind} ${row.key}`, row);
    },
    note: async (entries: readonly JourneyEntry[]) => void notes.push(...entries),
  };
}

function fakeDns(zone: { readonly [name: string]: string }) {
  const asked: string[] = [];
  const answer = (name: string): Answer<string> => {
    asked.push(name);
    const found = zone[name] ?? zone[`*.${name.slice(name.indexOf(".bl.") + 1)}`];
    return found === undefined
      ? { kind: "none", exists: false, secure: false, ttlSeconds: 1 }
      : { kind: "found", records: [found], secure: false, ttlSeconds: 1 };
  };
  return { asked, a: async (name: string) => answer(name), txt: async (name: string) => answer(`txt.${name}`) };
}

async function world(change: Partial<DoorSettings> = {}, zone: { readonly [name: string]: string } = {}) {
  let at = 1_000_000_000_000;
  const store = fakeStore();
  const now = () => at;
  const ports = { store, now, log };
  await using books = new AsyncDisposableStack();
  const settings = { ...defaultDoorSettings, greetPauseMs: 0, ...change };
  const open = async <T>(kind: string) => books.use(await StoredPeerBook.open<T>(kind, 1000, ports, false));
  const lists = new Blocklists(settings.blocklists, settings.allowlists, fakeDns(zone), log);
  await lists.check();
  const bans = new Bans(await open("ban"), now);
  const reputation = new Reputation(await open("reputation"), now);
  const door = new Door({
    settings,
    bans,
    grey: await open("grey"),
    harvest: await open("harvest"),
    reputation,
    lists,
    ourHost: "mx.us.test",
    isOurDomain: (name) => name === "us.test",
    maySend: async (_, __, from) => from.endsWith("@proved.test"),
    store,
    now,
    newId: () => "id",
    log,
  });
  return { door, bans, reputation, store, lists, pass: (ms: number) => (at += ms) };
}

const stranger = "192.0.2.7";
const asked = (given: object = {}) => ({
  helo: "mx.far.test",
  remoteName: "mx.far.test",
  from: "ann@far.test",
  recipient: "bob@us.test",
  ...given,
});
const said = (reply: { readonly code: number; readonly lines: readonly string[] } | undefined): string =>
  reply === undefined ? "fine" : `${reply.code} ${reply.lines.join(" ")}`;

test("an ordinary peer comes in at once", async () => {
  const { door } = await world();
  using visitor = door.visit(stranger);
  assert.equal(await visitor.greet(() => false), undefined);
  assert.equal(visitor.message(), undefined);
  assert.equal(await visitor.recipient(asked()), undefined);
});

test("who speaks before the greeting is turned away, and that is remembered", async () => {
  const { door, reputation } = await world({ greetPauseMs: 1 });
  for (let i = 0; i < 6; i++) {
    using visitor = door.visit(stranger);
    assert.match(said(await visitor.greet(() => true)), /^554 You spoke before/);
  }
  assert.equal(reputation.standing(`a ${stranger}`), "bad");
});

test("greylisting asks doubtful peers to come again, once", async () => {
  const { door, pass, store } = await world();
  using visitor = door.visit(stranger);
  const doubtful = asked({ remoteName: undefined });
  assert.match(said(await visitor.recipient(doubtful)), /^451 .* greylisted, try again in 120 seconds/);
  pass(60_000);
  assert.match(said(await visitor.recipient(doubtful)), /try again in 60 seconds/);
  pass(60_000);
  assert.equal(await visitor.recipient(doubtful), undefined);
  pass(20 * day);
  assert.equal(await visitor.recipient(doubtful), undefined);
  pass(36 * day);
  assert.match(said(await visitor.recipient(doubtful)), /^451/);
  assert.match(said(await visitor.recipient({ ...doubtful, from: "else@far.test" })), /^451/);
  assert.deepEqual(
    store.notes.map(({ stage }) => stage),
    ["refused", "refused", "refused", "refused"],
  );
  // A neighbour in the same /24 is the same sender.
  using other = door.visit("192.0.2.200");
  pass(120_000);
  assert.equal(await other.recipient(doubtful), undefined);
});

test("programs of this machine may call themselves anything, unless they are strangers like all others", async () => {
  const us = asked({ helo: "mx.us.test", remoteName: undefined });
  const { door } = await world();
  using own = door.visit("127.0.0.9");
  assert.equal(await own.recipient(us), undefined);
  const strict = await world({ believeLoopback: false });
  using other = strict.door.visit("127.0.0.9");
  assert.match(said(await other.recipient(us)), /^550 HELO says that the client is us/);
  assert.match(said(await other.recipient(asked({ remoteName: undefined }))), /^451 /);
});

test("greylisting all, and those who are spared", async () => {
  const { door, reputation } = await world({ greylist: "all" });
  using visitor = door.visit(stranger);
  assert.match(said(await visitor.recipient(asked())), /^451/);
  assert.equal(await visitor.recipient(asked({ from: "ann@proved.test" })), undefined);
  reputation.learn(["f proved.test"], "bad", 6);
  assert.match(said(await visitor.recipient(asked({ from: "ann@proved.test" }))), /^451/);
  reputation.learn([`a ${stranger}`], "good", 6);
  assert.equal(await visitor.recipient(asked()), undefined);
});

const blocking = { blocklists: ["bl.test"], allowlists: ["wl.test"] };
const healthy = { "2.0.0.127.bl.test": "127.0.0.2", "2.0.0.127.wl.test": "127.0.0.2" };
test("blocklists refuse, allow-lists spare", async () => {
  const listed = { ...healthy, "7.2.0.192.bl.test": "127.0.0.4", "txt.7.2.0.192.bl.test": "see example" };
  const { door } = await world(blocking, listed);
  using visitor = door.visit(stranger);
  assert.equal(
    said(await visitor.recipient(asked())),
    "554 Your address 192.0.2.7 is on the blocklist bl.test: see example",
  );
  const spared = await world(blocking, { ...listed, "7.2.0.192.wl.test": "127.0.0.1" });
  using other = spared.door.visit(stranger);
  assert.equal(await other.recipient(asked({ remoteName: undefined })), undefined);
});

const sick: readonly [name: string, zone: { readonly [name: string]: string }, health: string][] = [
  [
    "answers for everything",
    { "1.0.0.127.bl.test": "127.0.0.2", "2.0.0.127.bl.test": "127.0.0.2" },
    "answers for everything",
  ],
  ["refuses us", { "1.0.0.127.bl.test": "127.255.255.254", "2.0.0.127.bl.test": "127.255.255.254" }, "refuses us"],
  ["refuses us for the test entry alone", { "2.0.0.127.bl.test": "127.255.255.252" }, "refuses us"],
  ["lists nothing", {}, "lists nothing"],
];
for (const [name, zone, health] of sick)
  test(`a list that ${name} is not believed`, async () => {
    const { door, lists } = await world({ blocklists: ["bl.test"] }, { ...zone, "7.2.0.192.bl.test": "127.0.0.2" });
    assert.equal(lists.zones[0]!.health, health);
    using visitor = door.visit(stranger);
    assert.equal(await visitor.recipient(asked()), undefined);
  });

test("a list that begins to refuse us is dropped at that answer", async () => {
  const { door, lists } = await world(
    { blocklists: ["bl.test"] },
    { ...healthy, "7.2.0.192.bl.test": "127.255.255.255" },
  );
  using visitor = door.visit(stranger);
  assert.equal(await visitor.recipient(asked()), undefined);
  assert.equal(lists.zones[0]!.health, "refuses us");
});

test("many unknown recipients: slower and slower, then a ban, for an hour", async () => {
  const { door, bans, pass } = await world({ harvestPerHour: 10, tarpitAfter: 5, tarpitMs: 700 });
  using visitor = door.visit(stranger);
  const waits = Array.from({ length: 10 }, (_, i) => visitor.refused(`u${i}@us.test`));
  assert.deepEqual(waits, [0, 0, 0, 0, 0, 700, 700, 700, 700, 700]);
  assert.equal(bans.list().length, 0);
  visitor.refused("u11@us.test");
  assert.deepEqual(
    bans.list().map(({ address, why }) => [address, why]),
    [[stranger, "it asked for many people who are not here"]],
  );
  using again = door.visit(stranger);
  assert.match(said(await again.greet(() => false)), /^554 .*banned for a while/);
  pass(hour + 1);
  using later = door.visit(stranger);
  assert.equal(await later.greet(() => false), undefined);
});

test("a trap bans at once; exempt networks are never banned", async () => {
  const { door, bans } = await world({ traps: ["trap@us.test"], exempt: ["198.51.100.0/24"], harvestPerHour: 1 });
  using visitor = door.visit(stranger);
  visitor.refused("Trap@us.test");
  assert.equal(bans.list()[0]?.address, stranger);
  for (let i = 0; i < 10; i++) door.loginFailed("198.51.100.1", `u${i}`);
  assert.equal(door.banned("198.51.100.1"), undefined);
});

test("many names tried from one address are banned, one name tried often is not", async () => {
  const { door } = await world({ stuffingPerHour: 5 });
  for (let i = 0; i < 50; i++) door.loginFailed(stranger, "ann@us.test");
  assert.equal(door.banned(stranger), undefined);
  for (let i = 0; i < 6; i++) door.loginFailed(stranger, `u${i}@us.test`);
  assert.match(door.banned(stranger)!, /under many names/);
});

test("rates hold per address and per network", async () => {
  const { door } = await world({
    connectionsPerMinute: 3,
    messagesPerMinute: 2,
    connectionsPerMinutePerNetwork: 5,
    maxPerNetwork: 2,
  });
  using first = door.visit(stranger);
  assert.equal(await first.greet(() => false), undefined);
  using second = door.visit("192.0.2.8");
  assert.equal(await second.greet(() => false), undefined);
  using third = door.visit("192.0.2.9");
  assert.match(said(await third.greet(() => false)), /^421 .*from your network/);
  assert.equal(first.message(), undefined);
  assert.equal(first.message(), undefined);
  assert.match(said(first.message()), /^451/);
  const rates = new Rates(10, () => 0);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => rates.take("x", 3)),
    [true, true, true, false],
  );
});

test("what is remembered survives a restart", async () => {
  const store = fakeStore();
  const ports = { store, now: () => 1000, log };
  {
    await using book = await StoredPeerBook.open<number>("k", 10, ports, false);
    book.set("a", 1, 5000);
    book.set("b", 2, 5000);
    book.delete("b");
  }
  await using again = await StoredPeerBook.open<number>("k", 10, ports, false);
  assert.deepEqual([...again.entries()], [["a", 1, 5000]]);
  for (let i = 0; i < 20; i++) again.set(`x${i}`, i, 5000);
  assert.equal(again.size, 10);
});

test("reputation fades", () => {
  assert.equal(standingOf({ good: 100, bad: 1, at: 0 }), "good");
  assert.equal(standingOf({ good: 1, bad: 5, at: 0 }), "bad");
  assert.equal(standingOf({ good: 3, bad: 0, at: 0 }), "unknown");
  assert.equal(standingOf(decayed({ good: 8, bad: 0, at: 0 }, 28 * day)), "unknown");
});

test("HELO names", () => {
  const ours = (name: string) => name === "mx.us.test" || name === "us.test";
  const kind = (helo: string) => judgeHelo(heloName(helo), stranger, ours(heloName(helo))).kind;
  assert.deepEqual(
    ["mx.far.test", "[192.0.2.7]", "[192.0.2.8]", "192.0.2.7", "localhost", "MX.us.test.", "us.test"].map(kind),
    ["fine", "fine", "doubtful", "doubtful", "doubtful", "lie", "lie"],
  );
});

test("addresses as lists and networks want them", () => {
  assert.equal(reversed("192.0.2.99"), "99.2.0.192");
  assert.equal(reversed("2001:db8::1"), "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2");
  assert.equal(reversed("host"), undefined);
  assert.equal(networkOf("192.0.2.99"), "192.0.2.0/24");
  assert.equal(networkOf("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
});

test("deciding about the grey list takes no clock", () => {
  const settings = { delayMs: 100, windowMs: 1000, knownMs: 5000 };
  assert.equal(decideGrey(undefined, 0, settings).kind, "wait");
  assert.equal(decideGrey({ first: 0, passed: false }, 99, settings).kind, "wait");
  assert.equal(decideGrey({ first: 0, passed: false }, 100, settings).kind, "pass");
  assert.equal(decideGrey({ first: 0, passed: true }, 1, settings).kind, "pass");
});
