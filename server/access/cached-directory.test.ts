import assert from "node:assert/strict";
import { test } from "node:test";
import { makeDirectory } from "./cached-directory.ts";
import { FakeStore } from "./fake-store.ts";

async function world() {
  const store = new FakeStore();
  let ticks = 0;
  const directory = makeDirectory({ store, now: () => ticks });
  const local = (name: string, settings = {}) => store.putDomain({ name, kind: "local", settings });
  await local("a.test");
  await local("b.test", { subaddressSeparator: "--", catchAll: "u1@a.test" });
  await local("c.test", { subaddressSeparator: "" });
  await local("also-a.test", { catchAll: "*@a.test" });
  await local("also-also.test", { catchAll: "*@also-a.test" });
  await local("moved.test", { catchAll: "*@far.test" });
  await local("ring.test", { catchAll: "*@ring.test" });
  await store.putDomain({ name: "relay.test", kind: "relay", settings: { relayRecipients: "listed" } });
  await store.putDomain({ name: "any.test", kind: "relay", settings: { relayRecipients: "any" } });
  await store.putDomain({ name: "ask.test", kind: "relay", settings: { relayRecipients: "callout" } });
  const u1 = await store.user("u1@a.test");
  const u2 = await store.user("u2@a.test");
  const exact = await store.user("u1+exact@a.test");
  const admin = await store.user("admin@a.test", { role: "admin" });
  const onB = await store.user("u@b.test");
  const onRelay = await store.user("other@a.test");
  const own = { kind: "account", account: onRelay, targets: [], senders: [] } as const;
  await store.putAddress({ local: "here", domain: "relay.test", ...own });
  await store.putAddress({
    local: "listed",
    domain: "relay.test",
    kind: "relay",
    account: undefined,
    targets: [],
    senders: [],
  });
  await store.alias("both@a.test", ["u1@a.test", "u2@a.test", "x@far.test", "u1@a.test"]);
  await store.alias("nested@a.test", ["both@a.test", "listed@relay.test"]);
  await store.alias("one@a.test", ["U1@A.TEST"]);
  await store.alias("tagged@a.test", ["u1+lists@a.test"]);
  await store.alias("loop@a.test", ["pool@a.test"]);
  await store.alias("pool@a.test", ["loop@a.test", "u2@a.test"]);
  await store.alias("dead@a.test", ["nobody@a.test", "not an address"]);
  await store.alias("postmaster@c.test", ["u2@a.test"], [u1]);
  for (let i = 0; i < 12; i++) await store.alias(`d${i}@a.test`, [i === 11 ? "u1@a.test" : `d${i + 1}@a.test`]);
  await store.alias(
    "many@a.test",
    Array.from({ length: 2000 }, (_, i) => `x${i}@far.test`),
  );
  const names = new Map([
    [u1, "u1"],
    [u2, "u2"],
    [exact, "exact"],
    [admin, "admin"],
    [onB, "onB"],
    [onRelay, "onRelay"],
  ]);
  const show = async (address: string): Promise<string> => {
    const at = address.lastIndexOf("@");
    const found = await directory.resolve(address.slice(0, at), address.slice(at + 1));
    if (found.kind === "relay") return `relay ${found.known}`;
    if (found.kind !== "local") return found.kind;
    const who = [...found.accounts.map((id) => names.get(id)), ...found.forwards].join(" ");
    return `${who}${found.detail === undefined ? "" : ` [${found.detail}]`}${found.essential ? "!" : ""}`;
  };
  return { store, directory, show, u1, u2, admin, wait: (ms: number) => (ticks += ms) };
}

const cases: readonly [address: string, expected: string][] = [
  ["u1@a.test", "u1"],
  ["U1@a.test", "u1"],
  ["u1@also-a.test", "u1"],
  ["U2+Tag@also-also.test", "u2 [Tag]"],
  ["both@also-a.test", "u1 u2 x@far.test"],
  ["nobody@also-a.test", "unknown"],
  ["Some.Body@moved.test", "Some.Body@far.test"],
  ["u1@ring.test", "unknown"],
  ["u1+Tag@a.test", "u1 [Tag]"],
  ["u1+a+b@a.test", "u1 [a+b]"],
  ["u1+@a.test", "u1 []"],
  ["u1+exact@a.test", "exact"],
  ["+u1@a.test", "unknown"],
  ["nobody@a.test", "unknown"],
  ["u1@far.test", "remote"],
  ["u--x@b.test", "onB [x]"],
  ["u+x@b.test", "u1"], // the catch-all: "+" separates nothing there
  ["anyone@b.test", "u1"],
  ["both@a.test", "u1 u2 x@far.test"],
  ["both+t@a.test", "u1 u2 x@far.test [t]"],
  ["nested@a.test", "u1 u2 x@far.test listed@relay.test"],
  ["one@a.test", "u1"],
  ["tagged@a.test", "u1 [lists]"],
  ["tagged+mine@a.test", "u1 [mine]"],
  ["loop@a.test", "u2"],
  ["dead@a.test", "unknown"],
  ["postmaster@a.test", "admin!"],
  ["Abuse@a.test", "admin!"],
  ["postmaster@b.test", "admin!"],
  ["postmaster@c.test", "u2!"],
  ["abuse@c.test", "u2!"],
  ["postmaster@relay.test", "relay true"],
  ["listed@relay.test", "relay true"],
  ["other@relay.test", "relay false"],
  ["here@relay.test", "onRelay"],
  ["x@any.test", "relay true"],
  ["x@ask.test", "relay ask"],
  ["d4@a.test", "u1"],
  ["d3@a.test", "unknown"], // nine steps
];
test("addresses resolve", async () => {
  const { show } = await world();
  for (const [address, expected] of cases) assert.equal(await show(address), expected, address);
});

test("a list has at most 1,000 targets", async () => {
  const { directory } = await world();
  const found = await directory.resolve("many", "a.test");
  assert.equal(found.kind === "local" && found.forwards.length, 1000);
});

test("who may send as whom", async () => {
  const { directory, store, u1, u2, admin } = await world();
  const may: readonly [account: number, local: string, domain: string, expected: boolean][] = [
    [u1, "U1", "a.test", true],
    [u1, "u1+tag", "a.test", true],
    [u1, "u1+exact", "a.test", false],
    [u1, "u2", "a.test", false],
    [u1, "one", "a.test", true],
    [u2, "one", "a.test", false],
    [u1, "both", "a.test", false],
    [u1, "anyone", "b.test", true], // by the catch-all
    [u1, "*", "b.test", true],
    [u1, "u1", "also-also.test", true], // another name of the domain
    [u2, "u1", "also-a.test", false],
    [u2, "anyone", "b.test", false],
    [u1, "anyone", "a.test", false],
    [u1, "postmaster", "c.test", true], // granted
    [u2, "postmaster", "c.test", true],
    [u2, "abuse", "c.test", true],
    [admin, "postmaster", "a.test", true],
    [u1, "postmaster", "a.test", false],
    [u1, "u1", "far.test", false],
  ];
  for (const [account, local, domain, expected] of may) {
    assert.equal(await directory.maySendAs(account, local, domain), expected, `${account} ${local}@${domain}`);
  }
  await store.alias("both@a.test", ["u1@a.test", "u2@a.test"], [u2]);
  assert.equal(await directory.maySendAs(u2, "both", "a.test"), true);
  assert.equal(await directory.maySendAs(u2, "both", "also-a.test"), true, "grants hold under the domain's other name");
  const [both] = await store.addresses({ local: "both", domain: "a.test" });
  await store.putAddress({ ...both!, senders: [u2], onBehalf: [u1] });
  const how = async (account: number) =>
    Promise.all((["alone", "named"] as const).map((how) => directory.maySendAs(account, "both", "a.test", how)));
  assert.deepEqual(
    [await how(u1), await how(u2), await how(admin)],
    [
      [false, true],
      [true, true],
      [false, false],
    ],
  );
});

test("what memory holds is answered at once, until the directory changes", async () => {
  const { directory, store, u1 } = await world();
  assert.ok(directory.resolve("u1", "a.test") instanceof Promise);
  await directory.resolve("u1", "a.test");
  await directory.account(u1);
  await directory.maySendAs(u1, "u1", "a.test");
  const asked = JSON.stringify(store.asked);
  assert.ok(!(directory.resolve("u1", "a.test") instanceof Promise));
  assert.ok(!(directory.account(u1) instanceof Promise));
  assert.ok(!(directory.domain("a.test") instanceof Promise));
  assert.ok(!(directory.maySendAs(u1, "u1", "a.test") instanceof Promise));
  assert.ok(!(directory.resolve("u1", "far.test") instanceof Promise));
  assert.equal(JSON.stringify(store.asked), asked);
  assert.equal((await directory.resolve("new", "a.test")).kind, "unknown");
  await store.alias("new@a.test", ["u1@a.test"]);
  assert.equal((await directory.resolve("new", "a.test")).kind, "local");
});

test("what another process wrote is seen within the time to live", async () => {
  const { directory, store, wait } = await world();
  assert.equal((await directory.resolve("late", "a.test")).kind, "unknown");
  store.addressRows.set("late@a.test", { ...store.addressRows.get("u1@a.test")!, local: "late" });
  assert.equal((await directory.resolve("late", "a.test")).kind, "unknown");
  wait(30_000);
  assert.equal((await directory.resolve("late", "a.test")).kind, "local");
});

test("used bytes follow the mail, without a read for each message", async () => {
  const { directory, store, u1, wait } = await world();
  store.accountRows.set(u1, { ...store.accountRows.get(u1)!, quotaBytes: 1_000_000 });
  const used = async () => (await directory.account(u1))?.usedBytes;
  assert.equal(await used(), 0);
  const before = store.asked["accounts"]!;
  for (let i = 1; i <= 1000; i++) {
    store.accountRows.set(u1, { ...store.accountRows.get(u1)!, usedBytes: i });
    store.publish({ kind: "mail", account: u1, mailbox: 1, modseq: i });
    wait(2);
    await used();
  }
  assert.ok(store.asked["accounts"]! - before <= 3);
  await new Promise(setImmediate);
  wait(1_000);
  const between = store.asked["accounts"];
  await used(); // nothing has come since it was read
  assert.equal(store.asked["accounts"], between);
  store.publish({ kind: "mail", account: u1, mailbox: 1, modseq: 1001 });
  store.accountRows.set(u1, { ...store.accountRows.get(u1)!, usedBytes: 1001 });
  await used(); // starts the reading
  await new Promise(setImmediate);
  assert.equal(await used(), 1001);
});

test("mail of an account without a quota makes nobody read it again", async () => {
  const { directory, store, u1, wait } = await world();
  await directory.account(u1);
  const before = store.asked["accounts"];
  store.publish({ kind: "mail", account: u1, mailbox: 1, modseq: 1 });
  wait(2_000);
  await directory.account(u1);
  assert.equal(store.asked["accounts"], before);
});

test("who signs in by another name than the account's", async () => {
  const { directory, store, u1 } = await world();
  await store.putAddress({
    ...{ local: "shop", domain: "a.test", kind: "alias", account: undefined, targets: ["u1@a.test"], senders: [] },
    about: { kind: "masked", owner: u1, label: "", createdAt: 0, off: false },
  });
  const who = async (name: string) => (await directory.accountByAlias(name))?.name;
  assert.deepEqual(await Promise.all(["one@a.test", "d4@a.test", "one@also-a.test", "u1@also-also.test"].map(who)), [
    "u1@a.test",
    "u1@a.test",
    "u1@a.test",
    "u1@a.test",
  ]);
  for (const nobody of ["both@a.test", "loop@a.test", "shop@a.test", "any@b.test", "u1@ring.test", "u1@far.test", "x"])
    assert.equal(await who(nobody), undefined, nobody);
});

test("a group's rule holds under the other name of its domain", async () => {
  const { directory, store } = await world();
  const group = { local: "crew", domain: "a.test", kind: "alias", account: undefined, senders: [] } as const;
  await store.putAddress({ ...group, targets: ["u1@a.test"], about: { kind: "group", posting: "members" } as never });
  const found = await directory.resolve("crew", "also-a.test");
  assert.equal(found.kind === "local" && found.posting?.who, "members");
});

test("a failing store is an error, not an answer, and is asked again", async () => {
  const { directory, store } = await world();
  const { addresses } = FakeStore.prototype;
  store.addresses = () => Promise.reject(new Error("disk"));
  await assert.rejects(async () => directory.resolve("u2", "a.test"), /disk/);
  store.addresses = addresses.bind(store);
  assert.equal((await directory.resolve("u2", "a.test")).kind, "local");
});
