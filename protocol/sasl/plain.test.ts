import assert from "node:assert/strict";
import { test } from "node:test";
import { saslClient } from "./client.ts";
import { loginText, parsePlain, plainMessage } from "./plain.ts";
import { saslPrep } from "./prep.ts";

const cases: readonly [wire: string | Buffer, expected: string][] = [
  ["\0tim\0tanstaaftanstaaf", "|tim|tanstaaftanstaaf"],
  ["Ursel\0Kurt\0xipj3plmq", "Ursel|Kurt|xipj3plmq"],
  ["\0ü\0pä", "|ü|pä"],
  ["\0u\0p\0", "refused"],
  ["\0u\0", "refused"],
  ["\0\0p", "refused"],
  ["u\0p", "refused"],
  ["", "refused"],
  [Buffer.from([0, 0xff, 0, 0x70]), "refused"],
  [`\0${"u".repeat(513)}\0p`, "refused"],
  [`\0u\0${"p".repeat(1025)}`, "refused"],
];
for (const [wire, expected] of cases) {
  test(`PLAIN ${JSON.stringify(wire.toString().slice(0, 30))}`, () => {
    const read = parsePlain(Buffer.from(wire as string));
    assert.equal(read === undefined ? "refused" : `${read.authzid}|${read.user}|${read.password}`, expected);
  });
}

test("what the client writes, the server reads", () => {
  assert.deepEqual(parsePlain(plainMessage("a@b.test", "pw")), { authzid: "", user: "a@b.test", password: "pw" });
});

test("LOGIN answers", async () => {
  assert.equal(loginText(Buffer.from("u1"), 10), "u1");
  assert.equal(loginText(Buffer.from("u\0"), 10), undefined);
  assert.equal(loginText(Buffer.from("12345678901"), 10), undefined);
  const client = saslClient("LOGIN", { user: "u", password: "p", nonce: "" });
  assert.deepEqual(await client.next(Buffer.from("Username:")), { kind: "send", data: Buffer.from("u") });
  assert.equal(client.mayBelieve(), false);
  assert.deepEqual(await client.next(Buffer.from("Password:")), { kind: "send", data: Buffer.from("p") });
  assert.equal(client.mayBelieve(), true);
});

// RFC 4013 §3, and what people type.
const prepared: readonly [text: string, expected: string | undefined][] = [
  ["I\u00adX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["\u0007", undefined],
  ["a\u00a0b", "a b"],
  ["p\u0061\u0308", "p\u00e4"],
  ["\ue000", undefined],
  ["\ud800", undefined],
  ["🔑", "🔑"],
];
for (const [text, expected] of prepared) {
  test(`SASLprep ${JSON.stringify(text)}`, () => assert.equal(saslPrep(text), expected));
}
