/** Small decisions of sending at volume: whose turn, which source, what a tenant's conduct means. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { base32 } from "../../protocol/return-path/base32.ts";
import { inOrder } from "./choose.ts";
import { ConductBook, judge, judgeCampaign, judgeTenant } from "./conduct.ts";
import { emptyModel, readModelFile } from "./model.ts";
import { parkKey, parkName } from "./parks.ts";
import { complaintSigner, feedbackId, idOfRef, senderFields, senderOf } from "./sender.ts";
import { isScope, scopesOf } from "./suppression.ts";

test("sources are chosen by weight, and one message sees them in the same order each time", () => {
  const pool = new Map([
    ["a", 1],
    ["b", 3],
  ]);
  const first = new Map<string, number>();
  for (let at = 0; at < 10_000; at++) {
    const [source] = inOrder(pool, `q${at}`);
    first.set(source!, (first.get(source!) ?? 0) + 1);
    assert.deepEqual(inOrder(pool, `q${at}`), inOrder(pool, `q${at}`));
  }
  assert.ok(Math.abs(first.get("b")! / 10_000 - 0.75) < 0.02, String(first.get("b")));
  assert.deepEqual(inOrder(new Map([["a", 1]]), "x"), ["a"]);
});

const zero = { sent: 0, hard: 0, delivered: 0, complaints: 0 };
const judged: readonly [name: string, tally: Partial<typeof zero>, expected: string][] = [
  ["nothing known", {}, "none"],
  ["too few to say", { sent: 100, hard: 50, delivered: 50 }, "none"],
  ["a clean list", { sent: 1000, hard: 3, delivered: 997 }, "none"],
  ["some dead addresses", { sent: 1000, hard: 45, delivered: 955 }, "warn"],
  ["many", { sent: 1000, hard: 70, delivered: 930 }, "limit"],
  ["a bought list", { sent: 1000, hard: 130, delivered: 870 }, "pause-marketing"],
  ["a guessed list", { sent: 1000, hard: 200, delivered: 800 }, "pause-all"],
  ["complaints", { sent: 10_000, delivered: 10_000, complaints: 20 }, "warn"],
  ["many complaints", { sent: 10_000, delivered: 10_000, complaints: 45 }, "pause-marketing"],
  ["most of all", { sent: 10_000, delivered: 10_000, complaints: 80 }, "pause-all"],
  ["three of few are no proof", { sent: 210, delivered: 210, complaints: 1 }, "none"],
];
for (const [name, tally, expected] of judged)
  test(`conduct: ${name}`, () => assert.equal(judge({ ...zero, ...tally }, 200).measure, expected));

test("a tenant is judged by a day or by a week, a campaign by all of it; the graver counts", () => {
  const day = { ...zero, sent: 300, hard: 60, delivered: 240 };
  const week = { ...zero, sent: 5000, hard: 60, delivered: 4940 };
  assert.equal(judgeTenant(day, week).measure, "pause-all");
  assert.equal(judgeTenant(zero, week).measure, "none");
  assert.match(judgeTenant(day, week).why, /60 of 300 were addresses that do not exist/);
  assert.equal(judgeCampaign({ ...zero, sent: 499, hard: 400, delivered: 99 }).measure, "none");
  assert.equal(judgeCampaign({ ...zero, sent: 600, hard: 100, delivered: 500 }).measure, "pause-marketing");
});

test("conduct is counted by the hour, for a week, and survives a restart", () => {
  let now = Date.UTC(2026, 0, 1);
  const book = new ConductBook(() => now);
  book.note("tenant:a", { sent: 10, hard: 1 });
  now += 30 * 3_600_000;
  book.note("tenant:a", { sent: 5 });
  assert.deepEqual([book.tally("tenant:a", 24).sent, book.tally("tenant:a").sent], [5, 15]);
  const again = new ConductBook(() => now);
  again.load(JSON.parse(JSON.stringify(book.keep())));
  assert.equal(again.tally("tenant:a").hard, 1);
  assert.deepEqual(book.keep(), []);
  now += 8 * 86_400_000;
  assert.equal(book.tally("tenant:a").sent, 0);
});

const read = readModelFile(`
[tenant.shop]
stream = "notices"
[tenant.bad]
state = "suspended"
reason = "traps"
[stream.notices]
kind = "transactional"
[domain."shop.test"]
tenant = "shop"
feedback = "fbl@shop.test"
[domain."bad.test"]
tenant = "bad"
[campaign."shop/may"]
[campaign."shop/old"]
state = "stopped"
reason = "too many complaints"
`);
const model = read.kind === "ok" ? read.model : emptyModel;

test("whose mail it is, and how it goes", () => {
  const of = (author: string, wish = {}) => senderOf(model, author, wish);
  assert.equal(of("elsewhere.test"), undefined);
  const plain = of("shop.test");
  assert.ok(plain !== undefined && "tenant" in plain);
  assert.deepEqual(
    [plain.tenant, plain.stream, plain.park, plain.lifetimeMs],
    ["shop", "notices", undefined, 86_400_000],
  );
  const mailing = of("shop.test", { campaign: "may", engagedDays: 45, engaged: new Map([["ann@x.test", 3]]) });
  assert.ok(mailing !== undefined && "tenant" in mailing);
  assert.deepEqual([mailing.stream, mailing.park], ["marketing", "shop|marketing|may|"]);
  assert.deepEqual([mailing.rankOf("Ann@x.test"), mailing.rankOf("bob@x.test")], [2, 3]);
  for (const [author, wish, words] of [
    ["shop.test", { stream: "nothing" }, /no stream "nothing"/],
    ["shop.test", { campaign: "a b" }, /campaign must be a name/],
    ["shop.test", { campaign: "old" }, /campaign old is stopped: too many complaints/],
    ["bad.test", {}, /suspended: traps/],
  ] as const) {
    const refused = of(author, wish);
    assert.ok(refused !== undefined && "code" in refused);
    assert.match(refused.lines.join(" "), words);
  }
  assert.equal(
    senderFields(model, mailing, "abc123", { bears: (name) => name === "feedback-id" }),
    "X-Angarium-Ref: abc123\r\nCFBL-Address: fbl@shop.test; report=arf\r\nCFBL-Feedback-ID: abc123\r\n",
  );
  assert.equal(
    senderFields(model, mailing, "abc123"),
    "X-Angarium-Ref: abc123\r\nCFBL-Address: fbl@shop.test; report=arf\r\nCFBL-Feedback-ID: abc123\r\nFeedback-ID: may:shop:marketing:angarium\r\n",
  );
  // RFC 9477 §3.1: the author's domain answers for itself and those below it.
  const signerOf = (feedback: string) =>
    complaintSigner(
      { ...model, domain: new Map([["shop.test", { ...model.domain.get("shop.test")!, feedback }]]) },
      mailing,
    );
  assert.deepEqual(["", "fbl@shop.test", "fbl@rp.shop.test", "fbl@Platform.test", "fbl@bishop.test"].map(signerOf), [
    undefined,
    undefined,
    undefined,
    "platform.test",
    "bishop.test",
  ]);
});

test("Feedback-ID has a sender at its end, and no word twice; a tenant's own goes before", () => {
  const cases: readonly [string | undefined, string, string, string][] = [
    ["may", "shop", "news", "may:shop:news:acme-mail"],
    [undefined, "shop", "news", ":shop:news:acme-mail"],
    ["news", "shop", "news", "news:shop:news-stream:acme-mail"],
    ["shop", "shop", "shop", "shop:shop-tenant:shop-stream:acme-mail"],
    ["may", "acme-mail", "news", "may:acme-mail-tenant:news:acme-mail"],
  ];
  for (const [campaign, tenant, stream, expected] of cases)
    assert.equal(feedbackId({ campaign, tenant, stream }, "acme-mail"), expected);
});

test("a reference is our id; with a keyed hash beside it, as it once was, that must be right", () => {
  const mac = (text: string) => createHmac("sha256", "one").update(text).digest();
  const old = `abc123-${base32(mac("ref abc123"), 10)}`;
  assert.equal(idOfRef("abc123", mac), "abc123");
  assert.equal(idOfRef(old, mac), "abc123");
  assert.equal(idOfRef(old.replace("abc", "abd"), mac), undefined);
  assert.equal(
    idOfRef(old, (text) => createHmac("sha256", "two").update(text).digest()),
    undefined,
  );
  assert.equal(idOfRef("no reference", mac), undefined);
});

test("names of parks and scopes", () => {
  const key = { tenant: "shop", stream: "news", campaign: "may", provider: "gmail", domain: "" };
  assert.deepEqual(parkKey(parkName(key)), key);
  assert.equal(parkName(key), "shop|news|may|gmail");
  assert.deepEqual(parkKey(parkName({ ...key, domain: "shop.test" })), { ...key, domain: "shop.test" });
  assert.deepEqual(scopesOf({}), ["platform"]);
  assert.deepEqual(scopesOf({ tenant: "t", stream: "s", list: "l", marketing: true }), [
    "platform",
    "tenant:t",
    "marketing:t",
    "stream:t/s",
    "list:t/l",
  ]);
  for (const scope of ["platform", "tenant:t", "marketing:t", "stream:t/s", "list:t/l"])
    assert.ok(isScope(scope), scope);
  for (const scope of ["", "tenant:", "tenant:a b", "stream:t", "other:t"]) assert.ok(!isScope(scope), scope);
});
