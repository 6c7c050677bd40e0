/** Keys that domains publish: names of keys, and what is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pgp from "openpgp";
import { addressOfUserId, publicKeyFacts } from "./packets.ts";
import { wkdHash, wkdUrls, zbase32 } from "./wkd.ts";

test("names of keys: the draft's own example, and z-base-32", () => {
  assert.equal(wkdHash("Joe.Doe"), "iy9q119eutrkn8s1mk4r39qejnbu3n5q");
  assert.deepEqual(wkdUrls("Joe.Doe", "example.org"), {
    advanced:
      "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe",
    direct: "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe",
  });
  // Only ASCII is made small: Ä stays.
  assert.notEqual(wkdHash("Ärger"), wkdHash("ärger"));
  for (const [bytes, text] of [
    [[], ""],
    [[0], "yy"],
    [[255], "9h"],
    [[0xf0, 0xbf, 0xc7], "6n9hq"],
  ] as const)
    assert.equal(zbase32(Uint8Array.from(bytes)), text);
});

test("a public key is told from what is none, wherever it is cut", async () => {
  const { privateKey, publicKey } = await pgp.generateKey({
    userIDs: [{ name: "Ann", email: "ann@x.test" }, { email: "second@x.test" }],
    format: "object",
  });
  const bytes = publicKey.write();
  assert.deepEqual(publicKeyFacts(bytes), { userIds: ["Ann <ann@x.test>", "<second@x.test>"] });
  assert.equal(publicKeyFacts(privateKey.write()), undefined, "what is secret is refused");
  assert.equal(publicKeyFacts(Buffer.from(publicKey.armor())), undefined);
  assert.equal(publicKeyFacts(Buffer.concat([bytes, bytes])), undefined, "two keys");
  assert.equal(publicKeyFacts(new Uint8Array()), undefined);
  const whole = new Set([bytes.length]);
  for (let size = 1; size < bytes.length; size++)
    if (publicKeyFacts(bytes.subarray(0, size)) !== undefined) whole.add(size);
  // Packets end where they end: a cut between them leaves a key with less, elsewhere none.
  assert.ok(whole.size <= 8, [...whole].join());
});

test("what is at random is no key and never throws", () => {
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648);
  for (let round = 0; round < 3000; round++) {
    const bytes = Uint8Array.from({ length: next() % 60 }, () => next() % 256);
    publicKeyFacts(bytes);
  }
});

test("addresses of user IDs", () => {
  const cases: readonly (readonly [userId: string, address: string | undefined])[] = [
    ["Ann <ann@x.test>", "ann@x.test"],
    ["ann@x.test", "ann@x.test"],
    ["<ann@x.test>", "ann@x.test"],
    ["Ann", undefined],
    ["Ann <ann@x.test> and more", undefined],
  ];
  for (const [userId, address] of cases) assert.equal(addressOfUserId(userId), address, userId);
});
