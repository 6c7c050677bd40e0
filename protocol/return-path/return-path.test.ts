import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { base32, ofTwoChars, twoChars } from "./base32.ts";
import { type Mac, srsLocal, srsReturn } from "./srs.ts";
import { maxTokenChars, verpLocal, verpToken } from "./verp.ts";

const keyed =
  (key: string): Mac =>
  (text) =>
    createHmac("sha256", key).update(text).digest();
const mac = keyed("one");
const day = 20_000;
const ask = { mac, day };
const maxAge = 21;

test("base 32", () => {
  assert.equal(base32(Buffer.from("foobar"), 9), "mzxw6ytbo"); // RFC 4648 §10
  for (const value of [0, 1, 31, 32, 1023]) assert.equal(ofTwoChars(twoChars(value).toUpperCase()), value);
  for (const text of ["", "a", "a1", "aaa"]) assert.equal(ofTwoChars(text), undefined);
});

const senders: readonly (readonly [local: string, domain: string])[] = [
  ["anna", "far.test"],
  ["Anna.B+c", "far.test"],
  ["a=b=c", "far.test"],
  ["with blank", "far.test"],
  ["grün", "xn--bcher-kva.example"],
  ["srs0", "far.test"],
  ["srs1=x", "far.test"],
  ["bounces+1234567-0123-u1=example.test", "em1234.bulk.test"],
];
for (const [local, domain] of senders)
  test(`there and back: ${local}`, () => {
    const given = srsLocal({ local, domain }, ask);
    assert.match(given, /^SRS0=[a-z2-7]{7}=[a-z2-7]{2}=/);
    const back = { kind: "to", mailbox: { local, domain } };
    assert.deepEqual(srsReturn(given, ask, maxAge), back);
    assert.deepEqual(srsReturn(given, { mac, day: day + maxAge }, maxAge), back);
    assert.deepEqual(srsReturn(given, { mac, day: day - 1 }, maxAge), back);
    assert.deepEqual(srsReturn(given, { mac, day: day + maxAge + 1 }, maxAge), { kind: "expired" });
    assert.deepEqual(srsReturn(given, { mac: keyed("two"), day }, maxAge), { kind: "forged" });
    assert.deepEqual(srsReturn(given.replace(domain, "evil.test"), ask, maxAge), { kind: "forged" });
    const lowered = srsReturn(given.toLowerCase(), ask, maxAge);
    assert.deepEqual(lowered, { kind: "to", mailbox: { local: local.toLowerCase(), domain } });
    for (let end = 0; end < given.length; end++)
      assert.notEqual(srsReturn(given.slice(0, end), ask, maxAge).kind, "to", given.slice(0, end));
  });

test("a chain of forwarders does not grow, and a bounce goes to the first of them", () => {
  const other = { mac: keyed("other"), day };
  const third = { mac: keyed("third"), day };
  const first = srsLocal({ local: "anna", domain: "far.test" }, other);
  const second = srsLocal({ local: first, domain: "first.test" }, ask);
  assert.match(second, /^SRS1=[a-z2-7]{7}=first\.test==/);
  const last = srsLocal({ local: second, domain: "second.test" }, third);
  assert.equal(last.length, second.length);
  for (const [local, at] of [
    [second, ask],
    [last, third],
  ] as const)
    assert.deepEqual(srsReturn(local, at, maxAge), { kind: "to", mailbox: { local: first, domain: "first.test" } });
  assert.deepEqual(srsReturn(last, ask, maxAge), { kind: "forged" });
  assert.deepEqual(srsReturn(first, other, maxAge), { kind: "to", mailbox: { local: "anna", domain: "far.test" } });
  const plus = srsLocal({ local: "SRS0+abcd=ef=far.test=anna", domain: "plus.test" }, ask);
  assert.deepEqual(srsReturn(plus, ask, maxAge), {
    kind: "to",
    mailbox: { local: "SRS0+abcd=ef=far.test=anna", domain: "plus.test" },
  });
});

test("nonsense is nothing, or forged", () => {
  for (const local of ["anna", "", "srs", "srs0", "SRS2=a=b", "xSRS0=a=b=c=d"])
    assert.deepEqual(srsReturn(local, ask, maxAge), { kind: "other" }, local);
  for (const local of ["SRS0=", "SRS0==", "SRS0====", "SRS0=aaaaaaa=aa=far.test=anna", "SRS1=aaaaaaa=far.test==x"])
    assert.notEqual(srsReturn(local, ask, maxAge).kind, "to", local);
});

test("return paths that name what they are about", () => {
  const local = verpLocal("q7k3m9xw2c.12", mac)!;
  assert.match(local, /^bounce-q7k3m9xw2c\.12-[a-z2-7]{10}$/);
  assert.deepEqual(verpToken(local.toUpperCase(), mac), { token: "q7k3m9xw2c.12" });
  assert.equal(verpToken(local, keyed("two")), "forged");
  assert.equal(verpToken(local.replace("12", "13"), mac), "forged");
  for (const other of ["anna", "bounce", "bounce-x", "bounce-q1-"]) assert.equal(verpToken(other, mac), undefined);
  for (const bad of ["", "Q1", "a-b", "a..b", ".a", "a@b", "x".repeat(maxTokenChars + 1)])
    assert.equal(verpLocal(bad, mac), undefined, bad);
  assert.equal(verpLocal("x".repeat(maxTokenChars), mac)!.length, 64);
});
