import assert from "node:assert/strict";
import { test } from "node:test";
import { Authenticator } from "../../test/authenticator.ts";
import { makeDirectory } from "./cached-directory.ts";
import { FakeStore } from "./fake-store.ts";
import { Passkeys } from "./passkeys.ts";

const origin = "https://mail.a.test";

async function world() {
  const store = new FakeStore();
  let now = 1_000_000;
  await store.putDomain({ name: "a.test", kind: "local", settings: {} });
  const anna = (await store.accounts({ id: await store.user("anna@a.test") }))[0]!;
  const bob = (await store.accounts({ id: await store.user("bob@a.test") }))[0]!;
  const directory = makeDirectory({ store });
  const factorByKey = async (_: string, key: string) => store.factorRows.find((one) => one.key === key);
  const ports = Object.assign(store, { factorByKey });
  const passkeys = new Passkeys({ store: ports, directory, hosts: ["mail.a.test"], now: () => now });
  return {
    store,
    anna,
    bob,
    passkeys,
    wait: (ms: number) => (now += ms),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

async function registered({ counts = true } = {}) {
  const made = await world();
  const device = new Authenticator(origin);
  device.counts = counts;
  const options = await made.passkeys.registration(made.anna, "mail.a.test");
  const answer = await made.passkeys.register(made.anna, device.create(options), "phone");
  assert.equal(answer.kind, "done", JSON.stringify(answer));
  return { ...made, device };
}

test("a passkey is registered, signs in alone, and as a second step", async () => {
  using made = await registered();
  const { passkeys, device, anna, bob } = made;
  const options = await passkeys.request("mail.a.test");
  assert.equal(options.rpId, "mail.a.test");
  assert.deepEqual(options.allowCredentials ?? [], []);
  assert.equal((await passkeys.verify(device.get(options)))?.name, "anna@a.test");
  const second = await passkeys.request("mail.a.test", anna.id);
  assert.equal(second.allowCredentials?.[0]?.id, device.id.toString("base64url"));
  assert.equal((await passkeys.verify(device.get(second), anna.id))?.name, "anna@a.test");
  const others = await passkeys.request("mail.a.test", bob.id);
  assert.equal(await passkeys.verify(device.get(others), bob.id), undefined, "another's passkey is no second step");
});

test("what is replayed, late, from elsewhere, unverified, cloned or changed signs nobody in", async () => {
  using made = await registered();
  const { passkeys, device, anna } = made;
  const once = device.get(await passkeys.request("mail.a.test"));
  assert.ok(await passkeys.verify(once));
  assert.equal(await passkeys.verify(once), undefined, "replayed");

  const late = device.get(await passkeys.request("mail.a.test"));
  made.wait(5 * 60_000 + 1);
  assert.equal(await passkeys.verify(late), undefined, "late");

  const phishing = new Authenticator("https://mail.a.test.evil.test");
  Object.assign(phishing, { id: device.id });
  const challenge = await passkeys.request("mail.a.test");
  assert.equal(await passkeys.verify(phishing.get(challenge)), undefined, "another key");
  for (const elsewhere of ["https://evil.test", "http://mail.a.test", "https://mail.a.test:8443/x", "null", ""]) {
    Object.assign(device, { origin: elsewhere });
    assert.equal(await passkeys.verify(device.get(await passkeys.request("mail.a.test"))), undefined, elsewhere);
  }
  Object.assign(device, { origin });

  device.verifies = false;
  assert.equal(await passkeys.verify(device.get(await passkeys.request("mail.a.test"))), undefined, "nobody was there");
  assert.ok(
    await passkeys.verify(device.get(await passkeys.request("mail.a.test", anna.id)), anna.id),
    "enough as second",
  );
  device.verifies = true;

  device.counter = 0;
  assert.equal(await passkeys.verify(device.get(await passkeys.request("mail.a.test"))), undefined, "cloned");
  device.counter = 100;
  const changed = device.get(await passkeys.request("mail.a.test"));
  const signature = Buffer.from(changed.response.signature, "base64url");
  signature[10]! ^= 1;
  const response = { ...changed.response, signature: signature.toString("base64url") };
  assert.equal(await passkeys.verify({ ...changed, response }), undefined, "changed");
  for (const nothing of [undefined, null, 1, "x", {}, { id: "x" }, { id: "x", response: { clientDataJSON: "e30" } }])
    assert.equal(await passkeys.verify(nothing), undefined);
});

test("a challenge is for one account, one name and one server; nothing is kept of those that nobody answers", async () => {
  using made = await registered();
  const { passkeys, device, anna, bob } = made;
  const forAnybody = device.get(await passkeys.request("mail.a.test"));
  assert.equal(await passkeys.verify(forAnybody, anna.id), undefined, "asked of anybody, answered as a second step");
  const second = device.get(await passkeys.request("mail.a.test", anna.id));
  for (const other of [undefined, bob.id]) assert.equal(await passkeys.verify(second, other), undefined);
  const local = await passkeys.request("localhost");
  assert.equal(await passkeys.verify(device.get({ ...local, rpId: "mail.a.test" })), undefined, "asked for localhost");
  const options = await passkeys.request("mail.a.test");
  const forged = Buffer.from(options.challenge, "base64url");
  forged[5]! ^= 1;
  const longer = { ...options, challenge: forged.toString("base64url") };
  assert.equal(await passkeys.verify(device.get(longer)), undefined, "another end");
  const padded = { ...options, challenge: `${options.challenge}=` };
  assert.equal(await passkeys.verify(device.get(padded)), undefined, "written differently");

  // A flood of 10,000 questions pushed out everybody's challenges once.
  for (let asked = 0; asked < 10_001; asked++) void passkeys.request("mail.a.test");
  assert.equal((await passkeys.verify(device.get(options)))?.name, "anna@a.test");
});

test("one that counts nothing answers a challenge once, and a hundred in five minutes", async () => {
  using made = await registered({ counts: false });
  const { passkeys, device } = made;
  const once = device.get(await passkeys.request("mail.a.test"));
  const both = await Promise.all([passkeys.verify(once), passkeys.verify(once)]);
  assert.equal(both.filter((one) => one !== undefined).length, 1, "twice at the same moment");
  assert.equal(await passkeys.verify(once), undefined, "replayed");
  const signIn = async () => passkeys.verify(device.get(await passkeys.request("mail.a.test")));
  for (let count = 0; count < 99; count++) assert.ok(await signIn());
  assert.equal(await signIn(), undefined, "a hundred and one");
  made.wait(5 * 60_000);
  assert.ok(await signIn());
  assert.equal(await passkeys.verify(once), undefined, "replayed later");
  assert.equal((made.store.factorRows[0]!.data as { used: string[] }).used.length, 1, "what is over is not kept");
});

test("a forged Host gets a passkey of our own name, which its page cannot use", async () => {
  using made = await registered();
  const options = await made.passkeys.request("evil.test");
  assert.equal(options.rpId, "mail.a.test");
  const device = new Authenticator("https://evil.test");
  const registration = await made.passkeys.registration(made.anna, "evil.test");
  assert.equal(registration.rp.id, "mail.a.test");
  assert.equal((await made.passkeys.register(made.anna, device.create(registration), "")).kind, "refused");
});

test("registering: not another's challenge, not twice", async () => {
  using made = await registered();
  const { passkeys, anna, bob, device } = made;
  const options = await passkeys.registration(anna, "mail.a.test");
  assert.deepEqual(
    options.excludeCredentials?.map(({ id }) => id),
    [device.id.toString("base64url")],
  );
  assert.equal((await passkeys.register(bob, new Authenticator(origin).create(options), "")).kind, "refused");
});
