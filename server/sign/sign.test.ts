import assert from "node:assert/strict";
import { test } from "node:test";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import type { Domain } from "../store/store.ts";
import { makePool } from "../work/pool.ts";
import { type DkimKeys, ensureDkimKeys, makeDkimKey, makeDkimKeys } from "./dkim-keys.ts";
import { dkimSignature } from "./dkim-signature.ts";
import { makeSigner } from "./signer.ts";

const now = Date.parse("2026-01-02T03:04:05Z");
const made = await makeDkimKeys(now);
const task = (bytes: Buffer) => ({ bytes, domain: "example.test", keys: made.keys, signedAt: now });

async function verify(bytes: Buffer, keys: DkimKeys = made) {
  const { results } = await dkimVerify(bytes, {
    resolver: async (name, type) => {
      const key = keys.keys.find((one) => name === `${one.selector}._domainkey.example.test`);
      if (key === undefined || type !== "TXT") throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[key.record]];
    },
    curTime: new Date(now + 1000),
    strict: true,
  });
  return results.map(({ algo, status }) => `${algo} ${status.result}`);
}

const header = "From: U <u1@example.test>\r\nTo: a@b.test\r\nSubject: long\r\n\tand folded \r\nX-Other: x\r\n";
const messages: readonly [name: string, text: string][] = [
  ["plain", `${header}\r\nHello\r\n`],
  ["without a body", `${header}\r\n`],
  ["without an empty line", header],
  ["without a last line end", `${header}\r\nHello \t there`],
  ["white space and empty lines at the end", `${header}\r\n a  b\t\r\n\r\n \r\n\r\n`],
  ["8-bit", `${header}\r\n\xfc\xe4\x00\xff\r\n`],
  ["two of a field", `Received: 1\r\nTo: c@d.test\r\n${header}Resent-To: x@y.test\r\nResent-To: z@y.test\r\n\r\nx\r\n`],
  ["names in other cases, space before the colon", "FROM : u1@example.test\r\nsubject:x\r\n\r\nx\r\n"],
];
for (const [name, text] of messages) {
  test(`signed and verified: ${name}`, async () => {
    const bytes = Buffer.from(text, "latin1");
    const fields = dkimSignature(task(bytes));
    assert.match(fields, /^DKIM-Signature: [\s\S]*\r\n$/);
    for (const line of fields.split("\r\n")) assert.ok(line.length <= 998);
    const whole = Buffer.concat([Buffer.from(fields), bytes]);
    assert.deepEqual(await verify(whole), ["rsa-sha256 pass", "ed25519-sha256 pass"]);
  });
}

const changes: readonly [name: string, change: (text: string) => string][] = [
  ["the body", (text) => text.replace("Hello", "Hallo")],
  ["a signed field", (text) => text.replace("a@b.test", "a@c.test")],
  ["a second From", (text) => `From: evil@example.test\r\n${text}`],
  ["a Reply-To that was not there", (text) => text.replace("To: a@b", "Reply-To: evil@example.test\r\nTo: a@b")],
];
for (const [name, change] of changes) {
  test(`a signature breaks with ${name}`, async () => {
    const bytes = Buffer.from(`${header}\r\nHello\r\n`);
    const whole = dkimSignature(task(bytes)) + bytes.toString();
    const results = await verify(Buffer.from(change(whole)));
    assert.equal(results.length, 2);
    for (const result of results) assert.match(result, / (fail|neutral)$/);
  });
}

test("no From, no signature", () => {
  assert.equal(dkimSignature(task(Buffer.from("Subject: x\r\n\r\nx\r\n"))), "");
  assert.equal(dkimSignature(task(Buffer.alloc(0))), "");
});

test("the signer works in the pool, with keys from the store", async () => {
  await using pool = makePool({ threads: 1 });
  const settings = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => settings.get(key),
    swapSetting: async (key: string, _before: unknown, value: unknown) => settings.set(key, value) === settings,
  };
  const keys = await ensureDkimKeys(store, "example.test", now);
  assert.deepEqual(await ensureDkimKeys(store, "example.test", now + 1), keys);
  const ours: Domain = { name: "example.test", kind: "local", settings: { signatureDays: 10 } };
  const domain = (name: string) => (name === ours.name ? ours : undefined);
  const fresh = makeSigner({ store, domain, pool, now: () => now });
  assert.equal(await fresh.sign(Buffer.from(`${header}\r\nHello\r\n`), "example.test"), "", "not in DNS yet");
  const assuming = makeSigner({ store, domain, pool, now: () => now, assumePublished: true });
  const early = Buffer.from(`${header}\r\nHello\r\n`);
  const signed = Buffer.concat([Buffer.from(await assuming.sign(early, "example.test")), early]);
  assert.deepEqual(await verify(signed, keys), ["rsa-sha256 pass", "ed25519-sha256 pass"], "a test without a zone");
  const used = keys.keys.map((key) => ({ ...key, state: "used" as const }));
  settings.set("dkim/example.test", { keys: used });
  const signer = makeSigner({ store, domain, pool, now: () => now });
  const bytes = Buffer.from(`${header}\r\nHello\r\n`);
  assert.equal(await signer.sign(bytes, "other.test"), "");
  const fields = await signer.sign(bytes, "example.test");
  const whole = Buffer.concat([Buffer.from(fields), bytes]);
  assert.deepEqual(await verify(whole, keys), ["rsa-sha256 pass", "ed25519-sha256 pass"]);
  assert.match(fields, new RegExp(`t=${now / 1000};\\s+x=${now / 1000 + 10 * 86400};`));
  assert.match(await signer.sign(bytes, "mail.example.test"), / d=example\.test;/, "a host of ours");
  const week = { lastsMs: 7 * 86_400_000 };
  // What the domain says holds, else what is asked for, else for good.
  assert.match(await signer.sign(bytes, "example.test", week), new RegExp(`x=${now / 1000 + 10 * 86400};`));
  const silent = makeSigner({
    store,
    domain: (name) => domain(name) && { ...ours, settings: {} },
    pool,
    now: () => now,
  });
  assert.match(await silent.sign(bytes, "example.test", week), new RegExp(`x=${now / 1000 + 7 * 86400};`));
  assert.doesNotMatch(await silent.sign(bytes, "example.test"), /x=/);
  // Marketing takes keys of its own where there are some that sign, and nobody else does.
  const selectors = async (by: object) =>
    [...(await silent.sign(bytes, "example.test", by)).matchAll(/ s=(\S+);/g)].map(([, selector]) => selector);
  const common = used.map(({ selector }) => selector);
  assert.deepEqual(await selectors({ use: "marketing" }), common);
  const bulk = { ...(await makeDkimKey("rsa-sha256", now, [], "marketing")), state: "used" as const };
  settings.set("dkim/example.test", { keys: [...used, bulk] });
  silent.forget();
  assert.match(bulk.selector, /^rm\d{8}$/);
  assert.deepEqual(await selectors({ use: "marketing" }), [bulk.selector]);
  assert.deepEqual(await selectors({}), common);
  assert.equal((await signer.sealingKey("example.test"))?.key.algorithm, "rsa-sha256");
});

test("a header of very many lines is no trouble", () => {
  const bytes = Buffer.from(`${header}X: y\r\n${" z\r\n".repeat(200_000)}${"A: b\r\n".repeat(50_000)}\r\nx`);
  assert.notEqual(dkimSignature(task(bytes)), "");
});
